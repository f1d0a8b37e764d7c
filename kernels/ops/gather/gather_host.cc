#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kGatherRun;
void gather_reference(const RefArgs& args);
std::vector<OpCase> gather_cases(std::mt19937& rng);

const OpHost& gather_host() {
  static const OpHost host = {
      &kGatherRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, gather_reference, gather_cases,
  };
  return host;
}

}  // namespace lacuna
