// A moving test picture: colour bars, a ramp of grey and a disc on its way.
#include <vector>

#include "source.h"
#include "stop.h"

namespace camera {
namespace {

class PatternSource : public Source {
 public:
  PatternSource(int width, int height)
      : width_(width), height_(height), pixels_(static_cast<size_t>((width + 1) / 2 * 2 * height * 2)) {}

  bool next(Frame& frame) override {
    if (stop_asked()) return false;
    for (int y = 0; y < height_; ++y) draw_row(y);
    ++number_;
    lacuna_image_describe(LACUNA_IMAGE_YUYV, static_cast<uint32_t>(width_), static_cast<uint32_t>(height_),
                          pixels_.data(), pixels_.size(), &frame.image, nullptr);
    frame.name = "";
    return true;
  }
  std::string describe() const override {
    return "a moving pattern of " + std::to_string(width_) + " x " + std::to_string(height_);
  }

 private:
  struct Yuv {
    uint8_t y, u, v;
  };

  void draw_row(int y) {
    uint8_t* row = pixels_.data() + static_cast<size_t>((width_ + 1) / 2 * 4) * static_cast<size_t>(y);
    for (int x = 0; x < width_; x += 2, row += 4) {
      const Yuv left = colour_at(x, y), right = colour_at(x + 1, y);
      row[0] = left.y;
      row[1] = left.u;
      row[2] = right.y;
      row[3] = left.v;
    }
  }

  Yuv colour_at(int x, int y) const {
    // White, yellow, cyan, green, magenta, red, blue: three quarters bright, BT.601, limited range.
    static constexpr Yuv kBars[] = {{180, 128, 128}, {162, 44, 142}, {131, 156, 44}, {112, 72, 58},
                                    {84, 184, 198},  {65, 100, 212}, {35, 212, 114}};
    const int step = number_ % (width_ + height_);
    const int dx = x - (step * 3) % width_, dy = y - height_ / 2, radius = height_ / 8;
    if (dx * dx + dy * dy < radius * radius) return {235, 128, 128};
    if (y > height_ * 3 / 4) return {static_cast<uint8_t>(16 + (x + number_ % 219) % 219), 128, 128};
    return kBars[static_cast<int64_t>(x + step) * 7 / width_ % 7];
  }

  int width_, height_;
  int number_ = 0;
  std::vector<uint8_t> pixels_;
};

}  // namespace

std::unique_ptr<Source> open_pattern(const SourceOptions& options) {
  return std::make_unique<PatternSource>(options.width, options.height);
}

}  // namespace camera
