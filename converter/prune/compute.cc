#include "converter/prune/compute.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// One source for every tier: the loader takes the best one. Sanitizers cannot run the choice that early.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LACUNA_TIERS
#define LACUNA_AVX512 __attribute__((target("arch=x86-64-v4")))
#define LACUNA_AVX2 __attribute__((target("arch=x86-64-v3")))
#define LACUNA_BASELINE __attribute__((target("default")))
// For loops that the compiler makes into vectors by itself.
#define LACUNA_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LACUNA_BASELINE
#define LACUNA_CLONES
#endif

namespace lacuna {
namespace {

constexpr int64_t kTileColumns = 16;
constexpr int64_t kBlockDepth = 256, kBlockColumns = 512;

// No vectors longer than registers: the compiler keeps the halves of longer ones in memory.
using Vec64 = float __attribute__((vector_size(64)));
using Vec32 = float __attribute__((vector_size(32)));
using Vec16 = float __attribute__((vector_size(16)));
#if defined(__aarch64__)
constexpr int kBaselineRows = 6;  ///< of a tile of 16 columns, in 32 registers
#else
constexpr int kBaselineRows = 3;
#endif

template <class Vec>
constexpr int64_t lanes() {
  return sizeof(Vec) / sizeof(float);
}

template <class Vec>
__attribute__((always_inline)) inline void load(const float* x, Vec& v) {
  std::memcpy(&v, x, sizeof(v));
}

/// c[Rows, columns] (+)= a[Rows, depth] b, where b is panels of [depth][16].
template <class Vec, int Rows, int Panels>
__attribute__((always_inline)) inline void multiply_tile(int64_t depth, MatrixView a, const float* b, float* c,
                                                         int64_t c_stride, int64_t columns, bool accumulate) {
  constexpr int64_t kLanes = lanes<Vec>(), kVectors = Panels * kTileColumns / kLanes;
  Vec sums[Rows][kVectors] = {};
  for (int64_t k = 0; k < depth; ++k) {
    Vec row[kVectors];
    for (int64_t v = 0; v < kVectors; ++v) {
      const int64_t column = v * kLanes, panel = column / kTileColumns;
      load(b + (panel * depth + k) * kTileColumns + column % kTileColumns, row[v]);
    }
    const float* at = a.data + k * a.column_stride;
    for (int i = 0; i < Rows; ++i) {
      for (int64_t v = 0; v < kVectors; ++v) sums[i][v] += row[v] * at[i * a.row_stride];
    }
  }
  for (int i = 0; i < Rows; ++i) {
    for (int64_t v = 0; v < kVectors; ++v) {
      float* out = c + i * c_stride + v * kLanes;
      const int64_t n = columns - v * kLanes;
      if (n >= kLanes) {
        Vec old = {};
        if (accumulate) load(out, old);
        old += sums[i][v];
        std::memcpy(out, &old, sizeof(old));
      } else {
        const Vec last = sums[i][v];  // a copy, for all the others to stay in registers
        for (int64_t j = 0; j < n; ++j) out[j] = last[j] + (accumulate ? out[j] : 0.0f);
      }
    }
  }
}

/// The last rows: fewer than Rows.
template <class Vec, int Rows, int Panels>
__attribute__((always_inline)) inline void multiply_rest(int64_t rows, int64_t depth, MatrixView a, const float* b,
                                                         float* c, int64_t c_stride, int64_t columns, bool accumulate) {
  if constexpr (Rows > 1) {
    if (rows == Rows - 1) {
      multiply_tile<Vec, Rows - 1, Panels>(depth, a, b, c, c_stride, columns, accumulate);
    } else {
      multiply_rest<Vec, Rows - 1, Panels>(rows, depth, a, b, c, c_stride, columns, accumulate);
    }
  }
}

/// All rows of c, [m, columns] at the left of these panels.
template <class Vec, int Rows, int Panels>
__attribute__((always_inline)) inline void multiply_strip(int64_t m, int64_t depth, MatrixView a, const float* b,
                                                          float* c, int64_t c_stride, int64_t columns,
                                                          bool accumulate) {
  int64_t i = 0;
  for (; i + Rows <= m; i += Rows) {
    multiply_tile<Vec, Rows, Panels>(depth, {a.data + i * a.row_stride, a.row_stride, a.column_stride}, b,
                                     c + i * c_stride, c_stride, columns, accumulate);
  }
  multiply_rest<Vec, Rows, Panels>(m - i, depth, {a.data + i * a.row_stride, a.row_stride, a.column_stride}, b,
                                   c + i * c_stride, c_stride, columns, accumulate);
}

/// b[depth, columns] in panels of 16 columns, [panel][depth][16], zeros behind the last column.
LACUNA_CLONES void pack_panels(MatrixView b, int64_t depth, int64_t columns, float* packed) {
  for (int64_t first = 0; first < columns; first += kTileColumns) {
    const int64_t n = std::min(kTileColumns, columns - first);
    const float* source = b.data + first * b.column_stride;
    if (b.column_stride == 1) {
      for (int64_t k = 0; k < depth; ++k) {
        for (int64_t j = 0; j < n; ++j) packed[k * kTileColumns + j] = source[k * b.row_stride + j];
        for (int64_t j = n; j < kTileColumns; ++j) packed[k * kTileColumns + j] = 0;
      }
    } else {
      for (int64_t j = 0; j < n; ++j) {
        const float* column = source + j * b.column_stride;
        for (int64_t k = 0; k < depth; ++k) packed[k * kTileColumns + j] = column[k * b.row_stride];
      }
      for (int64_t j = n; j < kTileColumns; ++j) {
        for (int64_t k = 0; k < depth; ++k) packed[k * kTileColumns + j] = 0;
      }
    }
    packed += depth * kTileColumns;
  }
}

/// c[m, columns] (+)= a b, b in panels.
template <class Vec, int Rows, int Panels>
__attribute__((always_inline)) inline void multiply_strips(int64_t m, int64_t columns, int64_t depth, MatrixView a,
                                                           const float* packed, float* c, int64_t c_stride,
                                                           bool accumulate) {
  int64_t j = 0;
  for (; j + (Panels - 1) * kTileColumns < columns; j += Panels * kTileColumns) {
    multiply_strip<Vec, Rows, Panels>(m, depth, a, packed + j * depth, c + j, c_stride, columns - j, accumulate);
  }
  for (; j < columns; j += kTileColumns) {
    multiply_strip<Vec, Rows, 1>(m, depth, a, packed + j * depth, c + j, c_stride, columns - j, accumulate);
  }
}

/// The input plane taken apart by position modulo stride, so that every tap of the window reads a run of numbers.
///
/// All phases are [rows, pitch]; output (y, x) lies at y * pitch + x of a wide output, whose columns from out_width on
/// mean nothing.
struct Phases {
  explicit Phases(const PlaneWindow& w)
      : pitch(w.out_width + (w.kernel_width - 1) * w.dilation_x / w.stride_x + 1),
        rows(w.out_height + (w.kernel_height - 1) * w.dilation_y / w.stride_y + 1),
        floats(rows * pitch),
        run((w.out_height - 1) * pitch + w.out_width) {}

  int64_t pitch, rows, floats, run;

  /// The phase that the tap reads.
  static int64_t phase(const PlaneWindow& w, int64_t ky, int64_t kx) {
    return ky * w.dilation_y % w.stride_y * w.stride_x + kx * w.dilation_x % w.stride_x;
  }
  /// Where in its phase it reads for output 0.
  int64_t shift(const PlaneWindow& w, int64_t ky, int64_t kx) const {
    return ky * w.dilation_y / w.stride_y * pitch + kx * w.dilation_x / w.stride_x;
  }
};

/// Calls visit(first index in the plane, index in the phases, stride in the plane, count) for each run of a phase's row
/// that lies inside the plane.
template <class Visit>
__attribute__((always_inline)) inline void for_each_run(const PlaneWindow& w, const Phases& phases, Visit visit) {
  for (int64_t py = 0; py < w.stride_y; ++py) {
    for (int64_t px = 0; px < w.stride_x; ++px) {
      const int64_t base = (py * w.stride_x + px) * phases.floats;
      const int64_t x_from = px - w.pad_left;  // of column 0
      const int64_t first = x_from >= 0 ? 0 : (-x_from + w.stride_x - 1) / w.stride_x;
      const int64_t last = x_from >= w.width ? 0 : std::min(phases.pitch, (w.width - 1 - x_from) / w.stride_x + 1);
      if (last <= first) continue;
      for (int64_t row = 0; row < phases.rows; ++row) {
        const int64_t y = row * w.stride_y + py - w.pad_top;
        if (y < 0 || y >= w.height) continue;
        visit(y * w.width + x_from + first * w.stride_x, base + row * phases.pitch + first, w.stride_x, last - first);
      }
    }
  }
}

LACUNA_CLONES void take_apart(const PlaneWindow& w, const Phases& phases, const float* x, float* parts) {
  std::fill(parts, parts + w.stride_y * w.stride_x * phases.floats + kTileColumns, 0.0f);
  for_each_run(w, phases, [&](int64_t from, int64_t to, int64_t step, int64_t n) {
    for (int64_t i = 0; i < n; ++i) parts[to + i] = x[from + i * step];
  });
}

LACUNA_CLONES void put_together(const PlaneWindow& w, const Phases& phases, const float* parts, float* x) {
  for_each_run(w, phases, [&](int64_t to, int64_t from, int64_t step, int64_t n) {
    for (int64_t i = 0; i < n; ++i) x[to + i * step] += parts[from + i];
  });
}

using WindowTap = SlidingWindow::Tap;

int64_t whole_vectors(int64_t n) { return (n + kTileColumns - 1) / kTileColumns * kTileColumns; }

template <class Vec, int64_t Vectors>
__attribute__((always_inline)) inline void correlate_block(const float* x, const WindowTap* taps, size_t n_taps,
                                                           const float* w, float start, float* y) {
  Vec sums[Vectors];
  for (Vec& sum : sums) sum = Vec{} + start;
  for (size_t t = 0; t < n_taps; ++t) {
    const float* at = x + taps[t].shift;
    for (int64_t v = 0; v < Vectors; ++v) {
      Vec part;
      load(at + v * lanes<Vec>(), part);
      sums[v] += part * w[taps[t].weight];
    }
  }
  std::memcpy(y, sums, sizeof(sums));
}

/// y[i] = start + the sum of weight x[shift + i] over the taps, for n numbers and on to whole vectors.
template <class Vec>
__attribute__((always_inline)) inline void correlate_all(const float* x, const WindowTap* taps, size_t n_taps,
                                                         const float* w, float start, float* y, int64_t n) {
  constexpr int64_t kTile = kTileColumns / lanes<Vec>(), kLong = lanes<Vec>() > 4 ? 4 : 2;
  int64_t i = 0;
  for (; i + kLong * kTileColumns <= whole_vectors(n); i += kLong * kTileColumns) {
    correlate_block<Vec, kLong * kTile>(x + i, taps, n_taps, w, start, y + i);
  }
  for (; i < n; i += kTileColumns) correlate_block<Vec, kTile>(x + i, taps, n_taps, w, start, y + i);
}

template <class Vec, int Taps>
__attribute__((always_inline)) inline void add_products(const float* x, const WindowTap* taps, const float* y,
                                                        int64_t n, float* sums) {
  Vec totals[Taps] = {};
  for (int64_t i = 0; i < n; i += lanes<Vec>()) {
    Vec b;
    load(y + i, b);
    for (int t = 0; t < Taps; ++t) {
      Vec a;
      load(x + taps[t].shift + i, a);
      totals[t] += a * b;
    }
  }
  for (int t = 0; t < Taps; ++t) {
    for (int64_t j = 0; j < lanes<Vec>(); ++j) sums[t] += totals[t][j];
  }
}

/// sums[t] += the sum of y[i] x[shift + i] for each tap. y is 0 from n on to whole vectors.
template <class Vec>
__attribute__((always_inline)) inline void correlate_all_sums(const float* x, const WindowTap* taps, size_t n_taps,
                                                              const float* y, int64_t n, float* sums) {
  size_t t = 0;
  for (; t + 5 <= n_taps; t += 5) add_products<Vec, 5>(x, taps + t, y, n, sums + t);
  for (; t + 4 <= n_taps; t += 4) add_products<Vec, 4>(x, taps + t, y, n, sums + t);
  for (; t < n_taps; ++t) add_products<Vec, 1>(x, taps + t, y, n, sums + t);
}

// Each tier with tiles as large as its registers allow.

#ifdef LACUNA_TIERS
LACUNA_AVX512 void multiply_panels(int64_t m, int64_t columns, int64_t depth, MatrixView a, const float* packed,
                                   float* c, int64_t c_stride, bool accumulate) {
  multiply_strips<Vec64, 8, 2>(m, columns, depth, a, packed, c, c_stride, accumulate);
}
LACUNA_AVX2 void multiply_panels(int64_t m, int64_t columns, int64_t depth, MatrixView a, const float* packed, float* c,
                                 int64_t c_stride, bool accumulate) {
  multiply_strips<Vec32, 6, 1>(m, columns, depth, a, packed, c, c_stride, accumulate);
}
LACUNA_AVX512 void correlate(const float* x, const WindowTap* taps, size_t n_taps, const float* w, float start,
                             float* y, int64_t n) {
  correlate_all<Vec64>(x, taps, n_taps, w, start, y, n);
}
LACUNA_AVX2 void correlate(const float* x, const WindowTap* taps, size_t n_taps, const float* w, float start, float* y,
                           int64_t n) {
  correlate_all<Vec32>(x, taps, n_taps, w, start, y, n);
}
LACUNA_AVX512 void correlate_sums(const float* x, const WindowTap* taps, size_t n_taps, const float* y, int64_t n,
                                  float* sums) {
  correlate_all_sums<Vec64>(x, taps, n_taps, y, n, sums);
}
LACUNA_AVX2 void correlate_sums(const float* x, const WindowTap* taps, size_t n_taps, const float* y, int64_t n,
                                float* sums) {
  correlate_all_sums<Vec32>(x, taps, n_taps, y, n, sums);
}
#endif

LACUNA_BASELINE void multiply_panels(int64_t m, int64_t columns, int64_t depth, MatrixView a, const float* packed,
                                     float* c, int64_t c_stride, bool accumulate) {
  multiply_strips<Vec16, kBaselineRows, 1>(m, columns, depth, a, packed, c, c_stride, accumulate);
}
LACUNA_BASELINE void correlate(const float* x, const WindowTap* taps, size_t n_taps, const float* w, float start,
                               float* y, int64_t n) {
  correlate_all<Vec16>(x, taps, n_taps, w, start, y, n);
}
LACUNA_BASELINE void correlate_sums(const float* x, const WindowTap* taps, size_t n_taps, const float* y, int64_t n,
                                    float* sums) {
  correlate_all_sums<Vec16>(x, taps, n_taps, y, n, sums);
}

float* reserve(Scratch& scratch, int64_t floats) {
  if (static_cast<int64_t>(scratch.size()) < floats) scratch.resize(static_cast<size_t>(floats));
  return scratch.data();
}

}  // namespace

void multiply(int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, float* c, bool accumulate,
              Scratch& scratch) {
  if (k == 0 && !accumulate) std::fill(c, c + m * n, 0.0f);
  float* packed = reserve(scratch, kBlockDepth * kBlockColumns);
  for (int64_t j = 0; j < n; j += kBlockColumns) {
    const int64_t columns = std::min(kBlockColumns, n - j);
    for (int64_t d = 0; d < k; d += kBlockDepth) {
      const int64_t depth = std::min(kBlockDepth, k - d);
      const MatrixView part = {b.data + d * b.row_stride + j * b.column_stride, b.row_stride, b.column_stride};
      pack_panels(part, depth, columns, packed);
      const MatrixView left = {a.data + d * a.column_stride, a.row_stride, a.column_stride};
      multiply_panels(m, columns, depth, left, packed, c + j, n, accumulate || d > 0);
    }
  }
}

SlidingWindow::SlidingWindow(const PlaneWindow& window)
    : window_(window), writes_(static_cast<size_t>(window.stride_y * window.stride_x)) {
  const Phases phases(window);
  int64_t weight = 0;
  for (int64_t ky = 0; ky < window.kernel_height; ++ky) {
    for (int64_t kx = 0; kx < window.kernel_width; ++kx, ++weight) {
      const int64_t phase = phases.phase(window, ky, kx), shift = phases.shift(window, ky, kx);
      reads_.push_back({phase * phases.floats + shift, weight});
      writes_[static_cast<size_t>(phase)].push_back({-shift, weight});
    }
  }
}

void SlidingWindow::forward(const float* x, const float* w, float bias, float* y, Scratch& scratch) const {
  const Phases phases(window_);
  const int64_t all = static_cast<int64_t>(writes_.size()) * phases.floats + kTileColumns;
  float* parts = reserve(scratch, all + whole_vectors(phases.run));
  float* wide = parts + all;
  take_apart(window_, phases, x, parts);
  correlate(parts, reads_.data(), reads_.size(), w, bias, wide, phases.run);
  for (int64_t row = 0; row < window_.out_height; ++row) {
    std::copy_n(wide + row * phases.pitch, window_.out_width, y + row * window_.out_width);
  }
}

void SlidingWindow::backward(const float* x, const float* w, const float* dy, float* dx, float* dw,
                             Scratch& scratch) const {
  const Phases phases(window_);
  const int64_t all = static_cast<int64_t>(writes_.size()) * phases.floats + kTileColumns;
  const int64_t padded = phases.floats + kTileColumns;
  float* parts = reserve(scratch, 2 * all + 2 * padded);
  float* d_parts = parts + all;
  float* wide = d_parts + all + padded;  // zeros before and behind it
  std::fill(wide - padded, wide + padded, 0.0f);
  for (int64_t row = 0; row < window_.out_height; ++row) {
    std::copy_n(dy + row * window_.out_width, window_.out_width, wide + row * phases.pitch);
  }
  if (dw != nullptr) {
    take_apart(window_, phases, x, parts);
    correlate_sums(parts, reads_.data(), reads_.size(), wide, phases.run, dw);
  }
  if (dx == nullptr) return;
  int64_t at = 0;
  for (const Taps& writes : writes_) {  // what runs over the end of one is written again by the next
    correlate(wide, writes.data(), writes.size(), w, 0, d_parts + at, phases.floats);
    at += phases.floats;
  }
  put_together(window_, phases, d_parts, dx);
}

void unfold(const PlaneWindow& w, int64_t channels, const float* x, float* columns) {
  const int64_t pixels = w.out_height * w.out_width;
  std::fill(columns, columns + channels * w.kernel_height * w.kernel_width * pixels, 0.0f);
  for (int64_t c = 0; c < channels; ++c, x += w.height * w.width) {
    for (int64_t ky = 0; ky < w.kernel_height; ++ky) {
      for (int64_t kx = 0; kx < w.kernel_width; ++kx, columns += pixels) {
        for (int64_t oy = 0; oy < w.out_height; ++oy) {
          const int64_t y = oy * w.stride_y + ky * w.dilation_y - w.pad_top;
          if (y < 0 || y >= w.height) continue;
          for (int64_t ox = 0; ox < w.out_width; ++ox) {
            const int64_t at = ox * w.stride_x + kx * w.dilation_x - w.pad_left;
            if (at >= 0 && at < w.width) columns[oy * w.out_width + ox] = x[y * w.width + at];
          }
        }
      }
    }
  }
}

void fold(const PlaneWindow& w, int64_t channels, const float* columns, float* x) {
  const int64_t pixels = w.out_height * w.out_width;
  for (int64_t c = 0; c < channels; ++c, x += w.height * w.width) {
    for (int64_t ky = 0; ky < w.kernel_height; ++ky) {
      for (int64_t kx = 0; kx < w.kernel_width; ++kx, columns += pixels) {
        for (int64_t oy = 0; oy < w.out_height; ++oy) {
          const int64_t y = oy * w.stride_y + ky * w.dilation_y - w.pad_top;
          if (y < 0 || y >= w.height) continue;
          for (int64_t ox = 0; ox < w.out_width; ++ox) {
            const int64_t at = ox * w.stride_x + kx * w.dilation_x - w.pad_left;
            if (at >= 0 && at < w.width) x[y * w.width + at] += columns[oy * w.out_width + ox];
          }
        }
      }
    }
  }
}

/// Sum of term(i), in as many sums side by side as a tile has columns.
template <class Term>
__attribute__((always_inline)) inline float sum_of(int64_t n, Term term) {
  float sums[kTileColumns] = {};
  int64_t i = 0;
  for (; i + kTileColumns <= n; i += kTileColumns) {
    for (int64_t j = 0; j < kTileColumns; ++j) sums[j] += term(i + j);
  }
  float total = 0;
  for (const float sum : sums) total += sum;
  for (; i < n; ++i) total += term(i);
  return total;
}

LACUNA_CLONES float dot(const float* a, const float* b, int64_t n) {
  return sum_of(n, [&](int64_t i) { return a[i] * b[i]; });
}

LACUNA_CLONES float sum(const float* a, int64_t n) {
  return sum_of(n, [&](int64_t i) { return a[i]; });
}

LACUNA_CLONES float sum_above(const float* a, const float* b, const float* c, const float* threshold, int64_t n) {
  return sum_of(n, [&](int64_t i) {
    const float above = a[i] - b[i] + c[i] - threshold[i];
    return above > 0 ? above : 0.0f;
  });
}

LACUNA_CLONES void add_to(float* y, const float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

LACUNA_CLONES void clamp_backward(const float* y, float low, float high, const float* dy, float* dx, bool accumulate,
                                  int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const float slope = ((y[i] > low) & (y[i] < high)) ? dy[i] : 0.0f;
    dx[i] = accumulate ? dx[i] + slope : slope;
  }
}

LACUNA_CLONES void adam_step(float* w, const float* gradient, float* mean, float* square, float rate, float beta1,
                             float beta2, float epsilon, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    mean[i] = beta1 * mean[i] + (1 - beta1) * gradient[i];
    square[i] = beta2 * square[i] + (1 - beta2) * gradient[i] * gradient[i];
    w[i] -= rate * mean[i] / (std::sqrt(square[i]) + epsilon);
  }
}

}  // namespace lacuna
