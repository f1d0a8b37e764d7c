// Functions of one argument over a run of elements: the Unary operator, and the activations that others fuse.
#pragma once

#include <cstddef>

#include "lacuna_generated.h"
#include "sdk/base/isa.h"
#include "sdk/base/status.h"

namespace lacuna {

/// y[i] = f(x[i]) for i in [0, n); y == x is allowed. alpha and beta as op_attrs.fbs defines them for the kind.
/// Reads and writes nothing outside the n elements. Equal arguments give equal results wherever they stand in the run.
using UnaryFunction = void (*)(const float* x, float* y, size_t n, float alpha, float beta);

/// The best function of `kind`, which check_activation has accepted; null for Identity, which has nothing to do in
/// place. `kernel_name` (may be null) receives its name with ISA, in static storage.
UnaryFunction select_unary(fbs::UnaryKind kind, IsaMask isas, const char** kernel_name);

/// An activation that is ready to run: plain data, so that it can lie in a step's bound state.
struct BoundActivation {
  UnaryFunction function = nullptr;  ///< null: Identity
  float alpha = 0;
  float beta = 0;

  /// In place over n elements.
  void apply(float* y, size_t n) const {
    if (function != nullptr) function(y, y, n, alpha, beta);
  }
};

/// `activation` may be null: Identity.
BoundActivation bind_activation(const fbs::Activation* activation, IsaMask isas, const char** kernel_name = nullptr);

/// Refuses (MEANING) a kind that this version does not know. Null is fine.
Status check_activation(const fbs::Activation* activation, lacuna_error* error);

}  // namespace lacuna
