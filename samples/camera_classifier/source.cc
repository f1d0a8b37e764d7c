#include "source.h"

#include "failure.h"

namespace camera {

std::unique_ptr<Source> open_source(const std::string& text, const SourceOptions& options) {
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon), where = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (kind == "v4l2") return open_v4l2(where.empty() ? "/dev/video0" : where, options);
  if (kind == "pattern" && where.empty()) return open_pattern(options);
  if (!where.empty()) {
    if (kind == "images") return open_images(where, options);
    if (kind == "mjpeg") return open_mjpeg(where, options);
    if (kind == "y4m") return open_y4m(where, options);
  }
  throw UsageFailure("--source " + text + ": give v4l2:/dev/video0, images:DIR, mjpeg:FILE, y4m:FILE or pattern");
}

}  // namespace camera
