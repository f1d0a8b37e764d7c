// Kernels that turn camera pixels into planes of floats and resize them: the inner loops of lacuna_image.h.
#pragma once

#include <cstdint>

#include "sdk/base/isa.h"

namespace lacuna {

/// Channels of a sum: red, green, blue.
constexpr int kColours = 3;
/// Most pixels of a run; sums have so many floats a channel, and kRunSlack behind them that filters may read.
constexpr int kRunPixels = 512;
constexpr int kRunSlack = 16;
constexpr int kSumStride = kRunPixels + kRunSlack;

/// Colour of a pixel of `y`, `u`, `v` (bytes): luma = (y - y_zero) * y_scale; red = luma + red_v * (v - 128), green =
/// luma + green_u * (u - 128) + green_v * (v - 128), blue = luma + blue_u * (u - 128), cut to 0..255.
struct YuvMatrix {
  float y_zero, y_scale, red_v, green_u, green_v, blue_u;
};

/// Neighbouring pixels of a row, at most kRunPixels.
struct PixelRun {
  bool yuv;
  const uint8_t* planes[kColours];  ///< the first pixel's red, green and blue, or y, u and v
  int step;                         ///< bytes between pixels: 1 to 4; of y for YUV
  int chroma_step;                  ///< bytes between pairs of pixels in u and v: 1, 2 or 4
  int count;
  YuvMatrix matrix;
};

/// Adds weight * colour to the planes sums[kColours][kSumStride].
using AddPixels = void (*)(const PixelRun& run, float weight, float* sums);

/// out[i] = sum over t < taps of weights[i * taps + t] * line[first[i] + t] for i < count. Reads up to kRunSlack floats
/// behind a line's kRunPixels; they must be finite.
using FilterLine = void (*)(const float* line, const int32_t* first, const float* weights, int taps, int count,
                            float* out);

struct PixelKernels {
  AddPixels add;
  FilterLine filter;
};

#define LACUNA_PIXELS_KERNELS(isa, kernels) extern const PixelKernels kernels;
#include "kernels/pixels/kernels.inc"
#undef LACUNA_PIXELS_KERNELS

/// One line of kernels.inc.
struct PixelsEntry {
  Isa isa;
  const char* name;
  const PixelKernels* kernels;
};

/// The best tier of `isas`.
const PixelsEntry& select_pixels(IsaMask isas);

}  // namespace lacuna
