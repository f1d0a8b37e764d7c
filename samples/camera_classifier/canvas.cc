#include "canvas.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>

#include "failure.h"

namespace camera {
namespace {

constexpr int kGlyphWidth = 5, kGlyphHeight = 7;

/// Rows from the top, the left pixel in bit 4.
struct Glyph {
  char letter;
  uint8_t rows[kGlyphHeight];
};
constexpr Glyph kGlyphs[] = {
    {'A', {0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}}, {'B', {0x1e, 0x11, 0x11, 0x1e, 0x11, 0x11, 0x1e}},
    {'C', {0x0f, 0x10, 0x10, 0x10, 0x10, 0x10, 0x0f}}, {'D', {0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e}},
    {'E', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}}, {'F', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10}},
    {'G', {0x0f, 0x10, 0x10, 0x13, 0x11, 0x11, 0x0f}}, {'H', {0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}},
    {'I', {0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}}, {'J', {0x01, 0x01, 0x01, 0x01, 0x01, 0x11, 0x0e}},
    {'K', {0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11}}, {'L', {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f}},
    {'M', {0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11}}, {'N', {0x11, 0x19, 0x19, 0x15, 0x13, 0x13, 0x11}},
    {'O', {0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}}, {'P', {0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10}},
    {'Q', {0x0e, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0d}}, {'R', {0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11}},
    {'S', {0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e}}, {'T', {0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
    {'U', {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e}}, {'V', {0x11, 0x11, 0x11, 0x11, 0x0a, 0x0a, 0x04}},
    {'W', {0x11, 0x11, 0x11, 0x15, 0x15, 0x1b, 0x11}}, {'X', {0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11}},
    {'Y', {0x11, 0x11, 0x0a, 0x04, 0x04, 0x04, 0x04}}, {'Z', {0x1f, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1f}},
    {'0', {0x0e, 0x13, 0x13, 0x15, 0x19, 0x19, 0x0e}}, {'1', {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e}},
    {'2', {0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f}}, {'3', {0x1e, 0x01, 0x01, 0x0e, 0x01, 0x01, 0x1e}},
    {'4', {0x12, 0x12, 0x12, 0x1f, 0x02, 0x02, 0x02}}, {'5', {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e}},
    {'6', {0x0e, 0x10, 0x10, 0x1e, 0x11, 0x11, 0x0e}}, {'7', {0x1f, 0x01, 0x02, 0x02, 0x04, 0x04, 0x04}},
    {'8', {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}}, {'9', {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x01, 0x0e}},
    {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c}}, {',', {0x00, 0x00, 0x00, 0x00, 0x0c, 0x04, 0x08}},
    {':', {0x00, 0x0c, 0x0c, 0x00, 0x0c, 0x0c, 0x00}}, {'-', {0x00, 0x00, 0x00, 0x1e, 0x00, 0x00, 0x00}},
    {'_', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1f}}, {'%', {0x19, 0x1a, 0x02, 0x04, 0x08, 0x0b, 0x13}},
    {'/', {0x01, 0x01, 0x02, 0x04, 0x08, 0x10, 0x10}}, {'(', {0x02, 0x04, 0x08, 0x08, 0x08, 0x04, 0x02}},
    {')', {0x08, 0x04, 0x02, 0x02, 0x02, 0x04, 0x08}}, {'\'', {0x04, 0x04, 0x08, 0x00, 0x00, 0x00, 0x00}},
};

const Glyph* find_glyph(char letter) {
  const auto upper = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  for (const Glyph& glyph : kGlyphs) {
    if (glyph.letter == upper) return &glyph;
  }
  return nullptr;
}

}  // namespace

void Canvas::show(const lacuna_image& image, const Orientation& orientation, int most) {
  const bool turned = orientation.rotation % 180 != 0;
  const auto width = static_cast<float>(turned ? image.height : image.width);
  const auto height = static_cast<float>(turned ? image.width : image.height);
  const float shrink = std::max(1.0f, std::max(width, height) / static_cast<float>(most));
  picture_.resize(std::max(1, static_cast<int>(width / shrink)), std::max(1, static_cast<int>(height / shrink)));
  values_.resize(picture_.rgb.size());

  lacuna_image_transform transform = lacuna_image_transform_default();
  transform.rotation = orientation.rotation;
  transform.mirror = orientation.mirror ? 1 : 0;
  transform.filter = LACUNA_IMAGE_LINEAR;
  lacuna_tensor target = {};
  target.rank = 3;
  const int64_t shape[3] = {picture_.height, picture_.width, 3};
  std::copy_n(shape, 3, target.shape);
  const int64_t strides[3] = {int64_t{3} * picture_.width, 3, 1};
  std::copy_n(strides, 3, target.strides);
  target.data = values_.data();
  lacuna_error error = {};
  if (lacuna_image_to_tensor(&image, &transform, &target, &error) != LACUNA_OK) throw Failure(error.message);
  std::transform(values_.begin(), values_.end(), picture_.rgb.begin(),
                 [](float value) { return static_cast<uint8_t>(value + 0.5f); });
}

void Canvas::fill(int left, int top, int right, int bottom, Colour colour) {
  for (int y = std::max(top, 0); y < std::min(bottom, height()); ++y) {
    uint8_t* row = picture_.row(y);
    for (int x = std::max(left, 0); x < std::min(right, width()); ++x) std::memcpy(row + 3 * x, &colour, 3);
  }
}

void Canvas::darken(int left, int top, int right, int bottom) {
  for (int y = std::max(top, 0); y < std::min(bottom, height()); ++y) {
    uint8_t* row = picture_.row(y);
    for (int i = 3 * std::max(left, 0); i < 3 * std::min(right, width()); ++i)
      row[i] = static_cast<uint8_t>(row[i] / 6);
  }
}

void Canvas::frame(float left, float top, float right, float bottom, Colour colour) {
  line(left, top, right, top, colour);
  line(right, top, right, bottom, colour);
  line(right, bottom, left, bottom, colour);
  line(left, bottom, left, top, colour);
}

void Canvas::line(float x0, float y0, float x1, float y1, Colour colour) {
  const float length = std::min(std::max(std::fabs(x1 - x0), std::fabs(y1 - y0)), 16384.0f);
  const int steps = std::max(1, static_cast<int>(length));
  for (int i = 0; i <= steps; ++i) {
    const float at = static_cast<float>(i) / static_cast<float>(steps);
    const int x = static_cast<int>(x0 + at * (x1 - x0)), y = static_cast<int>(y0 + at * (y1 - y0));
    fill(x - 1, y - 1, x + 2, y + 2, colour);
  }
}

void Canvas::circle(float x, float y, float radius, Colour colour) {
  const int steps = std::clamp(static_cast<int>(radius * 6.5f), 12, 8192);
  for (int i = 0; i < steps; ++i) {
    const float angle = 6.2831853f * static_cast<float>(i) / static_cast<float>(steps);
    const int px = static_cast<int>(x + radius * std::cos(angle)), py = static_cast<int>(y + radius * std::sin(angle));
    fill(px - 1, py - 1, px + 2, py + 2, colour);
  }
}

void Canvas::dot(float x, float y, Colour colour) {
  const int radius = std::max(3, height() / 120);
  for (int dy = -radius; dy <= radius; ++dy) {
    const int half = static_cast<int>(std::sqrt(static_cast<float>(radius * radius - dy * dy)));
    fill(static_cast<int>(x) - half, static_cast<int>(y) + dy, static_cast<int>(x) + half + 1,
         static_cast<int>(y) + dy + 1, colour);
  }
}

int Canvas::text(int x, int y, int scale, Colour colour, const char* text) {
  for (; *text != '\0'; ++text, x += (kGlyphWidth + 1) * scale) {
    const Glyph* glyph = find_glyph(*text);
    for (int row = 0; glyph != nullptr && row < kGlyphHeight; ++row) {
      for (int column = 0; column < kGlyphWidth; ++column) {
        if ((glyph->rows[row] >> (kGlyphWidth - 1 - column) & 1) == 0) continue;
        fill(x + column * scale, y + row * scale, x + (column + 1) * scale, y + (row + 1) * scale, colour);
      }
    }
  }
  return x;
}

void Canvas::draw(const std::vector<Detection>& detections, const DetectorKind& kind) {
  const auto w = static_cast<float>(width()), h = static_cast<float>(height());
  // Coordinates of a wild network stay where arithmetic is safe.
  const auto px = [&](float x) { return std::clamp(x, -2.0f, 3.0f) * w; };
  const auto py = [&](float y) { return std::clamp(y, -2.0f, 3.0f) * h; };
  for (const Detection& d : detections) {
    if (kind.circle && d.keypoints >= 2) {
      const float x = px(d.x[0]), y = py(d.y[0]);
      circle(x, y, std::hypot(px(d.x[1]) - x, py(d.y[1]) - y), kCyan);
    } else {
      frame(px(d.left), py(d.top), px(d.right), py(d.bottom), kGreen);
    }
    for (const auto& [from, to] : kind.lines) {
      if (from < 0 || from >= d.keypoints || to >= d.keypoints) break;
      line(px(d.x[from]), py(d.y[from]), px(d.x[to]), py(d.y[to]), kGreen);
    }
    for (int k = 0; k < d.keypoints; ++k) {
      if (!kind.circle || k % 2 == 0) dot(px(d.x[k]), py(d.y[k]), kRed);  // odd ones lie on circles
    }
  }
}

}  // namespace camera
