#include "kernels/op.h"

namespace lacuna {

#define LACUNA_OP(type, folder) extern const OpRun k##type##Run;
#include "kernels/ops/ops.inc"
#undef LACUNA_OP

const OpRun* find_op(fbs::OpAttrs type) {
  switch (type) {
#define LACUNA_OP(type, folder) \
  case fbs::OpAttrs::type:      \
    return &k##type##Run;
#include "kernels/ops/ops.inc"
#undef LACUNA_OP
    default:
      return nullptr;
  }
}

}  // namespace lacuna
