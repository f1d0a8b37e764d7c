// Planes of a tile and their rows, in front of which the tier's Vec comes.
#pragma once

#include <cstring>

#include "kernels/dwconv/dwconv.h"

/// Arrays of vectors stay in registers only where everything that takes them is inlined.
#define LACUNA_DWCONV_INLINE inline __attribute__((always_inline))

namespace lacuna {
namespace {

/// One plane of a tile.
template <class T>
struct PlaneOf {
  const T* x;
  const T* weights;
  float bias;
  T* y;
  const T* residual;
};

/// Visits the planes of a tile: visit(tile, plane).
template <class T, class Visit>
inline void for_each_plane(const DwconvTileOf<T>& t, const Visit& visit) {
  const int64_t taps = t.plan->height.kernel * t.plan->width.kernel;
  for (int64_t i = 0; i < t.planes; ++i) {
    visit(t, PlaneOf<T>{t.x + i * t.x_stride, t.weights + i * taps, t.bias != nullptr ? t.bias[i] : 0.0f,
                        t.y + i * t.y_stride, t.residual != nullptr ? t.residual + i * t.residual_stride : nullptr});
  }
}

/// Bit i: position `first` + i is inside (DwconvPlan::inside).
inline uint32_t inside_bits(const uint8_t* inside, int64_t first) {
  const auto bit = static_cast<uint64_t>(kInsideMargin + first);
  uint64_t bits;
  std::memcpy(&bits, inside + bit / 8, sizeof(bits));
  return static_cast<uint32_t>(bits >> bit % 8);
}

/// The input rows from `first` on; those outside the plane are zeros.
template <int N, class T>
struct InputRows {
  LACUNA_DWCONV_INLINE InputRows(const DwconvTileOf<T>& t, const PlaneOf<T>& p, int64_t first) {
    const int64_t height = t.plan->height.in, width = t.plan->width.in;
    const T* const zeros = reinterpret_cast<const T*>(t.plan->zeros);
    if (first >= 0 && first + N <= height) {
#pragma GCC unroll 16
      for (int i = 0; i < N; ++i) at[i] = p.x + (first + i) * width;
      return;
    }
    const auto pixels = static_cast<uint64_t>(height * width);
    int64_t pixel = first * width;
#pragma GCC unroll 20
    for (int i = 0; i < N; ++i, pixel += width) {
      at[i] = static_cast<uint64_t>(pixel) < pixels ? p.x + pixel : zeros;
    }
  }
  const T* at[N];
};

}  // namespace
}  // namespace lacuna
