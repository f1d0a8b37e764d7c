#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kPoolRun;
void pool_reference(const RefArgs& args);
std::vector<OpCase> pool_cases(std::mt19937& rng);

const OpHost& pool_host() {
  static const OpHost host = {
      &kPoolRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, pool_reference, pool_cases,
  };
  return host;
}

}  // namespace lacuna
