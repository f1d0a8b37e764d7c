#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kAffineRun;
void affine_reference(const RefArgs& args);
std::vector<OpCase> affine_cases(std::mt19937& rng);

const OpHost& affine_host() {
  static const OpHost host = {
      &kAffineRun,  {{"x", Role::kValue}, {"scale", Role::kConstant}, {"shift", Role::kConstant}},
      nullptr,      nullptr,
      nullptr,      affine_reference,
      affine_cases,
  };
  return host;
}

}  // namespace lacuna
