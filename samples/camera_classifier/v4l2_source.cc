// A Video4Linux2 camera: buffers shared with the kernel, always the newest picture, and patience when it is unplugged.
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include "failure.h"
#include "jpeg.h"
#include "source.h"
#include "stop.h"

namespace camera {
namespace {

constexpr int kBuffers = 4;
constexpr int kFrameTimeoutMs = 5000;
constexpr int kRetryMs = 500;
constexpr double kFluentFps = 20;

/// Formats that are understood, cheapest to use first. MJPEG costs a decoder.
struct PixelFormat {
  uint32_t v4l2;
  const char* name;
  std::optional<lacuna_image_format> format;  ///< none: compressed
};
constexpr PixelFormat kPixelFormats[] = {
    {V4L2_PIX_FMT_YUYV, "YUYV", LACUNA_IMAGE_YUYV},    {V4L2_PIX_FMT_UYVY, "UYVY", LACUNA_IMAGE_UYVY},
    {V4L2_PIX_FMT_NV12, "NV12", LACUNA_IMAGE_NV12},    {V4L2_PIX_FMT_NV21, "NV21", LACUNA_IMAGE_NV21},
    {V4L2_PIX_FMT_YUV420, "I420", LACUNA_IMAGE_I420},  {V4L2_PIX_FMT_RGB24, "RGB24", LACUNA_IMAGE_RGB24},
    {V4L2_PIX_FMT_BGR24, "BGR24", LACUNA_IMAGE_BGR24}, {V4L2_PIX_FMT_GREY, "GREY", LACUNA_IMAGE_GRAY},
    {V4L2_PIX_FMT_MJPEG, "MJPEG", std::nullopt},       {V4L2_PIX_FMT_JPEG, "JPEG", std::nullopt}};

int call(int file, unsigned long request, void* argument) {
  int result;
  do {
    result = ::ioctl(file, request, argument);
  } while (result < 0 && errno == EINTR);
  return result;
}

/// A format and size that the camera offers.
struct Mode {
  size_t rank = 0;  ///< index into kPixelFormats
  uint32_t width = 0, height = 0;
  double fps = 0;  ///< 0: the camera does not say
};

/// Fluent first, then large enough, then the nearest size, then the cheapest format.
bool better(const Mode& a, const Mode& b, uint32_t width, uint32_t height) {
  const auto fluent = [](const Mode& m) { return m.fps == 0 || m.fps >= kFluentFps; };
  const auto enough = [&](const Mode& m) { return m.width >= width && m.height >= height; };
  const auto distance = [&](const Mode& m) {
    const double pixels = double{1} * m.width * m.height, wanted = double{1} * width * height;
    return pixels > wanted ? pixels / wanted : wanted / pixels;
  };
  if (fluent(a) != fluent(b)) return fluent(a);
  if (enough(a) != enough(b)) return enough(a);
  if (distance(a) != distance(b)) return distance(a) < distance(b);
  return a.rank < b.rank;
}

double best_fps(int file, uint32_t format, uint32_t width, uint32_t height) {
  double best = 0;
  v4l2_frmivalenum interval = {};
  interval.pixel_format = format;
  interval.width = width;
  interval.height = height;
  for (; call(file, VIDIOC_ENUM_FRAMEINTERVALS, &interval) == 0; ++interval.index) {
    const v4l2_fract& f = interval.type == V4L2_FRMIVAL_TYPE_DISCRETE ? interval.discrete : interval.stepwise.min;
    if (f.numerator != 0) best = std::max(best, double{1} * f.denominator / f.numerator);
    if (interval.type != V4L2_FRMIVAL_TYPE_DISCRETE) break;
  }
  return best;
}

uint32_t step_to(uint32_t wanted, uint32_t low, uint32_t high, uint32_t step) {
  const uint32_t inside = std::min(std::max(wanted, low), high);
  return low + (inside - low) / std::max(step, 1u) * std::max(step, 1u);
}

class Camera {
 public:
  Camera(const std::string& device, const SourceOptions& options) : device_(device) {
    file_ = ::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (file_ < 0) throw Failure(device + ": cannot be opened: " + open_hint(errno));
    try {
      start(options);
    } catch (...) {
      stop();
      throw;
    }
  }
  ~Camera() { stop(); }
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  enum class Wait { kFrame, kStop, kGone, kTimeout };

  /// Waits for a picture; `frame` gets the newest one.
  Wait next(Frame& frame) {
    drop_old();
    for (;;) {
      if (stop_asked()) return Wait::kStop;
      if (held_.has_value() && describe(frame)) return Wait::kFrame;
      give_back();
      pollfd waiting[2] = {{file_, POLLIN, 0}, {stop_descriptor(), POLLIN, 0}};
      const int ready = ::poll(waiting, 2, kFrameTimeoutMs);
      if (ready == 0) return Wait::kTimeout;
      if (ready < 0 || waiting[0].revents == 0) continue;
      const bool broken = (waiting[0].revents & (POLLERR | POLLHUP)) != 0;
      if (!take_newest().has_value() || (broken && !held_.has_value())) return Wait::kGone;
    }
  }

  std::string describe() const {
    char text[160];
    std::snprintf(text, sizeof(text), "%s (%s), %s %u x %u", device_.c_str(), card_.c_str(),
                  kPixelFormats[mode_.rank].name, image_.width, image_.height);
    return text;
  }

 private:
  struct Buffer {
    void* data = MAP_FAILED;
    size_t bytes = 0;
  };

  static std::string open_hint(int error) {
    std::string text = std::strerror(error);
    if (error == ENOENT)
      text += ": is the camera plugged in? `ls /dev/video*` lists them; Raspberry Pi cameras need libcamerify";
    if (error == EACCES) text += ": join the group video: sudo usermod -aG video $USER, then log in again";
    if (error == EBUSY) text += ": another program has it";
    return text;
  }

  [[noreturn]] void fail(const std::string& what) const { throw Failure(device_ + ": " + what); }
  [[noreturn]] void fail_errno(const std::string& what) const { fail(what + ": " + std::strerror(errno)); }

  void start(const SourceOptions& options) {
    v4l2_capability capability = {};
    if (call(file_, VIDIOC_QUERYCAP, &capability) != 0) fail("is no Video4Linux2 device");
    card_ = reinterpret_cast<const char*>(capability.card);
    const uint32_t has =
        (capability.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? capability.device_caps : capability.capabilities;
    if ((has & V4L2_CAP_VIDEO_CAPTURE) == 0) {
      fail(
          "gives no pictures in one plane (it may be the camera's metadata or a codec): try the next /dev/video*, or "
          "libcamerify");
    }
    if ((has & V4L2_CAP_STREAMING) == 0) fail("cannot stream into memory");
    find_mode(options);
    set_format();
    map_buffers();
    for (uint32_t i = 0; i < buffers_.size(); ++i) queue(i);
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    if (call(file_, VIDIOC_STREAMON, &type) != 0) fail_errno("cannot start");
  }

  void find_mode(const SourceOptions& options) {
    const auto width = static_cast<uint32_t>(options.width), height = static_cast<uint32_t>(options.height);
    std::string offered;
    bool found = false;
    v4l2_fmtdesc format = {};
    format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    for (; call(file_, VIDIOC_ENUM_FMT, &format) == 0; ++format.index) {
      offered += std::string(offered.empty() ? "" : ", ") + reinterpret_cast<const char*>(format.description);
      for (size_t rank = 0; rank < std::size(kPixelFormats); ++rank) {
        if (kPixelFormats[rank].v4l2 != format.pixelformat) continue;
        if (!options.format.empty() && options.format != kPixelFormats[rank].name) continue;
        for (const Mode& mode : sizes_of(rank, width, height)) {
          if (!found || better(mode, mode_, width, height)) mode_ = mode;
          found = true;
        }
      }
    }
    if (!found && !options.format.empty()) fail("does not offer " + options.format + " but " + offered);
    if (!found) fail("offers only formats that are not understood: " + offered);
  }

  std::vector<Mode> sizes_of(size_t rank, uint32_t width, uint32_t height) const {
    std::vector<Mode> modes;
    v4l2_frmsizeenum size = {};
    size.pixel_format = kPixelFormats[rank].v4l2;
    for (; call(file_, VIDIOC_ENUM_FRAMESIZES, &size) == 0; ++size.index) {
      if (size.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
        modes.push_back({rank, size.discrete.width, size.discrete.height, 0});
        continue;
      }
      const v4l2_frmsize_stepwise& s = size.stepwise;
      modes.push_back({rank, step_to(width, s.min_width, s.max_width, s.step_width),
                       step_to(height, s.min_height, s.max_height, s.step_height), 0});
      break;
    }
    if (modes.empty()) modes.push_back({rank, width, height, 0});
    for (Mode& mode : modes) mode.fps = best_fps(file_, size.pixel_format, mode.width, mode.height);
    return modes;
  }

  void set_format() {
    v4l2_format format = {};
    format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    v4l2_pix_format& pixels = format.fmt.pix;
    pixels.pixelformat = kPixelFormats[mode_.rank].v4l2;
    pixels.width = mode_.width;
    pixels.height = mode_.height;
    pixels.field = V4L2_FIELD_NONE;
    if (call(file_, VIDIOC_S_FMT, &format) != 0) fail_errno("refuses its own format");
    if (pixels.pixelformat != kPixelFormats[mode_.rank].v4l2) fail("gave another format than it offered");
    image_ = {};
    image_.struct_bytes = sizeof(image_);
    image_.width = pixels.width;
    image_.height = pixels.height;
    row_bytes_ = pixels.bytesperline;
    const bool hd = pixels.ycbcr_enc == V4L2_YCBCR_ENC_709 || pixels.ycbcr_enc == V4L2_YCBCR_ENC_XV709 ||
                    (pixels.ycbcr_enc == V4L2_YCBCR_ENC_DEFAULT && pixels.colorspace == V4L2_COLORSPACE_REC709);
    image_.matrix = hd ? LACUNA_IMAGE_BT709 : LACUNA_IMAGE_BT601;
    const bool full = pixels.quantization == V4L2_QUANTIZATION_FULL_RANGE ||
                      (pixels.quantization == V4L2_QUANTIZATION_DEFAULT && pixels.colorspace == V4L2_COLORSPACE_JPEG);
    image_.range = full ? LACUNA_IMAGE_FULL : LACUNA_IMAGE_LIMITED;
    v4l2_streamparm rate = {};
    rate.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    rate.parm.capture.timeperframe = {1, static_cast<uint32_t>(std::lround(std::clamp(mode_.fps, 1.0, 30.0)))};
    if (mode_.fps > 0) call(file_, VIDIOC_S_PARM, &rate);  // a wish: some cameras have one rate
  }

  void map_buffers() {
    v4l2_requestbuffers request = {};
    request.count = kBuffers;
    request.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    request.memory = V4L2_MEMORY_MMAP;
    if (call(file_, VIDIOC_REQBUFS, &request) != 0) fail_errno("gives no buffers");
    if (request.count < 2) fail("has no memory for two buffers");
    buffers_.resize(request.count);
    for (uint32_t i = 0; i < request.count; ++i) {
      v4l2_buffer buffer = blank(i);
      if (call(file_, VIDIOC_QUERYBUF, &buffer) != 0) fail_errno("does not describe its buffers");
      buffers_[i].bytes = buffer.length;
      buffers_[i].data = ::mmap(nullptr, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, file_, buffer.m.offset);
      if (buffers_[i].data == MAP_FAILED) fail_errno("its buffers cannot be mapped");
    }
  }

  static v4l2_buffer blank(uint32_t index) {
    v4l2_buffer buffer = {};
    buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer.memory = V4L2_MEMORY_MMAP;
    buffer.index = index;
    return buffer;
  }

  bool queue(uint32_t index) {
    v4l2_buffer buffer = blank(index);
    return call(file_, VIDIOC_QBUF, &buffer) == 0;
  }

  void give_back() {
    if (held_.has_value()) queue(held_->index);
    held_.reset();
  }

  /// A camera without an empty buffer stops until it gets one: what it holds by then is old, and goes back.
  void drop_old() {
    const size_t lent = buffers_.size() - (held_.has_value() ? 1 : 0);
    give_back();
    if (take_newest().value_or(lent) >= lent) give_back();
  }

  /// Empties the queue and keeps the last picture. How many there were; nothing when the camera is gone.
  std::optional<size_t> take_newest() {
    for (size_t taken = 0;; ++taken) {
      v4l2_buffer buffer = blank(0);
      if (call(file_, VIDIOC_DQBUF, &buffer) != 0) {
        return errno == EAGAIN || errno == EIO ? std::optional<size_t>(taken) : std::nullopt;
      }
      give_back();
      held_ = buffer;
    }
  }

  /// False for a damaged picture, which is passed over.
  bool describe(Frame& frame) {
    const Buffer& buffer = buffers_[held_->index];
    if ((held_->flags & V4L2_BUF_FLAG_ERROR) != 0) return false;
    const PixelFormat& pixels = kPixelFormats[mode_.rank];
    const auto* bytes = static_cast<const uint8_t*>(buffer.data);
    frame.name = "";
    if (!pixels.format.has_value()) {
      if (!decoder_.decode(bytes, std::min<size_t>(held_->bytesused, buffer.bytes), picture_)) return false;
      frame.image = picture_.image();
      return true;
    }
    if (lacuna_image_describe(*pixels.format, image_.width, image_.height, bytes, buffer.bytes, &frame.image,
                              nullptr) != LACUNA_OK) {
      fail("its buffers are smaller than its pictures");
    }
    frame.image.matrix = image_.matrix;
    frame.image.range = image_.range;
    pad_rows(frame.image, bytes, buffer.bytes);
    return true;
  }

  /// Rows may be longer than their pixels; planes of chroma follow with rows as long, or half as long for I420.
  void pad_rows(lacuna_image& image, const uint8_t* bytes, size_t size) const {
    const auto packed = static_cast<size_t>(image.row_bytes[0]);
    if (row_bytes_ <= packed) return;
    const size_t chroma_rows = (size_t{image.height} + 1) / 2, luma = size_t{row_bytes_} * image.height;
    const bool i420 = image.format == LACUNA_IMAGE_I420,
               semi = image.format == LACUNA_IMAGE_NV12 || image.format == LACUNA_IMAGE_NV21;
    if (size < luma + (i420 || semi ? row_bytes_ * chroma_rows : 0)) return;
    image.row_bytes[0] = row_bytes_;
    if (semi) {
      image.row_bytes[1] = row_bytes_;
      image.planes[1] = bytes + luma;
    }
    if (i420) {
      image.row_bytes[1] = image.row_bytes[2] = row_bytes_ / 2;
      image.planes[1] = bytes + luma;
      image.planes[2] = bytes + luma + row_bytes_ / 2 * chroma_rows;
    }
  }

  void stop() {
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    call(file_, VIDIOC_STREAMOFF, &type);
    for (const Buffer& buffer : buffers_) {
      if (buffer.data != MAP_FAILED) ::munmap(buffer.data, buffer.bytes);
    }
    ::close(file_);
  }

  std::string device_, card_;
  int file_ = -1;
  Mode mode_;
  lacuna_image image_ = {};  ///< size and colours only
  uint32_t row_bytes_ = 0;
  std::vector<Buffer> buffers_;
  std::optional<v4l2_buffer> held_;
  JpegDecoder decoder_;
  Picture picture_;
};

class V4l2Source : public Source {
 public:
  V4l2Source(const std::string& device, const SourceOptions& options)
      : device_(device), options_(options), camera_(std::make_unique<Camera>(device, options)) {}

  bool next(Frame& frame) override {
    for (;;) {
      switch (camera_->next(frame)) {
        case Camera::Wait::kFrame:
          return true;
        case Camera::Wait::kStop:
          return false;
        case Camera::Wait::kTimeout:
          std::fprintf(stderr, "%s: no picture for %d s: waiting on\n", device_.c_str(), kFrameTimeoutMs / 1000);
          break;
        case Camera::Wait::kGone:
          if (!wait_for_return()) return false;
          break;
      }
    }
  }
  std::string describe() const override { return camera_->describe(); }

 private:
  bool wait_for_return() {
    std::fprintf(stderr, "%s: the camera is gone: plug it in again, or press Ctrl-C\n", device_.c_str());
    camera_.reset();
    while (!wait_or_stop(kRetryMs)) {
      try {
        camera_ = std::make_unique<Camera>(device_, options_);
        std::fprintf(stderr, "back: %s\n", camera_->describe().c_str());
        return true;
      } catch (const Failure&) {
        continue;  // not yet
      }
    }
    return false;
  }

  std::string device_;
  SourceOptions options_;
  std::unique_ptr<Camera> camera_;
};

}  // namespace

std::unique_ptr<Source> open_v4l2(const std::string& device, const SourceOptions& options) {
  return std::make_unique<V4l2Source>(device, options);
}

}  // namespace camera
