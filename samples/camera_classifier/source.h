// Where pictures come from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "picture.h"

namespace camera {

/// One picture. Its pixels are the source's until the next one is asked for.
struct Frame {
  lacuna_image image;
  Orientation orientation;  ///< what turns it upright
  const char* name;         ///< file name, or an empty text
};

struct SourceOptions {
  int width = 640, height = 480;  ///< what is asked of cameras and made by `pattern`
  std::string format;             ///< asked of cameras, such as "YUYV"; empty: the best one
  bool loop = false;              ///< files start again at their end
};

class Source {
 public:
  virtual ~Source() = default;
  /// Waits for the next picture: of a camera always the newest. False at the end, or when the user asked for it.
  virtual bool next(Frame& frame) = 0;
  /// Whether neighbouring pictures show the same scene.
  virtual bool is_video() const { return true; }
  /// What it is, in words.
  virtual std::string describe() const = 0;
};

/// Opens "v4l2:/dev/video0", "images:DIR", "mjpeg:FILE", "y4m:FILE" or "pattern". Throws Failure.
std::unique_ptr<Source> open_source(const std::string& text, const SourceOptions& options);

std::unique_ptr<Source> open_v4l2(const std::string& device, const SourceOptions& options);
std::unique_ptr<Source> open_images(const std::string& folder, const SourceOptions& options);
std::unique_ptr<Source> open_mjpeg(const std::string& path, const SourceOptions& options);
std::unique_ptr<Source> open_y4m(const std::string& path, const SourceOptions& options);
std::unique_ptr<Source> open_pattern(const SourceOptions& options);

}  // namespace camera
