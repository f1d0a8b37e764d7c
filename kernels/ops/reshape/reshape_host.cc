#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kReshapeRun;
void reshape_reference(const RefArgs& args);
std::vector<OpCase> reshape_cases(std::mt19937& rng);

const OpHost& reshape_host() {
  static const OpHost host = {
      &kReshapeRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, reshape_reference, reshape_cases,
  };
  return host;
}

}  // namespace lacuna
