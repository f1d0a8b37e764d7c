#include "kernels/op_host.h"

#include "converter/ir/error.h"

namespace lacuna {

#define LACUNA_OP(type, folder) const OpHost& folder##_host();
#include "kernels/ops/ops.inc"
#undef LACUNA_OP

const OpHost& host_op(fbs::OpAttrs type) {
  switch (type) {
#define LACUNA_OP(type, folder) \
  case fbs::OpAttrs::type:      \
    return folder##_host();
#include "kernels/ops/ops.inc"
#undef LACUNA_OP
    default:
      throw Error(ExitCode::kInternal, "node without an operator");
  }
}

const std::vector<fbs::OpAttrs>& all_ops() {
  static const std::vector<fbs::OpAttrs> ops = {
#define LACUNA_OP(type, folder) fbs::OpAttrs::type,
#include "kernels/ops/ops.inc"
#undef LACUNA_OP
  };
  return ops;
}

}  // namespace lacuna
