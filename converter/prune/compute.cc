#include "converter/prune/compute.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// One source for every tier: the compiler makes the clones, the loader takes the best one. Sanitizers cannot run the
// choice that early.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define LACUNA_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LACUNA_CLONES
#endif

namespace lacuna {
namespace {

constexpr int64_t kTileRows = 6, kTileColumns = 16;
constexpr int64_t kBlockDepth = 256, kBlockColumns = 512;

// The compiler splits it where registers are shorter.
using Vec = float __attribute__((vector_size(64)));

/// c[Rows, columns] (+)= a[Rows, depth] b, where b is [depth][16] in one piece.
template <int Rows>
__attribute__((always_inline)) inline void multiply_tile(int64_t depth, MatrixView a, const float* b, float* c,
                                                         int64_t c_stride, int64_t columns, bool accumulate) {
  Vec sums[Rows] = {};
  for (int64_t k = 0; k < depth; ++k) {
    Vec row;
    std::memcpy(&row, b + k * kTileColumns, sizeof(row));
    const float* at = a.data + k * a.column_stride;
    for (int i = 0; i < Rows; ++i) sums[i] += row * at[i * a.row_stride];
  }
  for (int i = 0; i < Rows; ++i) {
    float* out = c + i * c_stride;
    if (columns == kTileColumns) {
      Vec old = {};
      if (accumulate) std::memcpy(&old, out, sizeof(old));
      old += sums[i];
      std::memcpy(out, &old, sizeof(old));
    } else {
      for (int64_t j = 0; j < columns; ++j) out[j] = sums[i][j] + (accumulate ? out[j] : 0.0f);
    }
  }
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

LACUNA_CLONES void multiply_panels(int64_t m, int64_t columns, int64_t depth, MatrixView a, const float* packed,
                                   float* c, int64_t c_stride, bool accumulate) {
  for (int64_t j = 0; j < columns; j += kTileColumns, packed += depth * kTileColumns) {
    const int64_t n = std::min(kTileColumns, columns - j);
    for (int64_t i = 0; i < m; i += kTileRows) {
      const MatrixView rows = {a.data + i * a.row_stride, a.row_stride, a.column_stride};
      float* out = c + i * c_stride + j;
      switch (m - i) {
        case 1:
          multiply_tile<1>(depth, rows, packed, out, c_stride, n, accumulate);
          break;
        case 2:
          multiply_tile<2>(depth, rows, packed, out, c_stride, n, accumulate);
          break;
        case 3:
          multiply_tile<3>(depth, rows, packed, out, c_stride, n, accumulate);
          break;
        case 4:
          multiply_tile<4>(depth, rows, packed, out, c_stride, n, accumulate);
          break;
        case 5:
          multiply_tile<5>(depth, rows, packed, out, c_stride, n, accumulate);
          break;
        default:
          multiply_tile<6>(depth, rows, packed, out, c_stride, n, accumulate);
      }
    }
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

  /// Where the tap reads for output 0.
  int64_t offset(const PlaneWindow& w, int64_t ky, int64_t kx) const {
    const int64_t y = ky * w.dilation_y, x = kx * w.dilation_x;
    const int64_t phase = y % w.stride_y * w.stride_x + x % w.stride_x;
    return phase * floats + y / w.stride_y * pitch + x / w.stride_x;
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

void take_apart(const PlaneWindow& w, const Phases& phases, const float* x, float* parts) {
  std::fill(parts, parts + w.stride_y * w.stride_x * phases.floats, 0.0f);
  for_each_run(w, phases, [&](int64_t from, int64_t to, int64_t step, int64_t n) {
    for (int64_t i = 0; i < n; ++i) parts[to + i] = x[from + i * step];
  });
}

void put_together(const PlaneWindow& w, const Phases& phases, const float* parts, float* x) {
  for_each_run(w, phases, [&](int64_t to, int64_t from, int64_t step, int64_t n) {
    for (int64_t i = 0; i < n; ++i) x[to + i * step] += parts[from + i];
  });
}

LACUNA_CLONES void add_scaled(float* y, const float* x, float scale, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += scale * x[i];
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

void slide(const PlaneWindow& window, const float* x, const float* w, float bias, float* y, Scratch& scratch) {
  const Phases phases(window);
  float* parts = reserve(scratch, window.stride_y * window.stride_x * phases.floats + phases.run);
  float* wide = parts + window.stride_y * window.stride_x * phases.floats;
  take_apart(window, phases, x, parts);
  std::fill(wide, wide + phases.run, bias);
  for (int64_t ky = 0; ky < window.kernel_height; ++ky) {
    for (int64_t kx = 0; kx < window.kernel_width; ++kx) {
      add_scaled(wide, parts + phases.offset(window, ky, kx), *w++, phases.run);
    }
  }
  for (int64_t row = 0; row < window.out_height; ++row) {
    std::copy_n(wide + row * phases.pitch, window.out_width, y + row * window.out_width);
  }
}

void slide_backward(const PlaneWindow& window, const float* x, const float* w, const float* dy, float* dx, float* dw,
                    Scratch& scratch) {
  const Phases phases(window);
  const int64_t all = window.stride_y * window.stride_x * phases.floats;
  float* parts = reserve(scratch, 2 * all + phases.run);
  float* d_parts = parts + all;
  float* wide = d_parts + all;
  std::fill(wide, wide + phases.run, 0.0f);
  for (int64_t row = 0; row < window.out_height; ++row) {
    std::copy_n(dy + row * window.out_width, window.out_width, wide + row * phases.pitch);
  }
  if (dw != nullptr) take_apart(window, phases, x, parts);
  if (dx != nullptr) std::fill(d_parts, d_parts + all, 0.0f);
  for (int64_t ky = 0; ky < window.kernel_height; ++ky) {
    for (int64_t kx = 0; kx < window.kernel_width; ++kx) {
      const int64_t tap = ky * window.kernel_width + kx;
      const int64_t offset = phases.offset(window, ky, kx);
      if (dw != nullptr) dw[tap] += dot(wide, parts + offset, phases.run);
      if (dx != nullptr) add_scaled(d_parts + offset, wide, w[tap], phases.run);
    }
  }
  if (dx != nullptr) put_together(window, phases, d_parts, dx);
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

LACUNA_CLONES float dot(const float* a, const float* b, int64_t n) {
  Vec sums = {};
  int64_t i = 0;
  for (; i + kTileColumns <= n; i += kTileColumns) {
    Vec va, vb;
    std::memcpy(&va, a + i, sizeof(va));
    std::memcpy(&vb, b + i, sizeof(vb));
    sums += va * vb;
  }
  float total = 0;
  for (int j = 0; j < kTileColumns; ++j) total += sums[j];
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

LACUNA_CLONES float sum(const float* a, int64_t n) {
  Vec sums = {};
  int64_t i = 0;
  for (; i + kTileColumns <= n; i += kTileColumns) {
    Vec va;
    std::memcpy(&va, a + i, sizeof(va));
    sums += va;
  }
  float total = 0;
  for (int j = 0; j < kTileColumns; ++j) total += sums[j];
  for (; i < n; ++i) total += a[i];
  return total;
}

LACUNA_CLONES void add_to(float* y, const float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
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
