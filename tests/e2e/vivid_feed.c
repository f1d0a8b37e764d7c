/* vivid_feed FORMAT FILE: shows a picture of 640 x 480 to the virtual camera /dev/video0 of the kernel module vivid,
 * through its output /dev/video1, until it is killed. FORMAT is RGB3 or YUYV; FILE holds the pixels. */
#include <fcntl.h>
#include <linux/v4l2-dv-timings.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kWidth = 640, kHeight = 480, kHdmiInput = 3, kHdmiOutput = 1, kBuffers = 3 };

static void call(int file, unsigned long request, void* argument, const char* what) {
  if (ioctl(file, request, argument) != 0) {
    perror(what);
    exit(1);
  }
}

/* Controls of vivid have no public numbers: they are found by name. */
static void set_control(int file, const char* name, int value) {
  struct v4l2_queryctrl query = {.id = V4L2_CTRL_FLAG_NEXT_CTRL};
  for (; ioctl(file, VIDIOC_QUERYCTRL, &query) == 0; query.id |= V4L2_CTRL_FLAG_NEXT_CTRL) {
    if (strcmp((const char*)query.name, name) != 0) continue;
    struct v4l2_control control = {query.id, value};
    call(file, VIDIOC_S_CTRL, &control, name);
    return;
  }
  fprintf(stderr, "vivid has no control %s\n", name);
  exit(1);
}

static int open_device(const char* path) {
  const int file = open(path, O_RDWR);
  if (file < 0) {
    perror(path);
    exit(1);
  }
  return file;
}

int main(int count, char** arguments) {
  static unsigned char pixels[kWidth * kHeight * 3];
  if (count != 3 || strlen(arguments[1]) != 4) return 2;
  FILE* picture = fopen(arguments[2], "rb");
  if (picture == NULL) return 2;
  const size_t bytes = fread(pixels, 1, sizeof(pixels), picture);
  fclose(picture);

  struct v4l2_dv_timings timings = V4L2_DV_BT_CEA_640X480P59_94;
  const int camera = open_device("/dev/video0"), screen = open_device("/dev/video1");
  int input = kHdmiInput, output = kHdmiOutput;
  call(camera, VIDIOC_S_INPUT, &input, "input");
  call(camera, VIDIOC_S_DV_TIMINGS, &timings, "timings of the camera");
  set_control(camera, "OSD Text Mode", 2);
  call(screen, VIDIOC_S_OUTPUT, &output, "output");
  call(screen, VIDIOC_S_DV_TIMINGS, &timings, "timings of the output");
  struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};
  format.fmt.pix.width = kWidth;
  format.fmt.pix.height = kHeight;
  format.fmt.pix.field = V4L2_FIELD_NONE;
  memcpy(&format.fmt.pix.pixelformat, arguments[1], 4);
  call(screen, VIDIOC_S_FMT, &format, "format of the output");
  set_control(camera, "Loop Video", 1);
  close(camera);
  if (format.fmt.pix.sizeimage != bytes) {
    fprintf(stderr, "the output takes %u bytes, the picture has %zu\n", format.fmt.pix.sizeimage, bytes);
    return 1;
  }
  struct v4l2_requestbuffers request = {
      .count = kBuffers, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
  call(screen, VIDIOC_REQBUFS, &request, "buffers");
  for (unsigned i = 0; i < request.count; ++i) {
    struct v4l2_buffer buffer = {.index = i, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
    call(screen, VIDIOC_QUERYBUF, &buffer, "a buffer");
    void* memory = mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, screen, buffer.m.offset);
    if (memory == MAP_FAILED || buffer.length < bytes) return 1;
    memcpy(memory, pixels, bytes);
    buffer.bytesused = (unsigned)bytes;
    call(screen, VIDIOC_QBUF, &buffer, "queue");
  }
  int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
  call(screen, VIDIOC_STREAMON, &type, "start");
  for (;;) {
    struct v4l2_buffer buffer = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
    call(screen, VIDIOC_DQBUF, &buffer, "dequeue");
    buffer.bytesused = (unsigned)bytes;
    call(screen, VIDIOC_QBUF, &buffer, "queue");
  }
}
