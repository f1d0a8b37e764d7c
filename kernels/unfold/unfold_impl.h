// Unfold over the tier's Vec.
#pragma once

#include "kernels/tile_impl.h"
#include "kernels/unfold/unfold.h"
#include "kernels/window_impl.h"

namespace lacuna {
namespace {

/// Bits [first, end), end <= 64.
inline uint64_t bits_between(int64_t first, int64_t end) {
  if (first >= end) return 0;
  const uint64_t below_end = end == 64 ? ~uint64_t{0} : (uint64_t{1} << end) - 1;
  return below_end & ~((uint64_t{1} << first) - 1);
}

/// Bit i becomes bit 2 * i, of 16.
inline uint32_t spread_bits(uint32_t bits) {
  bits = (bits | bits << 8) & 0x00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f;
  bits = (bits | bits << 2) & 0x33333333;
  return (bits | bits << 1) & 0x55555555;
}

/// Calls visit(row, x, p, n) for each output row of the tile, whose first pixel is x of row: pixels [p, p + n) of the
/// tile are row's from x on.
template <class Visit>
inline void for_each_row(const UnfoldPixels& t, int64_t row, int64_t x, Visit visit) {
  for (int64_t p = 0; p < t.pixels; ++row, x = 0) {
    const int64_t n = t.in.width.out - x < t.pixels - p ? t.in.width.out - x : t.pixels - p;
    visit(row, x, p, n);
    p += n;
  }
}

/// Planes (channel, kz), one after the other.
class PlaneCursor {
 public:
  explicit PlaneCursor(const UnfoldInput& in) : in_(in), channel_(in.x) { locate(); }
  /// Null: outside in depth.
  const float* plane() const { return plane_; }
  void next() {
    if (++kz_ == in_.depth.kernel) {
      kz_ = 0;
      channel_ += in_.channel_stride;
    }
    locate();
  }

 private:
  void locate() {
    const int64_t z = in_.depth.position(in_.out_depth, kz_);
    plane_ = z < 0 || z >= in_.depth.in ? nullptr : channel_ + z * in_.height.in * in_.width.in;
  }

  const UnfoldInput& in_;
  int64_t kz_ = 0;
  const float* channel_;
  const float* plane_ = nullptr;
};

inline int64_t planes_of(const UnfoldInput& in) { return in.channels * in.depth.kernel; }

/// What a tap reads for each pixel of a tile: the same in all planes.
class TapReader {
 public:
  TapReader(const UnfoldPixels& t, int64_t ky, int64_t kx, int64_t row, int64_t x) : pixels_(t.pixels) {
    const Window& height = t.in.height;
    const Window& width = t.in.width;
    const InsideRange inside(width, kx);
    for_each_row(t, row, x, [&](int64_t o, int64_t first, int64_t p, int64_t n) {
      const int64_t y = height.position(o, ky);
      const bool row_inside = y >= 0 && y < height.in;
      for (int64_t i = 0; i < n; ++i) {
        const int64_t column = first + i;
        if (row_inside && column >= inside.first && column < inside.end) {
          offsets_[p + i] = y * width.in + width.position(column, kx);
        } else {
          offsets_[p + i] = 0;
          outside_[outsiders_++] = static_cast<int>(p + i);
        }
      }
    });
  }

  void copy(const float* plane, float* to) const {
#pragma GCC unroll 4
    for (int p = 0; p < pixels_; ++p) to[p] = plane[offsets_[p]];
    for (int i = 0; i < outsiders_; ++i) to[outside_[i]] = 0;
  }

 private:
  int pixels_;
  int outsiders_ = 0;
  int64_t offsets_[kWideTilePixels];  ///< in a plane; 0 where the tap is outside
  int outside_[kWideTilePixels];      ///< pixels for which it is
};

/// Any window.
inline void unfold_by_taps(const UnfoldPixels& t, int64_t row, int64_t x, float* out) {
  const int64_t taps = t.in.height.kernel * t.in.width.kernel;
  for (int64_t tap = 0; tap < taps; ++tap) {
    const TapReader reader(t, tap / t.in.width.kernel, tap % t.in.width.kernel, row, x);
    PlaneCursor cursor(t.in);
    for (int64_t plane = 0; plane < planes_of(t.in); ++plane, cursor.next()) {
      float* to = out + (plane * taps + tap) * t.column_stride;
      if (cursor.plane() != nullptr) {
        reader.copy(cursor.plane(), to);
      } else {
        zero_row(to, t.pixels);
      }
    }
  }
}

/// Every second position, row by row: rows of outputs are long enough to be worth vectors.
inline bool copies_rows(const UnfoldPixels& t) { return t.in.width.stride == 2 && 2 * t.in.width.out >= Vec::kLanes; }

/// to[i] = from[2 * i] for i in [0, n); more of the `writable` floats may be written. `readable` floats follow `from`.
inline void copy_evens(float* to, const float* from, int64_t n, int64_t writable, int64_t readable) {
  int64_t i = 0;
  for (; i < n && i + Vec::kLanes <= writable && 2 * (i + Vec::kLanes) <= readable; i += Vec::kLanes) {
    store(to + i, even_lanes(load(from + 2 * i), load(from + 2 * i + Vec::kLanes)));
  }
  for (; i < n; ++i) to[i] = from[2 * i];
}

/// What spills over the end of a row of outputs is overwritten by the next one.
inline void unfold_by_rows(const UnfoldPixels& t, int64_t row, int64_t x, float* out) {
  const Window& height = t.in.height;
  const Window& width = t.in.width;
  const int64_t taps = height.kernel * width.kernel;
  for (int64_t tap = 0; tap < taps; ++tap) {
    const int64_t ky = tap / width.kernel, kx = tap % width.kernel;
    const InsideRange inside(width, kx);
    PlaneCursor cursor(t.in);
    for (int64_t plane = 0; plane < planes_of(t.in); ++plane, cursor.next()) {
      float* column = out + (plane * taps + tap) * t.column_stride;
      for_each_row(t, row, x, [&](int64_t o, int64_t at, int64_t p, int64_t n) {
        const int64_t y = height.position(o, ky);
        if (cursor.plane() == nullptr || y < 0 || y >= height.in) return zero_row(column + p, n);
        const int64_t first = clamp_to(inside.first, at, at + n), end = clamp_to(inside.end, first, at + n);
        const float* from = cursor.plane() + y * width.in + width.position(first, kx);
        float* const to = column + p;
        zero_row(to, first - at);
        if (first < end) {
          const int64_t readable = cursor.plane() + height.in * width.in - from;
          copy_evens(to + (first - at), from, end - first, t.column_stride - p - (first - at), readable);
        }
        zero_row(to + (end - at), at + n - end);
      });
    }
  }
}

/// Where rows of input and output are as long as each other and nothing is strided, a tap shifts the whole tile by a
/// constant; the mask takes out what wraps around an edge.
inline bool shifts_only(const UnfoldPixels& t) {
  return t.in.width.stride == 1 && t.in.height.stride == 1 && t.in.width.in == t.in.width.out && t.column_stride > 1;
}

inline uint64_t rows_inside(const UnfoldPixels& t, int64_t ky) {
  const InsideRange inside(t.in.height, ky);
  const int64_t first = inside.first * t.in.width.out - t.pixel, end = inside.end * t.in.width.out - t.pixel;
  return bits_between(clamp_to(first, 0, t.pixels), clamp_to(end, 0, t.pixels));
}

inline uint64_t columns_inside(const UnfoldPixels& t, int64_t kx, int64_t row, int64_t x) {
  const InsideRange inside(t.in.width, kx);
  uint64_t bits = 0;
  for_each_row(t, row, x, [&](int64_t, int64_t first, int64_t p, int64_t n) {
    bits |= bits_between(p + clamp_to(inside.first, first, first + n) - first,
                         p + clamp_to(inside.end, first, first + n) - first);
  });
  return bits;
}

/// A tap of all planes, `step` floats apart in `out`.
template <int kVecs>
inline void copy_shifted(const UnfoldPixels& t, int64_t shift, uint64_t inside, int64_t step, float* out) {
  LoadMask masks[kVecs];
#pragma GCC unroll 16
  for (int v = 0; v < kVecs; ++v) masks[v] = load_mask(static_cast<uint32_t>(inside >> (v * Vec::kLanes)));
  PlaneCursor cursor(t.in);
  for (int64_t plane = 0; plane < planes_of(t.in); ++plane, out += step, cursor.next()) {
    if (cursor.plane() == nullptr) {
      for (int v = 0; v < kVecs; ++v) store(out + v * Vec::kLanes, zero());
      continue;
    }
    const float* from = cursor.plane() + shift;
#pragma GCC unroll 16
    for (int v = 0; v < kVecs; ++v) {
      store(out + v * Vec::kLanes, load_masked(from + v * Vec::kLanes, masks[v]));
    }
  }
}

/// `vectors` vectors, at most kVecs. Masks of short vectors are bits: they are not worth code for each number of them.
template <int kVecs>
inline void copy_shifted(const UnfoldPixels& t, int vectors, int64_t shift, uint64_t inside, int64_t step, float* out) {
  if constexpr (Vec::kLanes <= 4) {
    for (int v = 0; v < vectors; ++v) {
      const int pixel = v * Vec::kLanes;
      copy_shifted<1>(t, shift + pixel, inside >> pixel, step, out + pixel);
    }
    return;
  }
  if constexpr (kVecs > 1 && Vec::kLanes > 4) {
    if (vectors < kVecs) {
      copy_shifted<kVecs - 1>(t, vectors, shift, inside, step, out);
      return;
    }
  }
  copy_shifted<kVecs>(t, shift, inside, step, out);
}

inline void unfold_by_shifts(const UnfoldPixels& t, int64_t row, int64_t x, float* out) {
  const Window& height = t.in.height;
  const Window& width = t.in.width;
  const int vectors = (t.pixels + Vec::kLanes - 1) / Vec::kLanes;
  for (int64_t kx = 0; kx < width.kernel; ++kx) {
    const uint64_t columns = columns_inside(t, kx, row, x);
    for (int64_t ky = 0; ky < height.kernel; ++ky) {
      const int64_t shift = t.pixel + height.position(0, ky) * width.in + width.position(0, kx);
      copy_shifted<kTilePixels / Vec::kLanes>(t, vectors, shift, rows_inside(t, ky) & columns,
                                              height.kernel * width.kernel * t.column_stride,
                                              out + (ky * width.kernel + kx) * t.column_stride);
    }
  }
}

inline void unfold_pixels(const UnfoldPixels& t, float* out) {
  const int64_t row = t.pixel / t.in.width.out, x = t.pixel % t.in.width.out;
  (shifts_only(t) ? unfold_by_shifts : copies_rows(t) ? unfold_by_rows : unfold_by_taps)(t, row, x, out);
}

/// How the lines of planes that start at one input column are read: the same for all rows and channels.
class LineReader {
 public:
  LineReader(const UnfoldLines& t, int64_t start)
      : stride_(t.in.width.stride),
        vectors_(static_cast<int>((t.pitch + Vec::kLanes - 1) / Vec::kLanes)),
        begin_(start + t.column * stride_) {
    const int64_t in = t.in.width.in;
    first_ = clamp_to(begin_ >= 0 ? 0 : (-begin_ + stride_ - 1) / stride_, 0, t.pitch);
    end_ = clamp_to(begin_ >= in ? 0 : (in - begin_ + stride_ - 1) / stride_, first_, t.pitch);
    whole_first_ = static_cast<int>((first_ + Vec::kLanes - 1) / Vec::kLanes);
    whole_end_ = static_cast<int>(end_ / Vec::kLanes);
    if (whole_end_ < whole_first_) whole_end_ = whole_first_;
    if (stride_ > 2) return;
    for (int v = 0; v < vectors_; ++v) {
      if (kMasksMuch || v < whole_first_ || v >= whole_end_) set_masks(v);
    }
  }

  /// `row` is the first position of an input row.
  void copy(const float* row, float* to) const {
    const float* from = row + begin_;
    if (stride_ == 1) {
      copy_vectors([&](int v) { return load(from + v * Vec::kLanes); },
                   [&](int v) { return load_masked(from + v * Vec::kLanes, near_[v]); }, to);
    } else if (stride_ == 2) {
      copy_vectors(
          [&](int v) {
            const float* p = from + 2 * v * Vec::kLanes;
            return even_lanes(load(p), load(p + Vec::kLanes));
          },
          [&](int v) {
            const float* p = from + 2 * v * Vec::kLanes;
            return even_lanes(load_masked(p, near_[v]), load_masked(p + Vec::kLanes, far_[v]));
          },
          to);
    } else {
      zero(to);
      for (int64_t i = first_; i < end_; ++i) to[i] = from[i * stride_];
    }
  }
  void zero(float* to) const {
    for (int v = 0; v < vectors_; ++v) store(to + v * Vec::kLanes, lacuna::zero());
  }

 private:
  static constexpr int kVectors = static_cast<int>(kMaxPitch) / Vec::kLanes;
  /// Where vectors are short, few need masks.
  static constexpr bool kMasksMuch = Vec::kLanes == 16;

  template <class Whole, class Masked>
  void copy_vectors(const Whole& whole, const Masked& masked, float* to) const {
    const int vectors = vectors_, first = kMasksMuch ? vectors : whole_first_, end = kMasksMuch ? vectors : whole_end_;
    int v = 0;
    for (; v < first; ++v) store(to + v * Vec::kLanes, masked(v));
#pragma GCC unroll 4
    for (; v < end; ++v) store(to + v * Vec::kLanes, whole(v));
    for (; v < vectors; ++v) store(to + v * Vec::kLanes, masked(v));
  }

  void set_masks(int v) {
    const int64_t before = v * Vec::kLanes;
    const auto inside = static_cast<uint32_t>(
        bits_between(clamp_to(first_ - before, 0, Vec::kLanes), clamp_to(end_ - before, 0, Vec::kLanes)));
    const uint32_t bits = stride_ == 2 ? spread_bits(inside) : inside;
    near_[v] = load_mask(bits);
    far_[v] = load_mask(bits >> Vec::kLanes);
  }

  int64_t stride_;
  int vectors_;
  int64_t begin_;                ///< input column of the first float
  int64_t first_, end_;          ///< floats inside the input
  int whole_first_, whole_end_;  ///< vectors of such floats alone
  LoadMask near_[kVectors];
  LoadMask far_[kVectors];  ///< of the second vector, at stride 2
};

inline void unfold_lines(const UnfoldLines& t, float* out) {
  const Window& height = t.in.height;
  const int64_t first_row = t.row * height.stride;
  for (int64_t i = 0; i < t.planes; ++i) {
    const LineReader reader(t, t.starts[i]);
    PlaneCursor cursor(t.in);
    for (int64_t plane = 0; plane < planes_of(t.in); ++plane, cursor.next()) {
      float* to = out + (plane * t.planes + i) * t.plane_stride;
      for (int64_t s = 0; s < t.source_rows; ++s, to += t.pitch) {
        const int64_t y = first_row + t.sources[s];
        if (cursor.plane() == nullptr || y < 0 || y >= height.in) {
          reader.zero(to);
        } else {
          reader.copy(cursor.plane() + y * t.in.width.in, to);
        }
      }
    }
  }
}

inline void fold_line(const FoldLines& t, const float* sums, const float* residual, float* y, Vec low, Vec high) {
  const int64_t columns = t.columns;
  const bool clamps = t.clamps;
  int64_t i = 0;
  for (; i + Vec::kLanes <= columns; i += Vec::kLanes) {
    Vec sum = load(sums + i);
    if (residual != nullptr) sum = add(sum, load(residual + i));
    if (clamps) sum = clamp(sum, low, high);
    store(y + i, sum);
  }
  if (i == columns) return;
  const int lanes = static_cast<int>(columns - i);
  Vec sum = load(sums + i);
  if (residual != nullptr) sum = add(sum, load_first(residual + i, lanes));
  if (clamps) sum = clamp(sum, low, high);
  store_first(y + i, sum, lanes);
}

inline void fold_lines(const FoldLines& t) {
  const Vec low = splat(t.low), high = splat(t.high);
  for (int64_t r = 0; r < t.rows; ++r) {
    for (int64_t l = 0; l < t.lines; ++l) {
      const int64_t at = l * t.line_stride;
      fold_line(t, t.sums + r * t.sums_stride + l * t.pitch,
                t.residual == nullptr ? nullptr : t.residual + r * t.residual_stride + at, t.y + r * t.y_stride + at,
                low, high);
    }
  }
}

}  // namespace
}  // namespace lacuna
