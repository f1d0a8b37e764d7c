/* A Video4Linux2 camera inside of the program that it is preloaded into: opening /dev/video0 gives it. The environment
 * says what it is: FAKE_OFFERS   formats, sizes and rates, "YUYV 640x480@30 1280x720@10;MJPG 1280x720@30"; "GREY
 * 16-4096x16-4096" is a range FAKE_AGAIN    the same after its return; the first offers when it is not there
 *   FAKE_PICTURE  file with the bytes of each picture; without it picture n is filled with 16 n
 *   FAKE_ROW      bytes of a row, when they are more than its pixels take
 *   FAKE_UNPLUG   number of pictures after which it is unplugged, once
 *   FAKE_AWAY_MS  how long it is away then
 *   FAKE_QUIET_MS how long it gives no picture at first
 *   FAKE_OPEN     number of the error that opening it gives
 *   FAKE_LOG      file that gets "age N" for each picture that was held longer than 50 ms: by how many pictures it was
 * old
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kMaxOffers = 32, kMaxBuffers = 8, kPeriodMs = 33, kUsedMs = 50, kMaxPictureBytes = 1 << 24 };

struct offer {
  unsigned format, width, height, most_width, most_height, fps;
};
struct buffer {
  unsigned char* data;
  enum { kOurs, kQueued, kFilled, kTheirs } state;
  unsigned number; /* of the picture in it */
  long taken_ms;
};

static struct offer offers[kMaxOffers];
static int offer_count;
static struct buffer buffers[kMaxBuffers];
static unsigned buffer_count, picture_bytes, numbers, order[kMaxBuffers];
static unsigned char* picture; /* what FAKE_PICTURE holds */
static int ends[2] = {-1, -1}; /* the program's file, and the other end */
static int streams, plugged = 1, unplugged_before;
static long return_ms, opened_ms;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static long number_of(const char* name) { return getenv(name) ? atol(getenv(name)) : 0; }

static void read_offers(const char* text) {
  char copy[1024], *groups = copy, *group;
  snprintf(copy, sizeof(copy), "%s", text ? text : "YUYV 640x480@30");
  for (offer_count = 0; (group = strsep(&groups, ";")) != NULL;) {
    unsigned format = 0;
    for (char* word = strsep(&group, " "); word != NULL; word = strsep(&group, " ")) {
      struct offer o = {.format = format};
      if (format == 0) {
        memcpy(&format, word, 4);
        continue;
      }
      if (sscanf(word, "%u-%ux%u-%u", &o.width, &o.most_width, &o.height, &o.most_height) != 4)
        sscanf(word, "%ux%u@%u", &o.width, &o.height, &o.fps);
      if (offer_count < kMaxOffers) offers[offer_count++] = o;
    }
  }
}

static void read_picture(const char* path) {
  if (path == NULL) return;
  FILE* file = fopen(path, "rb");
  picture = calloc(1, kMaxPictureBytes);
  picture_bytes = (unsigned)fread(picture, 1, kMaxPictureBytes, file);
  fclose(file);
}

/* Fills the buffer that waits longest. Under the lock. */
static void take_picture(void) {
  if (order[0] == kMaxBuffers) return;
  struct buffer* b = &buffers[order[0]];
  memmove(order, order + 1, sizeof(order) - sizeof(order[0]));
  order[kMaxBuffers - 1] = kMaxBuffers;
  if (picture != NULL)
    memcpy(b->data, picture, picture_bytes);
  else
    memset(b->data, (int)(numbers * 16 & 255), picture_bytes);
  b->state = kFilled;
  b->number = numbers;
  if (write(ends[1], &(unsigned){(unsigned)(b - buffers)}, sizeof(unsigned)) < 0) perror("fake camera");
}

static void* work(void* nothing) {
  for (;; usleep(kPeriodMs * 1000)) {
    pthread_mutex_lock(&lock);
    if (streams && now_ms() - opened_ms >= number_of("FAKE_QUIET_MS")) {
      take_picture();
      ++numbers;
    }
    if (streams && !unplugged_before && numbers == (unsigned)number_of("FAKE_UNPLUG")) {
      unplugged_before = 1;
      plugged = streams = 0;
      return_ms = now_ms() + number_of("FAKE_AWAY_MS");
      close(ends[1]);
      ends[1] = -1;
    }
    if (!plugged && now_ms() >= return_ms) {
      plugged = 1;
      if (getenv("FAKE_AGAIN") != NULL) read_offers(getenv("FAKE_AGAIN"));
    }
    pthread_mutex_unlock(&lock);
  }
  return nothing;
}

static int open_camera(void) {
  static int started;
  if (number_of("FAKE_OPEN") != 0) {
    errno = (int)number_of("FAKE_OPEN");
    return -1;
  }
  if (!plugged) {
    errno = ENOENT;
    return -1;
  }
  if (!started) {
    read_offers(getenv("FAKE_OFFERS"));
    read_picture(getenv("FAKE_PICTURE"));
    pthread_t thread;
    pthread_create(&thread, NULL, work, NULL);
    started = 1;
  }
  socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
  memset(buffers, 0, sizeof(buffers));
  for (int i = 0; i < kMaxBuffers; ++i) order[i] = kMaxBuffers;
  opened_ms = now_ms();
  return ends[0];
}

static int fail(int error) {
  errno = error;
  return -1;
}

static const struct offer* nth(int n, unsigned format) {
  for (int i = 0; i < offer_count; ++i) {
    if (offers[i].format == format && n-- == 0) return &offers[i];
  }
  return NULL;
}

static int enum_format(struct v4l2_fmtdesc* d) {
  unsigned before = 0, seen = 0;
  for (int i = 0; i < offer_count; before = offers[i++].format) {
    if (offers[i].format == before || seen++ != d->index) continue;
    d->pixelformat = offers[i].format;
    snprintf((char*)d->description, sizeof(d->description), "kind %.4s", (const char*)&offers[i].format);
    return 0;
  }
  return fail(EINVAL);
}

static int enum_size(struct v4l2_frmsizeenum* s) {
  const struct offer* o = nth((int)s->index, s->pixel_format);
  if (o == NULL) return fail(EINVAL);
  s->type = o->most_width != 0 ? V4L2_FRMSIZE_TYPE_STEPWISE : V4L2_FRMSIZE_TYPE_DISCRETE;
  if (o->most_width != 0)
    s->stepwise = (struct v4l2_frmsize_stepwise){o->width, o->most_width, 2, o->height, o->most_height, 2};
  else
    s->discrete = (struct v4l2_frmsize_discrete){o->width, o->height};
  return 0;
}

static int enum_interval(struct v4l2_frmivalenum* v) {
  for (int i = 0; i < offer_count && v->index == 0; ++i) {
    const struct offer* o = &offers[i];
    if (o->format != v->pixel_format || o->width != v->width || o->height != v->height || o->fps == 0) continue;
    v->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    v->discrete = (struct v4l2_fract){1, o->fps};
    return 0;
  }
  return fail(EINVAL);
}

static int set_format(struct v4l2_format* f) {
  struct v4l2_pix_format* p = &f->fmt.pix;
  p->bytesperline = (unsigned)number_of("FAKE_ROW");
  if (picture == NULL) picture_bytes = p->width * p->height * 2;
  p->colorspace = V4L2_COLORSPACE_SRGB;
  return 0;
}

static int queue(struct v4l2_buffer* b) {
  struct buffer* mine = &buffers[b->index];
  const long held_ms = now_ms() - mine->taken_ms;
  if (mine->state == kTheirs && held_ms > kUsedMs && getenv("FAKE_LOG") != NULL) {
    FILE* log = fopen(getenv("FAKE_LOG"), "a");
    fprintf(log, "age %u\n", mine->number);
    fclose(log);
  }
  mine->state = kQueued;
  for (int i = 0; i < kMaxBuffers; ++i) {
    if (order[i] != kMaxBuffers) continue;
    order[i] = b->index;
    break;
  }
  return 0;
}

static int dequeue(struct v4l2_buffer* b) {
  unsigned index;
  if (recv(ends[0], &index, sizeof(index), 0) != sizeof(index)) return errno == EAGAIN ? -1 : fail(ENODEV);
  struct buffer* mine = &buffers[index];
  mine->state = kTheirs;
  mine->number = numbers - 1 - mine->number; /* its age, from here on */
  mine->taken_ms = now_ms();
  b->index = index;
  b->bytesused = picture_bytes;
  return 0;
}

static int answer(unsigned long request, void* argument) {
  if (!plugged || ends[1] < 0) return fail(ENODEV);
  switch (request) {
    case VIDIOC_QUERYCAP: {
      struct v4l2_capability* c = argument;
      strcpy((char*)c->card, "fake");
      c->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
      return 0;
    }
    case VIDIOC_ENUM_FMT:
      return enum_format(argument);
    case VIDIOC_ENUM_FRAMESIZES:
      return enum_size(argument);
    case VIDIOC_ENUM_FRAMEINTERVALS:
      return enum_interval(argument);
    case VIDIOC_S_FMT:
      return set_format(argument);
    case VIDIOC_S_PARM:
      return 0;
    case VIDIOC_REQBUFS: {
      struct v4l2_requestbuffers* r = argument;
      buffer_count = r->count = r->count < kMaxBuffers ? r->count : kMaxBuffers;
      return 0;
    }
    case VIDIOC_QUERYBUF: {
      struct v4l2_buffer* b = argument;
      b->length = picture_bytes;
      b->m.offset = b->index * 4096;
      return 0;
    }
    case VIDIOC_QBUF:
      return queue(argument);
    case VIDIOC_DQBUF:
      return dequeue(argument);
    case VIDIOC_STREAMON:
      streams = 1;
      return 0;
    case VIDIOC_STREAMOFF:
      streams = 0;
      return 0;
    default:
      return fail(ENOTTY);
  }
}

/* ------------------------------------------------------------------- what the program calls in place of the C library
 */

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  if (strcmp(path, "/dev/video0") != 0) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  pthread_mutex_lock(&lock);
  const int file = open_camera();
  pthread_mutex_unlock(&lock);
  return file;
}
int open64(const char* path, int flags, ...) __attribute__((alias("open")));

int ioctl(int file, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (file < 0 || file != ends[0]) return (int)syscall(SYS_ioctl, file, request, argument);
  pthread_mutex_lock(&lock);
  const int result = answer(request, argument);
  pthread_mutex_unlock(&lock);
  return result;
}

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  if (file < 0 || file != ends[0]) return (void*)syscall(SYS_mmap, address, size, protection, flags, file, offset);
  void* data = (void*)syscall(SYS_mmap, NULL, size, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  buffers[offset / 4096].data = data;
  return data;
}
void* mmap64(void* address, size_t size, int protection, int flags, int file, off_t offset)
    __attribute__((alias("mmap")));

int close(int file) {
  if (file >= 0 && file == ends[0]) {
    pthread_mutex_lock(&lock);
    streams = 0;
    if (ends[1] >= 0) syscall(SYS_close, ends[1]);
    ends[0] = ends[1] = -1;
    pthread_mutex_unlock(&lock);
  }
  return (int)syscall(SYS_close, file);
}
