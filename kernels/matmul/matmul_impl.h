// Matrix products over Vec. A tier's Vec header is included first.
#pragma once

#include "kernels/matmul/matmul.h"

namespace lacuna {
namespace {

constexpr int64_t kLanes = Vec::kLanes;

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/// Part of b under which a tile is computed: `depth` rows, `row` floats apart, of kVecs whole Vecs.
struct Panel {
  const float* data;
  int64_t row;
  int64_t depth;
  int64_t width;  ///< columns that count
  bool first;     ///< c starts here; otherwise it is added to
};

/// kRows rows of c, in registers.
template <int kRows, int kVecs>
inline void multiply_tile(const MatMulBlock& block, const float* a, const Panel& panel, float* c) {
  Vec acc[kRows][kVecs];
  for (auto& row : acc) {
    for (Vec& v : row) v = zero();
  }
  const float* b = panel.data;
  for (int64_t k = 0; k < panel.depth; ++k, b += panel.row, a += block.a_column) {
    Vec of_b[kVecs];
    for (int v = 0; v < kVecs; ++v) of_b[v] = load(b + v * kLanes);
    for (int r = 0; r < kRows; ++r) {
      const Vec of_a = splat(a[r * block.a_row]);
      for (int v = 0; v < kVecs; ++v) acc[r][v] = fma(of_a, of_b[v], acc[r][v]);
    }
  }
  const Vec alpha = splat(block.alpha);
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVecs; ++v) {
      float* p = c + r * block.c_row + v * kLanes;
      const int lanes = static_cast<int>(least(kLanes, panel.width - v * kLanes));
      if (lanes <= 0) break;
      if (lanes == Vec::kLanes) {
        store(p, panel.first ? mul(alpha, acc[r][v]) : fma(alpha, acc[r][v], load(p)));
      } else {
        store_first(p, panel.first ? mul(alpha, acc[r][v]) : fma(alpha, acc[r][v], load_first(p, lanes)), lanes);
      }
    }
  }
}

/// The last rows, fewer than a full tile's.
template <int kRows, int kVecs>
inline void multiply_rest(const MatMulBlock& block, const float* a, const Panel& panel, float* c, int64_t rows) {
  if constexpr (kRows > 0) {
    if (rows == kRows) return multiply_tile<kRows, kVecs>(block, a, panel, c);
    multiply_rest<kRows - 1, kVecs>(block, a, panel, c, rows);
  }
}

/// Rows [k, k + depth) and columns [n, n + width) of b, zeros behind, `row` floats a row.
inline void pack_panel(const MatMulBlock& block, int64_t k, int64_t depth, int64_t n, int64_t width, int64_t row,
                       float* panel) {
  const float* b = block.b + k * block.b_row + n * block.b_column;
  if (block.b_column == 1) {
    for (int64_t i = 0; i < depth; ++i, b += block.b_row, panel += row) {
      int64_t j = 0;
      for (; j + kLanes <= width; j += kLanes) store(panel + j, load(b + j));
      for (; j < width; ++j) panel[j] = b[j];
      for (; j < row; ++j) panel[j] = 0;
    }
    return;
  }
  for (int64_t j = 0; j < row; ++j) {
    for (int64_t i = 0; i < depth; ++i) panel[i * row + j] = j < width ? b[j * block.b_column + i * block.b_row] : 0;
  }
}

/// Tiles of kRows rows and kVecs Vecs of columns.
template <int kRows, int kVecs>
inline void multiply(const MatMulBlock& block, float* scratch) {
  constexpr int64_t kWidth = kVecs * kLanes;
  static_assert(kWidth <= kMatMulPanel, "scratch holds a panel");
  for (int64_t n = 0; n < block.n; n += kWidth) {
    const int64_t width = least(kWidth, block.n - n);
    for (int64_t k = 0; k < block.k; k += kMatMulDepth) {
      Panel panel = {scratch, kWidth, least(kMatMulDepth, block.k - k), width, k == 0};
      // A copy pays when many rows of a read it; it must be where b lies the other way round or ends inside the panel.
      if (block.b_column == 1 && width == kWidth && block.m <= 2 * kRows) {
        panel.data = block.b + k * block.b_row + n;
        panel.row = block.b_row;
      } else {
        pack_panel(block, k, panel.depth, n, width, kWidth, scratch);
      }
      const float* a = block.a + k * block.a_column;
      float* c = block.c + n;
      int64_t m = 0;
      for (; m + kRows <= block.m; m += kRows) {
        multiply_tile<kRows, kVecs>(block, a + m * block.a_row, panel, c + m * block.c_row);
      }
      multiply_rest<kRows - 1, kVecs>(block, a + m * block.a_row, panel, c + m * block.c_row, block.m - m);
    }
  }
}

}  // namespace
}  // namespace lacuna
