// Dense windows by Winograd's method along rows of pixels (kernels/winograd), on x86: a third to a half of the
// products.
//
// A band of rows is transformed as a whole, then weights eight rows at a time, from DenseRows8 as the file has them.
// For each point a dense product runs over lines of what is left of the window, as in tiles.cc.
#pragma once

#include "kernels/ops/conv/tiling.h"

namespace lacuna {

/// Winograd's method for a window.
struct WinogradShape {
  explicit WinogradShape(const ConvGeometry& g);

  int64_t taps;    ///< of a phase of a kernel row
  int64_t points;  ///< taps + 3
  int64_t runs;    ///< of a row of outputs
  /// The window over what the transforms make of a channel: `phases` kernel columns of one tap.
  ConvGeometry lines;
  LineTiling tiling;  ///< of that; a run takes one float

  int64_t band_runs() const { return tiling.rows * runs; }
  /// Floats of a point's transformed inputs.
  int64_t plane_floats() const { return lines.columns() / lines.height.kernel * tiling.plane_stride; }
  /// Whether this takes fewer operations than multiplying out.
  bool pays(const ConvGeometry& g) const;
};

/// Whether dense weights of this geometry run by the method where the CPU has its kernels.
bool suits_winograd(const ConvGeometry& g);

#if defined(__x86_64__)
/// As the functions of OpRun. The state starts with the function that runs a task. bind returns false, and has done
/// nothing, where the CPU has no kernels for it.
size_t winograd_state_bytes(const OpStep& step);
size_t winograd_scratch_bytes(const OpStep& step);
bool bind_winograd(const OpStep& step, const BindContext& context, void* state, Binding* binding);
#endif

}  // namespace lacuna
