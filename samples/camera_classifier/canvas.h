// The picture that people see, and what is drawn into it.
#pragma once

#include <vector>

#include "network.h"
#include "picture.h"

namespace camera {

struct Colour {
  uint8_t red, green, blue;
};

constexpr Colour kWhite = {255, 255, 255}, kGreen = {60, 220, 90}, kRed = {240, 70, 60}, kCyan = {60, 200, 240},
                 kAmber = {240, 160, 70}, kGray = {70, 75, 80};

/// Draws into a Picture; what lies outside is cut off.
class Canvas {
 public:
  /// Makes an upright picture of a frame, at most `most` pixels on its longer side.
  void show(const lacuna_image& image, const Orientation& orientation, int most);

  const Picture& picture() const { return picture_; }
  int width() const { return picture_.width; }
  int height() const { return picture_.height; }

  void fill(int left, int top, int right, int bottom, Colour colour);
  /// Makes it a background for letters.
  void darken(int left, int top, int right, int bottom);
  void frame(float left, float top, float right, float bottom, Colour colour);
  void line(float x0, float y0, float x1, float y1, Colour colour);
  void circle(float x, float y, float radius, Colour colour);
  void dot(float x, float y, Colour colour);
  /// Capital letters of 5 x 7 pixels, each `scale` wide; returns where the text ends.
  int text(int x, int y, int scale, Colour colour, const char* text);

  /// Boxes, keypoints and lines of what was found.
  void draw(const std::vector<Detection>& detections, const DetectorKind& kind);

 private:
  Picture picture_;
  std::vector<float> values_;
};

}  // namespace camera
