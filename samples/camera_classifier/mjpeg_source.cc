// A file of JPEG pictures one behind the other, as cameras and `ffmpeg -f mjpeg` write them.
#include "failure.h"
#include "file.h"
#include "jpeg.h"
#include "source.h"
#include "stop.h"

namespace camera {
namespace {

/// Bytes of the JPEG that starts at `bytes`, or 0 when it has no end. Segments are skipped by their length, since a
/// thumbnail inside has marks of its own.
size_t jpeg_length(const uint8_t* bytes, size_t size) {
  size_t at = 2;
  while (at + 4 <= size) {
    if (bytes[at] != 0xff) return 0;
    const uint8_t marker = bytes[at + 1];
    if (marker == 0xd9) return at + 2;
    if (marker == 0xff || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker == 0xff ? 1 : 2;
      continue;
    }
    at += 2 + (size_t{bytes[at + 2]} << 8 | bytes[at + 3]);
    if (marker != 0xda) continue;
    while (at + 2 <= size) {  // in entropy-coded data ff is followed by 00 or a restart mark
      const bool mark = bytes[at] == 0xff && bytes[at + 1] != 0 && !(bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd7);
      if (mark) break;
      ++at;
    }
  }
  return at + 2 <= size && bytes[at] == 0xff && bytes[at + 1] == 0xd9 ? at + 2 : 0;
}

class MjpegSource : public Source {
 public:
  MjpegSource(const std::string& path, bool loop) : path_(path), file_(path), loop_(loop) {
    if (!find_start()) throw Failure(path + ": holds no JPEG picture");
  }

  bool next(Frame& frame) override {
    if (!find_start() && loop_) at_ = 0;
    if (!find_start() || stop_asked()) return false;
    const size_t length = jpeg_length(file_.data() + at_, file_.size() - at_);
    if (length == 0) {
      if (frames_ == 0) throw Failure(path_ + ": its first picture has no end: the file is cut off");
      at_ = file_.size();  // a recording that was broken off
      return next_after_end(frame);
    }
    if (!decoder_.decode(file_.data() + at_, length, picture_)) {
      throw Failure(path_ + ": picture " + std::to_string(frames_) + " is damaged: " + decoder_.why());
    }
    at_ += length;
    ++frames_;
    frame = {picture_.image(), {}, ""};
    return true;
  }
  std::string describe() const override { return path_; }

 private:
  bool next_after_end(Frame& frame) { return loop_ && next(frame); }
  /// Moves to where the next picture starts.
  bool find_start() {
    while (at_ + 2 < file_.size() &&
           !(file_.data()[at_] == 0xff && file_.data()[at_ + 1] == 0xd8 && file_.data()[at_ + 2] == 0xff)) {
      ++at_;
    }
    return at_ + 2 < file_.size();
  }

  std::string path_;
  MappedFile file_;
  bool loop_;
  size_t at_ = 0;
  size_t frames_ = 0;
  JpegDecoder decoder_;
  Picture picture_;
};

}  // namespace

std::unique_ptr<Source> open_mjpeg(const std::string& path, const SourceOptions& options) {
  return std::make_unique<MjpegSource>(path, options.loop);
}

}  // namespace camera
