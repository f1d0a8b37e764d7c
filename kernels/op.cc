#include "kernels/op.h"

// The operators of this build: all, or those of LACUNA_OPS_LIST (sdk/CMakeLists.txt).
#ifndef LACUNA_BUILT_OPS
#define LACUNA_BUILT_OPS "kernels/ops/ops.inc"
#endif

namespace lacuna {

#define LACUNA_OP(type, folder) extern const OpRun k##type##Run;
#include LACUNA_BUILT_OPS
#undef LACUNA_OP

const OpRun* find_op(fbs::OpAttrs type) {
  switch (type) {
#define LACUNA_OP(type, folder) \
  case fbs::OpAttrs::type:      \
    return &k##type##Run;
#include LACUNA_BUILT_OPS
#undef LACUNA_OP
    default:
      return nullptr;
  }
}

}  // namespace lacuna
