// Unfold over the tier's Vec.
#pragma once

#include "kernels/unfold/unfold.h"
#include "kernels/window_impl.h"
#include "sdk/base/align.h"

namespace lacuna {
namespace {

/// Bits [first, end), end <= 64.
inline uint64_t bits_between(int64_t first, int64_t end) {
  if (first >= end) return 0;
  const uint64_t below_end = end == 64 ? ~uint64_t{0} : (uint64_t{1} << end) - 1;
  return below_end & ~((uint64_t{1} << first) - 1);
}

/// Calls visit(row, x, p, n) for each output row of the tile, whose first pixel is x of row: pixels [p, p + n) of the
/// tile are row's from x on.
template <class Visit>
inline void for_each_row(const UnfoldTile& t, int64_t row, int64_t x, Visit visit) {
  for (int64_t p = 0; p < t.pixels; ++row, x = 0) {
    const int64_t n = t.width.out - x < t.pixels - p ? t.width.out - x : t.pixels - p;
    visit(row, x, p, n);
    p += n;
  }
}

/// Planes of the columns, one after the other.
class ColumnCursor {
 public:
  ColumnCursor(const UnfoldTile& t, int64_t column)
      : tile_(t),
        kx_(column % t.width.kernel),
        kz_(column / t.width.kernel % t.depth.kernel),
        channel_(t.x + column / t.width.kernel / t.depth.kernel * t.channel_stride) {
    locate();
  }
  int64_t kx() const { return kx_; }
  /// Null: outside in depth.
  const float* plane() const { return plane_; }
  void next() {
    if (++kx_ == tile_.width.kernel) {
      kx_ = 0;
      next_plane();
    }
  }
  /// To the same tap kx of the next plane.
  void next_plane() {
    if (++kz_ == tile_.depth.kernel) {
      kz_ = 0;
      channel_ += tile_.channel_stride;
    }
    locate();
  }

 private:
  void locate() {
    const int64_t z = tile_.depth.position(tile_.out_depth, kz_);
    plane_ = z < 0 || z >= tile_.depth.in ? nullptr : channel_ + z * tile_.height.in * tile_.width.in;
  }

  const UnfoldTile& tile_;
  int64_t kx_;
  int64_t kz_;
  const float* channel_;
  const float* plane_ = nullptr;
};

/// Any window, row by row.
inline void unfold_column_by_rows(const UnfoldTile& t, const float* plane, int64_t ky, int64_t kx, int64_t row,
                                  int64_t x, float* out) {
  const InsideRange inside(t.width, kx);
  const float* end_of_plane = plane + t.height.in * t.width.in;
  for_each_row(t, row, x, [&](int64_t o, int64_t first, int64_t p, int64_t n) {
    const int64_t y = t.height.position(o, ky);
    if (y < 0 || y >= t.height.in) {
      zero_row(out + p, n);
    } else {
      copy_window_row(out + p, plane + y * t.width.in, end_of_plane, t.width, kx, inside, first, n);
    }
  });
}

/// Where rows of input and output are as long as each other and nothing is strided, a tap shifts the whole tile by a
/// constant; the mask takes out what wraps around an edge.
inline bool shifts_only(const UnfoldTile& t) {
  return t.width.stride == 1 && t.height.stride == 1 && t.width.in == t.width.out && t.column_stride > 1;
}

inline uint64_t rows_inside(const UnfoldTile& t, int64_t ky) {
  const InsideRange inside(t.height, ky);
  const int64_t first = inside.first * t.width.out - t.pixel, end = inside.end * t.width.out - t.pixel;
  return bits_between(clamp_to(first, 0, t.pixels), clamp_to(end, 0, t.pixels));
}

inline uint64_t columns_inside(const UnfoldTile& t, int64_t kx, int64_t row, int64_t x) {
  const InsideRange inside(t.width, kx);
  uint64_t bits = 0;
  for_each_row(t, row, x, [&](int64_t, int64_t first, int64_t p, int64_t n) {
    bits |= bits_between(p + clamp_to(inside.first, first, first + n) - first,
                         p + clamp_to(inside.end, first, first + n) - first);
  });
  return bits;
}

/// A tap (ky, kx) of all planes: columns of the tile that many apart.
template <int kVecs>
inline void copy_shifted(const UnfoldTile& t, int64_t shift, uint64_t inside, int64_t column, float* out) {
  LoadMask masks[kVecs];
#pragma GCC unroll 16
  for (int v = 0; v < kVecs; ++v) masks[v] = load_mask(static_cast<uint32_t>(inside >> (v * Vec::kLanes)));
  const int64_t kw = t.width.kernel;
  ColumnCursor cursor(t, column);
  for (; column < t.column + t.columns; column += kw, out += kw * t.column_stride, cursor.next_plane()) {
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

template <int kVecs>
inline void copy_shifted(const UnfoldTile& t, int vectors, int64_t shift, uint64_t inside, int64_t column, float* out) {
  if constexpr (kVecs > 1) {
    if (vectors < kVecs) {
      copy_shifted<kVecs - 1>(t, vectors, shift, inside, column, out);
      return;
    }
  }
  copy_shifted<kVecs>(t, shift, inside, column, out);
}

/// Calls visit(ky, kx, column, to) for each tap whose first column is `column`, at `to`; that of the next plane is
/// width.kernel columns on.
template <class Visit>
inline void for_each_tap(const UnfoldTile& t, float* out, Visit visit) {
  const int64_t kw = t.width.kernel;
  const int64_t first_kx = t.column % kw;
  for (int64_t kx = 0; kx < kw; ++kx) {
    const int64_t column = t.column + (kx - first_kx + kw) % kw;
    float* to = out + (column - t.column) * t.column_stride;
    for (int64_t ky = 0; ky < t.height.kernel; ++ky) visit(ky, kx, column, to + ky * t.segment_stride);
  }
}

inline void unfold_by_shifts(const UnfoldTile& t, int64_t row, int64_t x, float* out) {
  const int vectors = (t.pixels + Vec::kLanes - 1) / Vec::kLanes;
  int64_t last_kx = -1;
  uint64_t columns = 0;
  for_each_tap(t, out, [&](int64_t ky, int64_t kx, int64_t column, float* to) {
    if (kx != last_kx) columns = columns_inside(t, kx, row, x);
    last_kx = kx;
    const uint64_t inside = rows_inside(t, ky) & columns;
    const int64_t shift = t.pixel + t.height.position(0, ky) * t.width.in + t.width.position(0, kx);
    copy_shifted<kTilePixels / Vec::kLanes>(t, vectors, shift, inside, column, to);
  });
}

/// What a tap sees of one output row: pixels [p, p + n) of the tile are those from `from` on in the plane, a stride
/// apart; `before` pixels in front of them and `after` behind are zeros.
struct Run {
  int64_t from;
  int64_t p;
  int64_t n;
  int64_t before;
  int64_t after;
};

struct Runs {
  int count = 0;
  Run run[kTilePixels];

  Runs(const UnfoldTile& t, const InsideRange& inside, int64_t ky, int64_t kx, int64_t row, int64_t x) {
    for_each_row(t, row, x, [&](int64_t o, int64_t first, int64_t p, int64_t n) {
      const int64_t y = t.height.position(o, ky);
      Run& r = run[count++];
      if (y < 0 || y >= t.height.in) {
        r = {0, p, 0, 0, n};
        return;
      }
      const int64_t begin = clamp_to(inside.first, first, first + n), end = clamp_to(inside.end, begin, first + n);
      r = {y * t.width.in + t.width.position(begin, kx), p + begin - first, end - begin, begin - first,
           first + n - end};
    });
  }
};

template <int kStep>
inline Vec load_run(const float* from, const float* readable_end, int64_t n) {
  if (from + kStep * Vec::kLanes <= readable_end) {
    return kStep == 1 ? load(from) : even_lanes(load(from), load(from + Vec::kLanes));
  }
  const auto lanes = static_cast<int>(n < Vec::kLanes ? n : Vec::kLanes);
  if (kStep == 1) return load_first(from, lanes);
  const int floats = 2 * lanes - 1;
  const int low = floats < Vec::kLanes ? floats : Vec::kLanes;
  return even_lanes(load_first(from, low), load_first(from + low, floats - low));
}

/// A column of the tile. Whole Vecs are written: what is too much is overwritten by the next run.
template <int kStep>
inline void copy_runs(const Runs& runs, const float* plane, const float* readable_end, int64_t room, float* out) {
  for (int i = 0; i < runs.count; ++i) {
    const Run& run = runs.run[i];
    const float* from = plane + run.from;
    float* to = out + run.p;
    zero_row(to - run.before, run.before);
    for (int64_t done = 0; done < run.n; done += Vec::kLanes) {
      const int64_t rest = run.n - done;
      const Vec pixels = load_run<kStep>(from + done * kStep, readable_end, rest);
      if (run.p + done + Vec::kLanes <= room) {
        store(to + done, pixels);
      } else {
        store_first(to + done, pixels, static_cast<int>(rest < Vec::kLanes ? rest : Vec::kLanes));
      }
    }
    zero_row(to + run.n, run.after);
  }
}

template <int kStep>
inline void unfold_by_runs(const UnfoldTile& t, int64_t row, int64_t x, float* out) {
  constexpr int64_t kOverreadFloats = kOverreadBytes / sizeof(float);
  const int64_t plane_size = t.height.in * t.width.in, kw = t.width.kernel;
  for_each_tap(t, out, [&](int64_t ky, int64_t kx, int64_t column, float* to) {
    const Runs runs(t, InsideRange(t.width, kx), ky, kx, row, x);
    ColumnCursor cursor(t, column);
    for (; column < t.column + t.columns; column += kw, to += kw * t.column_stride, cursor.next_plane()) {
      const float* plane = cursor.plane();
      if (plane == nullptr) {
        zero_row(to, t.pixels);
      } else {
        copy_runs<kStep>(runs, plane, plane + plane_size + kOverreadFloats, t.column_stride, to);
      }
    }
  });
}

inline void unfold_tile(const UnfoldTile& t, float* out) {
  const int64_t row = t.pixel / t.width.out, x = t.pixel % t.width.out;
  if (shifts_only(t)) {
    unfold_by_shifts(t, row, x, out);
    return;
  }
  if (t.column_stride > 1 && t.width.stride <= 2) {
    t.width.stride == 1 ? unfold_by_runs<1>(t, row, x, out) : unfold_by_runs<2>(t, row, x, out);
    return;
  }
  for (int64_t ky = 0; ky < t.height.kernel; ++ky) {
    float* to = out + ky * t.segment_stride;
    ColumnCursor cursor(t, t.column);
    for (int64_t c = 0; c < t.columns; ++c, to += t.column_stride, cursor.next()) {
      if (cursor.plane() != nullptr) {
        unfold_column_by_rows(t, cursor.plane(), ky, cursor.kx(), row, x, to);
      } else {
        zero_row(to, t.pixels);
      }
    }
  }
}

}  // namespace
}  // namespace lacuna
