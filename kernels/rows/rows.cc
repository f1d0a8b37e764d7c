#include "kernels/rows/rows.h"

#include "kernels/select.h"

namespace lacuna {
namespace {

constexpr RowsEntry kEntries[] = {
#define LACUNA_ROWS_KERNELS(isa, kernels) {isa, #kernels, if_built(&kernels, isa)},
#include "kernels/rows/kernels.inc"
#undef LACUNA_ROWS_KERNELS
};

}  // namespace

const RowsEntry& select_rows(IsaMask isas) { return select_kernel(kEntries, isas); }

}  // namespace lacuna
