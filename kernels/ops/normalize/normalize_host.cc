#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kNormalizeRun;
void normalize_reference(const RefArgs& args);
std::vector<OpCase> normalize_cases(std::mt19937& rng);

const OpHost& normalize_host() {
  static const OpHost host = {
      &kNormalizeRun,  {{"x", Role::kValue}, {"scale", Role::kValue, true}, {"shift", Role::kValue, true}},
      nullptr,         nullptr,
      nullptr,         normalize_reference,
      normalize_cases,
  };
  return host;
}

}  // namespace lacuna
