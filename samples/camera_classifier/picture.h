// Pixels that the sample owns.
#pragma once

#include <cstdint>
#include <vector>

#include "lacuna/lacuna_image.h"

namespace camera {

/// How pictures are turned before they are looked at.
struct Orientation {
  uint32_t rotation = 0;  ///< degrees clockwise
  bool mirror = false;    ///< after the rotation

  /// The one that does the same as this one and `next` behind it.
  Orientation then(const Orientation& next) const {
    const uint32_t turn = mirror ? 360 - next.rotation : next.rotation;  // behind a mirror clocks run backwards
    return {(rotation + turn) % 360, mirror != next.mirror};
  }
};

/// Red, green and blue, rows without gaps. resize() keeps memory, so that pictures of one size are made in the same.
struct Picture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;

  void resize(int new_width, int new_height) {
    width = new_width;
    height = new_height;
    rgb.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  }
  uint8_t* row(int y) { return rgb.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 3; }
  lacuna_image image() const {
    lacuna_image image;
    lacuna_image_describe(LACUNA_IMAGE_RGB24, static_cast<uint32_t>(width), static_cast<uint32_t>(height), rgb.data(),
                          rgb.size(), &image, nullptr);
    return image;
  }
};

}  // namespace camera
