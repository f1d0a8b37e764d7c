// Dispatch: the kernels that compute in halves on a CPU.
#pragma once

#include "kernels/built.h"
#include "kernels/halves/halves.h"
#include "kernels/op.h"

namespace lacuna {

#define LACUNA_HALF_KERNELS(isa, kernels) extern const HalfKernels kernels;
#include "kernels/halves/kernels.inc"
#undef LACUNA_HALF_KERNELS

/// The kernels of the best tier that computes in halves; null: there is none.
inline const HalfKernels* select_halves(IsaMask isas) {
  struct Tier {
    Isa isa;
    const HalfKernels* kernels;
  };
  static constexpr Tier kTiers[] = {
#define LACUNA_HALF_KERNELS(isa, kernels) {isa, if_built(&kernels, fbs::Dtype::F16)},
#include "kernels/halves/kernels.inc"
#undef LACUNA_HALF_KERNELS
      {kScalar, nullptr}};
  for (const Tier& tier : kTiers) {
    if (tier.kernels != nullptr && (tier.isa & isas) != 0) return tier.kernels;
  }
  return nullptr;
}

/// Whether bind is given halves.
inline bool is_half(const OpStep& step) {
  return is_built(fbs::Dtype::F16) && step.outputs[0].dtype == fbs::Dtype::F16;
}

}  // namespace lacuna
