// The activation at the end of a product: a clamp happens in registers, any other function over the rows just written.
#pragma once

#include "kernels/eltwise/unary.h"

namespace lacuna {

struct Epilogue {
  bool clamps = false;
  float low = 0;
  float high = 0;
  BoundActivation after;  ///< of what has been written; Identity when the clamp is all
};

/// `activation` may be null: Identity. It has passed check_activation.
inline Epilogue bind_epilogue(const fbs::Activation* activation, IsaMask isas) {
  Epilogue epilogue;
  if (activation != nullptr && activation->kind() == fbs::UnaryKind::Clamp) {
    epilogue.clamps = true;
    epilogue.low = activation->alpha();
    epilogue.high = activation->beta();
  } else {
    epilogue.after = bind_activation(activation, isas);
  }
  return epilogue;
}

}  // namespace lacuna
