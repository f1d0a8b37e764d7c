#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kSliceRun;
void slice_reference(const RefArgs& args);
std::vector<OpCase> slice_cases(std::mt19937& rng);

const OpHost& slice_host() {
  static const OpHost host = {
      &kSliceRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, slice_reference, slice_cases,
  };
  return host;
}

}  // namespace lacuna
