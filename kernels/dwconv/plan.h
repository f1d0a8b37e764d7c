// Chooses how a window is filtered and makes its tables.
#pragma once

#include "kernels/dwconv/dwconv.h"

namespace lacuna {

DwconvMethod choose_dwconv_method(const Window& height, const Window& width);

/// The window that the kernel for these is made for: of kRows alone, else any.
inline BuiltWindow dwconv_kernel_window(const Window& height, const Window& width) {
  return choose_dwconv_method(height, width) == DwconvMethod::kRows ? BuiltWindow{width.kernel, width.stride, width.pad}
                                                                    : BuiltWindow{};
}

/// Bytes of tables and of scratch; SIZE_MAX when they exceed any machine.
size_t dwconv_table_bytes(const Window& height, const Window& width);
size_t dwconv_scratch_bytes(const Window& height, const Window& width);

/// Makes the tables in `tables`, aligned to 8 bytes, which the plan points into.
DwconvPlan plan_dwconv(const Window& height, const Window& width, void* tables);

}  // namespace lacuna
