// One test body for all operators: a case runs on a chosen ISA, packing, layout and number of threads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/op_host.h"

namespace lacuna {

/// One way to run a case.
struct OpVariant {
  Isa isa = kScalar;  ///< highest tier allowed
  uint32_t threads = 1;
  bool padded = false;  ///< channel strides of planar operands are padded, where the operator takes that
  fbs::Packing packing = fbs::Packing::None;
  fbs::Dtype dtype = fbs::Dtype::F32;  ///< of operands, weights and output
  bool in_place = false;               ///< the output takes the place of the last input that allows it, where one does
};

/// Tiers of this machine that have kernels of floats, lowest first.
std::vector<Isa> machine_isas();
const char* name_of(Isa isa);

/// Packings in which the case can run; just {None} without weights.
std::vector<fbs::Packing> packings_of(const OpHost& op, const OpCase& op_case);

struct OpResult {
  Tensor output;
  std::string kernel;     ///< what bind chose; empty: the operator does not compute this case in halves
  bool in_place = false;  ///< the output took the place of an input
  std::string error;      ///< not empty: infer or check refused the case
};

/// Runs the device half in guarded memory. Outputs start as NaN.
OpResult run_case(const OpHost& op, const OpCase& op_case, const OpVariant& variant);

/// What the reference says.
Tensor reference_of(const OpCase& op_case);

/// Largest absolute difference over the largest absolute value of `expected`; infinite when shapes, or places of
/// NaN and infinity, differ.
double relative_error(const Tensor& actual, const Tensor& expected);

}  // namespace lacuna
