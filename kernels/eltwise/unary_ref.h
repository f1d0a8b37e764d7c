// References of the elementwise functions, from their definitions in op_attrs.fbs.
#pragma once

#include "lacuna_generated.h"

namespace lacuna {

/// f(x) in double precision.
double unary_reference(fbs::UnaryKind kind, double alpha, double beta, double x);

/// A null activation is Identity.
double activation_reference(const fbs::Activation* activation, double x);

}  // namespace lacuna
