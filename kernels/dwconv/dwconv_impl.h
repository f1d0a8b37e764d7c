// Depthwise convolution over the tier's Vec.
#pragma once

#include "kernels/dwconv/dwconv.h"
#include "kernels/tile_impl.h"
#include "kernels/window_impl.h"

namespace lacuna {
namespace {

/// Residual, clamp and store of the pixels at y + at.
template <bool kMasked>
inline void end_pixels(const DwconvTile& t, int64_t at, int tail, Vec sum) {
  using Pixels = Run<1, kMasked>;
  if (t.residual != nullptr) sum = add(sum, Pixels::load_lanes(t.residual + at, 0, tail));
  if (t.clamps) sum = clamp(sum, splat(t.low), splat(t.high));
  Pixels::store_lanes(t.y + at, 0, tail, sum);
}

/// Calls body.template run<kMasked>(first, tail) for each vector of n neighbouring outputs.
template <class Body>
inline void for_each_vector(int64_t n, const Body& body) {
  int64_t first = 0;
  for (; first + Vec::kLanes <= n; first += Vec::kLanes) body.template run<false>(first, Vec::kLanes);
  if (first < n) body.template run<true>(first, static_cast<int>(n - first));
}

/// What the taps of one vector of outputs read of an input row; with stride 2, two taps share two vectors.
template <int kKernel, int kStride>
struct RowTaps {
  RowTaps(const DwconvPlan& plan, int64_t column) {
    const int64_t entries = (plan.width.out + kMaskOutputs - 1) / kMaskOutputs;
    const auto shift = static_cast<int>(column % kMaskOutputs * kStride);
#pragma GCC unroll 8
    for (int kx = 0; kx < kKernel; kx += kStride) {
      const uint32_t bits = plan.masks[kx * entries + column / kMaskOutputs] >> shift;
      low[kx / kStride] = load_mask(bits);
      if (kStride == 2) high[kx / kStride] = load_mask(bits >> Vec::kLanes);
    }
  }
  void load(const float* x, Vec* taps) const {
#pragma GCC unroll 8
    for (int kx = 0; kx < kKernel; kx += kStride) {
      const Vec first = load_masked(x + kx, low[kx / kStride]);
      if (kStride == 1) {
        taps[kx] = first;
        continue;
      }
      const Vec second = load_masked(x + kx + Vec::kLanes, high[kx / kStride]);
      taps[kx] = even_lanes(first, second);
      if (kx + 1 < kKernel) taps[kx + 1] = odd_lanes(first, second);
    }
  }
  static constexpr int kLoads = (kKernel + kStride - 1) / kStride;
  LoadMask low[kLoads];
  LoadMask high[kLoads];
};

template <int kKernel, int kStride>
struct RowsBody {
  const DwconvTile& t;
  Vec weights[kKernel * kKernel];

  explicit RowsBody(const DwconvTile& tile) : t(tile) {
#pragma GCC unroll 49
    for (int i = 0; i < kKernel * kKernel; ++i) weights[i] = splat(tile.weights[i]);
  }

  /// R output rows from `row` on share the rows that they both read. `x` is the first of these; kEdge: some lie
  /// outside.
  template <int R, bool kEdge, bool kMasked>
  void convolve(const RowTaps<kKernel, kStride>& taps, const float* x, int64_t row, int64_t column, int tail) const {
    const int64_t in_width = t.plan->width.in, out_width = t.plan->width.out;
    const int64_t y = row * kStride - t.plan->height.pad;
    Vec sum[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) sum[r] = splat(t.bias);
#pragma GCC unroll 9
    for (int i = 0; i < (R - 1) * kStride + kKernel; ++i) {
      if (kEdge && (y + i < 0 || y + i >= t.plan->height.in)) continue;
      Vec pixels[kKernel];
      taps.load(x + i * in_width, pixels);
#pragma GCC unroll 8
      for (int kx = 0; kx < kKernel; ++kx) {
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          const int ky = i - r * kStride;
          if (ky >= 0 && ky < kKernel) sum[r] = fma(pixels[kx], weights[ky * kKernel + kx], sum[r]);
        }
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      end_pixels<kMasked>(t, (row - t.first_row + r) * out_width + column, tail, sum[r]);
    }
  }

  template <int R, bool kMasked>
  void convolve(const RowTaps<kKernel, kStride>& taps, int64_t row, int64_t column, int tail) const {
    const Window& height = t.plan->height;
    const int64_t y = row * kStride - height.pad;
    const float* x = t.x + y * t.plan->width.in + column * kStride - t.plan->width.pad;
    if (y >= 0 && y + (R - 1) * kStride + kKernel <= height.in) {
      convolve<R, false, kMasked>(taps, x, row, column, tail);
    } else {
      convolve<R, true, kMasked>(taps, x, row, column, tail);
    }
  }

  template <bool kMasked>
  void run(int64_t column, int tail) const {
    const RowTaps<kKernel, kStride> taps(*t.plan, column);
    const int64_t end = t.first_row + t.rows;
    int64_t row = t.first_row;
    if (kKernel == 3 && kStride == 1) {
      for (; row + 4 <= end; row += 4) convolve<4, kMasked>(taps, row, column, tail);
    }
    for (; row + 2 <= end; row += 2) convolve<2, kMasked>(taps, row, column, tail);
    if (row < end) convolve<1, kMasked>(taps, row, column, tail);
  }
};

template <int kKernel, int kStride>
inline void convolve_rows(const DwconvTile& t) {
  for_each_vector(t.plan->width.out, RowsBody<kKernel, kStride>(t));
}

/// NR vectors of pixels from `pixel` on, a multiple of kMaskOutputs.
struct FlatBody {
  const DwconvTile& t;
  int64_t pixel;

  template <int NR, bool kMasked>
  void run(int tail) const {
    const DwconvPlan& plan = *t.plan;
    const int64_t taps = plan.height.kernel * plan.width.kernel;
    const int64_t mask_stride = (plan.height.out * plan.width.out + kMaskOutputs - 1) / kMaskOutputs;
    const uint32_t* masks = plan.masks + pixel / kMaskOutputs;
    const int64_t* shifts = plan.shifts;
    const float* weights = t.weights;
    const float* x = t.x + pixel;
    Vec sum[NR];
#pragma GCC unroll 4
    for (int j = 0; j < NR; ++j) sum[j] = splat(t.bias);
    for (int64_t tap = 0; tap < taps; ++tap, masks += mask_stride) {
      const Vec weight = splat(weights[tap]);
      const float* from = x + shifts[tap];
#pragma GCC unroll 4
      for (int j = 0; j < NR; ++j) {
        const auto first = static_cast<int>(j * Vec::kLanes);
        const LoadMask mask = load_mask(masks[first / kMaskOutputs] >> first % kMaskOutputs);
        sum[j] = fma(load_masked(from + first, mask), weight, sum[j]);
      }
    }
#pragma GCC unroll 4
    for (int j = 0; j < NR; ++j) {
      const int64_t at = pixel + j * Vec::kLanes;
      if (kMasked && j == NR - 1) {
        end_pixels<true>(t, at, tail, sum[j]);
      } else {
        end_pixels<false>(t, at, Vec::kLanes, sum[j]);
      }
    }
  }
};

inline void convolve_flat(const DwconvTile& t) {
  constexpr int kVectors = 4;
  constexpr int kRun = kVectors * Vec::kLanes;
  const int64_t pixels = t.rows * t.plan->width.out;
  for (int64_t pixel = 0; pixel < pixels; pixel += kRun) {
    const int64_t left = pixels - pixel;
    for_run<kVectors>(static_cast<int>(left < kRun ? left : kRun), FlatBody{t, pixel});
  }
}

/// Copies input rows [first, first + rows) with zeros outside the plane.
inline void copy_border(const DwconvTile& t, int64_t first, int64_t rows) {
  const DwconvPlan& plan = *t.plan;
  const float* end_of_plane = t.x + plan.height.in * plan.width.in;
  for (int64_t i = 0; i < plan.phase_count; ++i) {
    const Window& window = plan.phases[i].window;
    const InsideRange inside(window, 0);
    float* to = t.scratch + plan.phases[i].offset;
    for (int64_t row = first; row < first + rows; ++row, to += plan.row_stride) {
      if (row < 0 || row >= plan.height.in) {
        zero_row(to, window.out);
      } else {
        copy_window_row(to, t.x + row * plan.width.in, end_of_plane, window, 0, inside, 0, window.out);
      }
    }
  }
}

struct BorderedRowBody {
  const DwconvTile& t;
  int64_t row;  ///< of the strip

  template <bool kMasked>
  void run(int64_t column, int tail) const {
    const DwconvPlan& plan = *t.plan;
    const float* x = t.scratch + row * plan.height.stride * plan.row_stride + column;
    const float* weight = t.weights;
    Vec sum = splat(t.bias);
    for (int64_t ky = 0; ky < plan.height.kernel; ++ky, x += plan.height.dilation * plan.row_stride) {
      for (int64_t kx = 0; kx < plan.width.kernel; ++kx) {
        sum = fma(load(x + plan.shifts[kx]), splat(*weight++), sum);
      }
    }
    end_pixels<kMasked>(t, row * plan.width.out + column, tail, sum);
  }
};

inline void convolve_bordered(const DwconvTile& t) {
  const Window& height = t.plan->height;
  const int64_t rows = (t.rows - 1) * height.stride + (height.kernel - 1) * height.dilation + 1;
  copy_border(t, height.position(t.first_row, 0), rows);
  for (int64_t row = 0; row < t.rows; ++row) for_each_vector(t.plan->width.out, BorderedRowBody{t, row});
}

}  // namespace
}  // namespace lacuna
