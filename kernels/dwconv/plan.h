// Chooses how a window is filtered and makes its tables.
#pragma once

#include "kernels/dwconv/dwconv.h"

namespace lacuna {

/// Bytes of tables and of scratch; SIZE_MAX when they exceed any machine.
size_t dwconv_table_bytes(const Window& height, const Window& width);
size_t dwconv_scratch_bytes(const Window& height, const Window& width);

/// Makes the tables in `tables`, aligned to 8 bytes, which the plan points into.
DwconvPlan plan_dwconv(const Window& height, const Window& width, void* tables);

}  // namespace lacuna
