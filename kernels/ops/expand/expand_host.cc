#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kExpandRun;
void expand_reference(const RefArgs& args);
std::vector<OpCase> expand_cases(std::mt19937& rng);

const OpHost& expand_host() {
  static const OpHost host = {
      &kExpandRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, expand_reference, expand_cases,
  };
  return host;
}

}  // namespace lacuna
