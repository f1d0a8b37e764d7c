// Times the way from camera pixels to a network's input, on each instruction set of this machine.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "platforms/cpu_features.h"
#include "sdk/image/image.h"

namespace {

constexpr int kRounds = 60;

struct Format {
  lacuna_image_format format;
  const char* name;
};
constexpr Format kFormats[] = {{LACUNA_IMAGE_YUYV, "YUYV"},
                               {LACUNA_IMAGE_NV12, "NV12"},
                               {LACUNA_IMAGE_I420, "I420"},
                               {LACUNA_IMAGE_RGB24, "RGB24"}};
struct Filter {
  lacuna_image_filter filter;
  const char* name;
};
constexpr Filter kFilters[] = {{LACUNA_IMAGE_LINEAR, "linear"},
                               {LACUNA_IMAGE_BILINEAR, "bilinear"},
                               {LACUNA_IMAGE_AREA, "area"},
                               {LACUNA_IMAGE_BICUBIC, "bicubic"}};

double milliseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

double best_ms(const lacuna_image& image, const lacuna_image_transform& transform, const lacuna_tensor& target,
               lacuna::IsaMask isas) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const double start = milliseconds();
    lacuna::image_to_tensor(&image, &transform, &target, isas, nullptr);
    best = std::min(best, milliseconds() - start);
  }
  return best;
}

}  // namespace

int main() {
  constexpr int kSide = 224;
  std::vector<float> input(3 * kSide * kSide);
  lacuna_tensor target = {};
  target.rank = 3;
  const int64_t shape[] = {3, kSide, kSide}, strides[] = {kSide * kSide, kSide, 1};
  std::copy_n(shape, 3, target.shape);
  std::copy_n(strides, 3, target.strides);
  target.data = input.data();
  std::printf("milliseconds to 3 x %d x %d, fastest of %d\n%-10s %-6s %-9s", kSide, kSide, kRounds, "pixels", "format",
              "filter");
  for (const lacuna::IsaName& isa : lacuna::kIsaNames) {
    if ((isa.isa & lacuna::cpu_isas()) != 0) std::printf(" %8s", isa.name);
  }
  for (const auto& [width, height] : {std::pair{640u, 480u}, {1280u, 720u}}) {
    std::vector<uint8_t> pixels(size_t{width} * height * 3);
    for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
    for (const Format& format : kFormats) {
      for (const Filter& filter : kFilters) {
        lacuna_image image;
        lacuna_image_describe(format.format, width, height, pixels.data(), pixels.size(), &image, nullptr);
        lacuna_image_transform transform = lacuna_image_transform_default();
        transform.filter = filter.filter;
        std::printf("\n%4u x %-4u %-6s %-9s", width, height, format.name, filter.name);
        for (const lacuna::IsaName& isa : lacuna::kIsaNames) {
          if ((isa.isa & lacuna::cpu_isas()) == 0) continue;
          std::printf(" %8.3f", best_ms(image, transform, target, isa.isa | lacuna::kScalar));
        }
      }
    }
  }
  std::printf("\n");
  return 0;
}
