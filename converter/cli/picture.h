// Pictures from files, and their sizes changed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lacuna {

/// Eight bits a channel, RGB, rows from the top: pixels[(y * width + x) * 3 + channel].
struct Picture {
  int width = 0, height = 0;
  std::vector<uint8_t> pixels;

  const uint8_t* at(int x, int y) const {
    return pixels.data() + (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3;
  }
};

/// Whether the name ends as those of JPEG and PNG files do.
bool is_picture_name(const std::string& path);

/// Reads a JPEG or PNG file, told apart by content; grey becomes RGB, transparency is ignored. Throws Error(kMalformed)
/// for what cannot be read, kResourceLimit above 100 megapixels.
Picture read_picture(const std::string& path);

/// Bicubic (a = -0.5) with the filter widened when shrinking, as image libraries do by default.
Picture resize(const Picture& picture, int width, int height);

/// The part [left, left + width) x [top, top + height).
Picture crop(const Picture& picture, int left, int top, int width, int height);

}  // namespace lacuna
