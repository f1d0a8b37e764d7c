// Winograd's method along rows of pixels: runs of 4 neighbouring outputs take taps + 3 multiplications each instead of
// 4 taps (S. Winograd, "Arithmetic Complexity of Computations", 1980; A. Lavin and S. Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2015). Inputs, weights and sums have one form for each of taps + 3 points; in
// between a dense product runs for each point by itself (kernels/ops/conv/winograd.cc).
#pragma once

#include <cstdint>

#include "kernels/built.h"

namespace lacuna {

/// Neighbouring outputs of a run.
constexpr int64_t kRunOutputs = 4;
/// Multiplications of a run.
constexpr int64_t winograd_points(int64_t taps) { return taps + kRunOutputs - 1; }
/// Rows of weights that are transformed together: a row block of DenseRows8.
constexpr int64_t kWeightRows = 8;
/// Floats that transforms may read or write behind what they say.
constexpr int64_t kWinogradSlack = 64;
/// The point whose sums reach each of the outputs as they are: where a bias may start.
constexpr int64_t kBiasPoint = 1;

/// Some rows of a plane. A run starts at every fourth of their inputs `stride` apart.
struct WinogradInput {
  const float* plane;  ///< [height, width]
  int64_t height;
  int64_t width;
  const int32_t* sources;  ///< [rows], from `row` on: those outside are zeros, as are inputs outside
  int64_t rows;
  int64_t row;
  int64_t first;  ///< column of the first run's first input
  int64_t stride;
  int64_t runs;          ///< of a row
  float* lines;          ///< room for 8 * rows * runs floats and the slack, twice
  float* to;             ///< [points][rows][runs]
  int64_t point_stride;  ///< floats of `to`
};

/// Weights as in a row block of DenseRows8: [lines][kernel][kWeightRows].
struct WinogradWeights {
  const float* from;
  int64_t lines;
  int64_t kernel;  ///< taps of a line, which are told apart by their number modulo `phases`
  int64_t phases;
  float* to;             ///< [points][lines][phases][kWeightRows]
  int64_t point_stride;  ///< floats of `to`
};

/// Sums of `rows` rows: outputs in their order, and nothing behind them.
struct WinogradOutput {
  const float* from;     ///< [points][rows][runs]
  int64_t point_stride;  ///< floats of `from`
  int64_t row_stride;    ///< floats of `from`
  int64_t rows;
  int64_t runs;
  float* to;          ///< [rows][runs * 4]
  int64_t to_stride;  ///< floats
  bool clamps;        ///< whether low and high count
  float low;
  float high;
};

struct WinogradKernel {
  Isa isa;
  int64_t taps;
  void (*input)(const WinogradInput& input);
  void (*weights)(const WinogradWeights& weights);
  void (*output)(const WinogradOutput& output);
  const char* name;
};

#define LACUNA_WINOGRAD_KERNEL(isa, taps, transform_input, transform_weights, transform_output) \
  void transform_input(const WinogradInput& input);                                             \
  void transform_weights(const WinogradWeights& weights);                                       \
  void transform_output(const WinogradOutput& output);
#include "kernels/winograd/kernels.inc"
#undef LACUNA_WINOGRAD_KERNEL

/// Without lines of the lowest tier: windows that no line suits are multiplied out.
constexpr WinogradKernel kWinogradKernels[] = {
#define LACUNA_WINOGRAD_KERNEL(isa, taps, transform_input, transform_weights, transform_output) \
  {isa,                                                                                         \
   taps,                                                                                        \
   if_built(transform_input, isa, TileKind::kDenseLines),                                       \
   if_built(transform_weights, isa, TileKind::kDenseLines),                                     \
   if_built(transform_output, isa, TileKind::kDenseLines),                                      \
   #transform_output},
#include "kernels/winograd/kernels.inc"
#undef LACUNA_WINOGRAD_KERNEL
    {kScalar, 0, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace lacuna
