// YUV4MPEG2: what `ffmpeg -pix_fmt yuv420p out.y4m` writes.
#include <cstdlib>
#include <cstring>

#include "failure.h"
#include "file.h"
#include "source.h"
#include "stop.h"

namespace camera {
namespace {

constexpr char kMagic[] = "YUV4MPEG2 ", kFrame[] = "FRAME";

class Y4mSource : public Source {
 public:
  Y4mSource(const std::string& path, bool loop) : path_(path), file_(path), loop_(loop) {
    const std::string header = line_at(0);
    if (header.compare(0, sizeof(kMagic) - 1, kMagic) != 0) throw Failure(path + ": is no YUV4MPEG2 file");
    start_ = at_ = header.size() + 1;
    std::string colour = "420";
    for (size_t begin = sizeof(kMagic) - 1; begin < header.size();) {
      const size_t end = std::min(header.find(' ', begin), header.size());
      const std::string word = header.substr(begin, end - begin);
      if (word[0] == 'W') width_ = std::strtoul(word.c_str() + 1, nullptr, 10);
      if (word[0] == 'H') height_ = std::strtoul(word.c_str() + 1, nullptr, 10);
      if (word[0] == 'C') colour = word.substr(1);
      if (word == "XCOLORRANGE=FULL" || word == "C420jpeg") range_ = LACUNA_IMAGE_FULL;
      begin = end + 1;
    }
    if (width_ == 0 || height_ == 0 || width_ > 32768 || height_ > 32768)
      throw Failure(path + ": its header gives no size");
    const bool mono = colour == "mono";
    if (!mono && colour != "420" && colour != "420jpeg" && colour != "420mpeg2" && colour != "420paldv") {
      throw Failure(path + ": has colours " + colour +
                    "; 8-bit 4:2:0 and mono are read: convert it with ffmpeg -pix_fmt yuv420p");
    }
    format_ = mono ? LACUNA_IMAGE_GRAY : LACUNA_IMAGE_I420;
    bytes_ = width_ * height_ + (mono ? 0 : 2 * ((width_ + 1) / 2) * ((height_ + 1) / 2));
  }

  bool next(Frame& frame) override {
    if (at_ >= file_.size() && loop_) at_ = start_;
    if (at_ >= file_.size() || stop_asked()) return false;
    const size_t header = line_length(at_);
    if (header < sizeof(kFrame) - 1 || std::memcmp(file_.data() + at_, kFrame, sizeof(kFrame) - 1) != 0) {
      throw Failure(path_ + ": frame " + std::to_string(frames_) + " does not start with FRAME: the file is damaged");
    }
    at_ += header + 1;
    if (at_ > file_.size() || file_.size() - at_ < bytes_) {
      throw Failure(path_ + ": frame " + std::to_string(frames_) + " is cut off");
    }
    lacuna_error error = {};
    if (lacuna_image_describe(format_, static_cast<uint32_t>(width_), static_cast<uint32_t>(height_),
                              file_.data() + at_, bytes_, &frame.image, &error) != LACUNA_OK) {
      throw Failure(path_ + ": " + error.message);
    }
    frame.image.range = range_;
    if (height_ >= 720) frame.image.matrix = LACUNA_IMAGE_BT709;  // the format does not say; this is what players take
    frame.name = "";
    at_ += bytes_;
    ++frames_;
    return true;
  }
  std::string describe() const override {
    return path_ + ", " + std::to_string(width_) + " x " + std::to_string(height_);
  }

 private:
  size_t line_length(size_t at) const {
    const void* end = std::memchr(file_.data() + at, '\n', file_.size() - at);
    return end == nullptr ? file_.size() - at
                          : static_cast<size_t>(static_cast<const uint8_t*>(end) - file_.data()) - at;
  }
  std::string line_at(size_t at) const {
    return {reinterpret_cast<const char*>(file_.data()) + at, std::min<size_t>(line_length(at), 256)};
  }

  std::string path_;
  MappedFile file_;
  bool loop_;
  size_t width_ = 0, height_ = 0;
  size_t bytes_ = 0;  ///< of a frame
  size_t start_ = 0, at_ = 0, frames_ = 0;
  lacuna_image_format format_ = LACUNA_IMAGE_I420;
  lacuna_image_range range_ = LACUNA_IMAGE_LIMITED;
};

}  // namespace

std::unique_ptr<Source> open_y4m(const std::string& path, const SourceOptions& options) {
  return std::make_unique<Y4mSource>(path, options.loop);
}

}  // namespace camera
