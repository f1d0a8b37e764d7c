// Depthwise convolution over the tier's Vec.
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>

#include "kernels/dwconv/column_filter.h"
#include "kernels/window_impl.h"

namespace lacuna {
namespace {

/// Residual, clamp and store of the pixels at y + at.
template <bool kMasked>
inline void end_pixels(const DwconvTile& t, const Plane& p, int64_t at, int tail, Vec sum) {
  using Pixels = Run<1, kMasked>;
  if (is_built(DepthwiseTrait::kResidual) && p.residual != nullptr)
    sum = add(sum, Pixels::load_lanes(p.residual + at, 0, tail));
  if (t.clamps) sum = clamp(sum, splat(t.low), splat(t.high));
  Pixels::store_lanes(p.y + at, 0, tail, sum);
}

/// Calls body.template run<kMasked>(first, tail) for each vector of n neighbouring outputs.
template <class Body>
inline void for_each_vector(int64_t n, const Body& body) {
  int64_t first = 0;
  for (; first + Vec::kLanes <= n; first += Vec::kLanes) body.template run<false>(first, Vec::kLanes);
  if (first < n) body.template run<true>(first, static_cast<int>(n - first));
}

/// Ends the vector at y + at, of which the first n pixels are to be written; any n above kLanes: all.
LACUNA_DWCONV_INLINE void end_vector(const DwconvTile& t, const Plane& p, int64_t at, int64_t n, Vec sum) {
  if (n >= Vec::kLanes) {
    end_pixels<false>(t, p, at, Vec::kLanes, sum);
  } else {
    end_pixels<true>(t, p, at, static_cast<int>(n), sum);
  }
}

/// A square window. kCentre: the tap that reads, of the input positions under a vector of outputs, those of its lanes.
template <int kKernel, int kStride, int kCentre>
struct RowsFilter {
  static constexpr int kStep = kStride * Vec::kLanes;
  static constexpr int kTaps = kKernel * kKernel;
  const DwconvTile& t;
  const Plane p;
  Vec weights[kTaps];

  RowsFilter(const DwconvTile& tile, const Plane& plane) : t(tile), p(plane) {
#pragma GCC unroll 49
    for (int i = 0; i < kTaps; ++i) weights[i] = splat(plane.weights[i]);
  }

  /// Adds what input row i of a group gives to R output rows.
  template <int R>
  LACUNA_DWCONV_INLINE static void add_row(const Vec* weights, int i, const Vec* taps, Vec* sum) {
#pragma GCC unroll 8
    for (int kx = 0; kx < kKernel; ++kx) {
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        const int ky = i - r * kStride;
        if (ky >= 0 && ky < kKernel) sum[r] = fma(taps[kx], weights[ky * kKernel + kx], sum[r]);
      }
    }
  }

  /// spills: rows are shorter than a vector; lanes behind a row are written over by the next one, of those in the
  /// strip.
  template <int R>
  LACUNA_DWCONV_INLINE void end_rows(int64_t row, int64_t column, bool spills, const Vec* sum) const {
    const int64_t width = t.plan->width.out;
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const Vec pixels = kStride == 2 && !Vec::kCheapShifts ? in_order(sum[r]) : sum[r];
      const int64_t at = (row - t.first_row + r) * width + column;
      end_vector(t, p, at, spills ? t.rows * width - at : width - column, pixels);
    }
  }

  /// kStep positions of an input row: as they are, or its even and its odd ones.
  struct Block {
    Vec part[kStride];
  };
  struct BlockMask {
    LoadMask part[kStride];
  };
  LACUNA_DWCONV_INLINE BlockMask block_mask(int64_t first) const {
    const uint32_t bits = inside_bits(t.plan->inside, first);
    if constexpr (kStride == 1) {
      return {{load_mask(bits)}};
    } else {
      return {{load_mask(bits), load_mask(bits >> Vec::kLanes)}};
    }
  }
  LACUNA_DWCONV_INLINE static Block split(Vec low, Vec high) {
    if constexpr (kStride == 1) return {{low}};
    if constexpr (kStride == 2) return {{even_lanes(low, high), odd_lanes(low, high)}};
  }
  template <bool kMasked>
  LACUNA_DWCONV_INLINE static Block load_block(const float* x, const BlockMask& mask) {
    const Vec low = kMasked ? load_masked(x, mask.part[0]) : load(x);
    if constexpr (kStride == 1) return split(low, low);
    const float* behind = x + Vec::kLanes;
    return split(low, kMasked ? load_masked(behind, mask.part[kStride - 1]) : load(behind));
  }

  /// What tap kx of a vector of outputs reads, of three neighbouring blocks.
  template <int kx>
  LACUNA_DWCONV_INLINE static Vec shifted(const Block& previous, const Block& current, const Block& next) {
    constexpr int kPart = (kx - kCentre) & (kStride - 1);
    constexpr int kShift = (kx - kCentre - kPart) / kStride;
    if constexpr (kShift < 0) {
      return lanes_from<Vec::kLanes + kShift>(previous.part[kPart], current.part[kPart]);
    } else if constexpr (kShift > 0) {
      return lanes_from<kShift>(current.part[kPart], next.part[kPart]);
    } else {
      return current.part[kPart];
    }
  }
  template <int... kx>
  LACUNA_DWCONV_INLINE static void shift_taps(const Block& previous, const Block& current, const Block& next, Vec* taps,
                                              std::integer_sequence<int, kx...>) {
    ((taps[kx] = shifted<kx>(previous, current, next)), ...);
  }

  /// R output rows from `row` on, which share the rows that they read. Each vector of input is loaded once; neighbours
  /// are shifted in from the vectors beside it.
  template <int R>
  LACUNA_DWCONV_INLINE void filter_by_shifts(int64_t row) const {
    constexpr int kInputs = (R - 1) * kStride + kKernel;
    constexpr bool kReadsPrevious = kCentre > 0;
    constexpr bool kReadsNext = (kKernel - 1 - kCentre) / kStride > 0;
    const InputRows<kInputs, float> rows(t, p, row * kStride - t.plan->height.pad);
    const int64_t width = t.plan->width.out, in = t.plan->width.in;
    int64_t first = kCentre - t.plan->width.pad;  ///< of the input positions under a vector of outputs
    int64_t column = 0;
    Block previous[kInputs], current[kInputs];
    const BlockMask first_mask = block_mask(first);
#pragma GCC unroll 16
    for (int i = 0; i < kInputs; ++i) {
      for (Vec& part : previous[i].part) part = zero();
      if (kReadsNext) current[i] = load_block<true>(rows.at[i] + first, first_mask);
    }
    if (kReadsPrevious && first > 0) {
      const BlockMask mask = block_mask(first - kStep);
#pragma GCC unroll 16
      for (int i = 0; i < kInputs; ++i) previous[i] = load_block<true>(rows.at[i] + first - kStep, mask);
    }
    const auto filter = [&](int64_t loaded, auto masked) __attribute__((always_inline)) {
      const BlockMask mask = block_mask(loaded);
      Vec sum[R];
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sum[r] = splat(p.bias);
#pragma GCC unroll 16
      for (int i = 0; i < kInputs; ++i) {
        const Block next = load_block<decltype(masked)::value>(rows.at[i] + loaded, mask);
        if (!kReadsNext) current[i] = next;
        Vec taps[kKernel];
        shift_taps(previous[i], current[i], next, taps, std::make_integer_sequence<int, kKernel>());
        add_row<R>(weights, i, taps, sum);
        previous[i] = current[i];
        current[i] = next;
      }
      end_rows<R>(row, column, false, sum);
      column += Vec::kLanes;
    };
    int64_t loaded = kReadsNext ? first + kStep : first;
    if (!kReadsNext && loaded < 0) {
      filter(loaded, std::true_type());
      loaded += kStep;
    }
    for (; loaded + kStep <= in && column < width; loaded += kStep) filter(loaded, std::false_type());
    // NOLINTNEXTLINE(bugprone-infinite-loop): filter advances the column
    while (column < width) {
      filter(loaded, std::true_type());
      loaded += kStep;
    }
  }

  /// A vector of outputs takes the whole row, and what it reads lies in one block.
  bool is_narrow() const {
    const Window& w = t.plan->width;
    return w.out <= Vec::kLanes && w.pad >= kCentre && kCentre - w.pad + kStep >= w.in;
  }
  /// kHalf: of a block of two vectors only the first has positions inside the row.
  template <int R, bool kHalf>
  LACUNA_DWCONV_INLINE void filter_narrow(int64_t row, const BlockMask& mask) const {
    constexpr int kInputs = (R - 1) * kStride + kKernel;
    const InputRows<kInputs, float> rows(t, p, row * kStride - t.plan->height.pad);
    const int64_t first = kCentre - t.plan->width.pad;
    Block none;
    for (Vec& part : none.part) part = zero();
    Vec sum[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) sum[r] = splat(p.bias);
#pragma GCC unroll 16
    for (int i = 0; i < kInputs; ++i) {
      Vec taps[kKernel];
      const float* x = rows.at[i] + first;
      const Block block = kHalf ? split(load_masked(x, mask.part[0]), zero()) : load_block<true>(x, mask);
      shift_taps(none, block, none, taps, std::make_integer_sequence<int, kKernel>());
      add_row<R>(weights, i, taps, sum);
    }
    end_rows<R>(row, 0, true, sum);
  }

  /// The taps of a vector of outputs, each loaded where it lies. kEdges: bits of those that lie outside the row in
  /// part.
  template <unsigned kEdges>
  LACUNA_DWCONV_INLINE static void load_taps(const float* x, const BlockMask* masks, Vec* taps) {
#pragma GCC unroll 8
    for (int kx = 0; kx < kKernel; kx += kStride) {
      const bool kEdge = (kEdges >> kx & 1) != 0;
      const Vec first = kEdge ? load_masked(x + kx, masks[kx].part[0]) : load(x + kx);
      if (kStride == 1) {
        taps[kx] = first;
        continue;
      }
      const float* behind = x + kx + Vec::kLanes;
      const Vec second = kEdge ? load_masked(behind, masks[kx].part[kStride - 1]) : load(behind);
      taps[kx] = even_lanes_unordered(first, second);
      if (kx + 1 < kKernel) taps[kx + 1] = odd_lanes_unordered(first, second);
    }
  }

  /// R output rows from `row` on, of the vector of outputs at `column`.
  template <int R, unsigned kEdges>
  LACUNA_DWCONV_INLINE void filter_by_loads(int64_t row, int64_t column, const BlockMask* masks) const {
    constexpr int kInputs = (R - 1) * kStride + kKernel;
    const int64_t first = column * kStride - t.plan->width.pad;
    const InputRows<kInputs, float> rows(t, p, row * kStride - t.plan->height.pad);
    Vec sum[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) sum[r] = splat(p.bias);
#pragma GCC unroll 16
    for (int i = 0; i < kInputs; ++i) {
      Vec taps[kKernel];
      load_taps<kEdges>(rows.at[i] + first, masks, taps);
      add_row<R>(weights, i, taps, sum);
    }
    end_rows<R>(row, column, t.plan->width.out < Vec::kLanes, sum);
  }

  template <unsigned kEdges>
  LACUNA_DWCONV_INLINE void filter_column(int64_t column) const {
    BlockMask masks[kKernel];
    if (kEdges != 0) {
#pragma GCC unroll 8
      for (int kx = 0; kx < kKernel; kx += kStride) masks[kx] = block_mask(column * kStride - t.plan->width.pad + kx);
    }
    if constexpr (kKernel == 3) return filter_downwards<kEdges>(column, masks);
    for_rows([&](int64_t row, auto rows) __attribute__((always_inline)) {
      filter_by_loads<decltype(rows)::value, kEdges>(row, column, masks);
    });
  }

  /// The sum of an output row and what an input row gives it by kernel row ky.
  LACUNA_DWCONV_INLINE Vec add_taps(int ky, const Vec* taps, Vec sum) const {
#pragma GCC unroll 8
    for (int kx = 0; kx < kKernel; ++kx) sum = fma(taps[kx], weights[ky * kKernel + kx], sum);
    return sum;
  }

  /// The vectors of outputs at `column` from the first row to the last: an input row is loaded once for all output rows
  /// that read it.
  template <unsigned kEdges>
  LACUNA_DWCONV_INLINE void filter_downwards(int64_t column, const BlockMask* masks) const {
    static_assert(kKernel == 3, "an output row ends with the input row that the next but one begins with");
    // Copies, which no store to y could change.
    const DwconvTile tile = t;
    const Plane plane = p;
    const float* const zeros = t.plan->zeros;
    const int64_t in = t.plan->width.in, out = t.plan->width.out, end = t.rows * out;
    const int64_t first = column * kStride - t.plan->width.pad;
    const auto pixels = static_cast<uint64_t>(t.plan->height.in * in);
    int64_t pixel = (t.first_row * kStride - t.plan->height.pad) * in;
    Vec taps[kKernel];
    const auto next_row = [&]() __attribute__((always_inline)) {
      load_taps<kEdges>((static_cast<uint64_t>(pixel) < pixels ? plane.x + pixel : zeros) + first, masks, taps);
      pixel += in;
    };
    const Vec bias = splat(p.bias);
    next_row();
    Vec sum = add_taps(0, taps, bias), next = bias;
    if (kStride == 1) {
      next_row();
      sum = add_taps(1, taps, sum);
      next = add_taps(0, taps, bias);
    }
    for (int64_t at = column;; at += out) {
      if (kStride == 2) {
        next_row();
        sum = add_taps(1, taps, sum);
      }
      next_row();
      sum = add_taps(2, taps, sum);
      end_vector(tile, plane, at, out < Vec::kLanes ? end - at : out - column, kStride == 2 ? in_order(sum) : sum);
      if (at + out >= end) return;
      sum = kStride == 1 ? add_taps(1, taps, next) : add_taps(0, taps, bias);
      if (kStride == 1) next = add_taps(0, taps, bias);
    }
  }

  /// Calls filter(row, R) for groups of R rows.
  template <class Filter>
  LACUNA_DWCONV_INLINE void for_rows(const Filter& filter) const {
    const int64_t end = t.first_row + t.rows;
    int64_t row = t.first_row;
    for (; row + kRows <= end; row += kRows) filter(row, std::integral_constant<int, kRows>());
    if (kRows > 2 && row + 2 <= end) {
      filter(row, std::integral_constant<int, 2>());
      row += 2;
    }
    if (row < end) filter(row, std::integral_constant<int, 1>());
  }

  LACUNA_DWCONV_INLINE void run() const {
    if constexpr (Vec::kCheapShifts) {
      if (is_narrow()) {
        const int64_t first = kCentre - t.plan->width.pad;
        const BlockMask mask = block_mask(first);
        if (kStride == 2 && first + Vec::kLanes >= t.plan->width.in) {
          for_rows([&](int64_t row, auto rows)
                       __attribute__((always_inline)) { filter_narrow<decltype(rows)::value, true>(row, mask); });
        } else {
          for_rows([&](int64_t row, auto rows)
                       __attribute__((always_inline)) { filter_narrow<decltype(rows)::value, false>(row, mask); });
        }
      } else {
        for_rows([&](int64_t row, auto rows)
                     __attribute__((always_inline)) { filter_by_shifts<decltype(rows)::value>(row); });
      }
    } else {
      // The last vector of a row begins early enough to be a whole one.
      constexpr int kReach = (kKernel - 1) / kStride * kStride + kStep;  // positions read from the first tap on
      constexpr bool kOneEdge = kKernel == 3 && kStride == 1;            // the rule: one tap lies outside
      const Window& w = t.plan->width;
      const int64_t last = std::max<int64_t>(w.out - Vec::kLanes, 0);
      for (int64_t next = 0; next < w.out; next += Vec::kLanes) {
        const int64_t column = std::min(next, last), first = column * kStride - w.pad;
        const int64_t behind = first + kReach - w.in;
        if (first >= 0 && behind <= 0) {
          filter_column<0>(column);
        } else if (kOneEdge && first == -1 && behind <= 0) {
          filter_column<1>(column);
        } else if (kOneEdge && first >= 0 && behind == 1) {
          filter_column<1u << (kKernel - 1)>(column);
        } else {
          filter_column<~0u>(column);
        }
      }
    }
  }

  /// As many rows as leave registers for the rest.
  static constexpr bool kFour = kStride == 1 ? kKernel <= 5 : kKernel == 3;
  static constexpr int kRows = Vec::kCheapShifts && !kFour ? 2 : 4;
};

template <int kKernel, int kStride, int kCentre>
inline void filter_planes(const DwconvTile& tile) {
  if constexpr (Vec::kCheapMasks) return ColumnFilter<kKernel, kStride, kCentre>::run(tile);
  for_each_plane(tile, [](const DwconvTile& t, const Plane& p) { RowsFilter<kKernel, kStride, kCentre>(t, p).run(); });
}

template <int kKernel, int kStride>
inline void convolve_rows(const DwconvTile& tile) {
  if constexpr (kStride == 1) {
    filter_planes<kKernel, 1, kKernel / 2>(tile);
  } else if constexpr (Vec::kCheapMasks || (kKernel == 3 && Vec::kCheapShifts)) {
    // Even pads leave tap 0 or 2 where the vector begins, odd ones tap 1: the loads stay aligned.
    if (tile.plan->width.pad % 2 == 0) {
      filter_planes<kKernel, kStride, Vec::kCheapMasks ? (kKernel - 1) / 4 * 2 : 0>(tile);
    } else {
      filter_planes<kKernel, kStride, 1>(tile);
    }
  } else {
    filter_planes<kKernel, kStride, 0>(tile);
  }
}

/// NR vectors of pixels from `pixel` on, a multiple of kMaskOutputs.
struct FlatBody {
  const DwconvTile& t;
  const Plane& p;
  int64_t pixel;

  template <int NR, bool kMasked>
  void run(int tail) const {
    const DwconvPlan& plan = *t.plan;
    const int64_t taps = plan.height.kernel * plan.width.kernel;
    const int64_t mask_stride = (plan.height.out * plan.width.out + kMaskOutputs - 1) / kMaskOutputs;
    const uint32_t* masks = plan.masks + pixel / kMaskOutputs;
    const int64_t* shifts = plan.shifts;
    const float* weights = p.weights;
    const float* x = p.x + pixel;
    Vec sum[NR];
#pragma GCC unroll 4
    for (int j = 0; j < NR; ++j) sum[j] = splat(p.bias);
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
        end_pixels<true>(t, p, at, tail, sum[j]);
      } else {
        end_pixels<false>(t, p, at, Vec::kLanes, sum[j]);
      }
    }
  }
};

inline void flat_plane(const DwconvTile& t, const Plane& p) {
  constexpr int kVectors = 4;
  constexpr int kRun = kVectors * Vec::kLanes;
  const int64_t pixels = t.rows * t.plan->width.out;
  for (int64_t pixel = 0; pixel < pixels; pixel += kRun) {
    const int64_t left = pixels - pixel;
    for_run<kVectors>(static_cast<int>(left < kRun ? left : kRun), FlatBody{t, p, pixel});
  }
}

/// Copies input rows [first, first + rows) with zeros outside the plane.
inline void copy_border(const DwconvTile& t, const Plane& p, int64_t first, int64_t rows) {
  const DwconvPlan& plan = *t.plan;
  const float* end_of_plane = p.x + plan.height.in * plan.width.in;
  for (int64_t i = 0; i < plan.phase_count; ++i) {
    const Window& window = plan.phases[i].window;
    const InsideRange inside(window, 0);
    float* to = t.scratch + plan.phases[i].offset;
    for (int64_t row = first; row < first + rows; ++row, to += plan.row_stride) {
      if (row < 0 || row >= plan.height.in) {
        zero_row(to, window.out);
      } else {
        copy_window_row(to, p.x + row * plan.width.in, end_of_plane, window, 0, inside, 0, window.out);
      }
    }
  }
}

struct BorderedRowBody {
  const DwconvTile& t;
  const Plane& p;
  int64_t row;  ///< of the strip

  template <bool kMasked>
  void run(int64_t column, int tail) const {
    const DwconvPlan& plan = *t.plan;
    const float* x = t.scratch + row * plan.height.stride * plan.row_stride + column;
    const float* weight = p.weights;
    Vec sum = splat(p.bias);
    for (int64_t ky = 0; ky < plan.height.kernel; ++ky, x += plan.height.dilation * plan.row_stride) {
      for (int64_t kx = 0; kx < plan.width.kernel; ++kx) {
        sum = fma(load(x + plan.shifts[kx]), splat(*weight++), sum);
      }
    }
    end_pixels<kMasked>(t, p, row * plan.width.out + column, tail, sum);
  }
};

inline void bordered_plane(const DwconvTile& t, const Plane& p) {
  const Window& height = t.plan->height;
  const int64_t rows = (t.rows - 1) * height.stride + (height.kernel - 1) * height.dilation + 1;
  copy_border(t, p, height.position(t.first_row, 0), rows);
  for (int64_t row = 0; row < t.rows; ++row) for_each_vector(t.plan->width.out, BorderedRowBody{t, p, row});
}

inline void convolve_flat(const DwconvTile& tile) { for_each_plane(tile, flat_plane); }
inline void convolve_bordered(const DwconvTile& tile) { for_each_plane(tile, bordered_plane); }

}  // namespace
}  // namespace lacuna
