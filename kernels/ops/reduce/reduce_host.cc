#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kReduceRun;
void reduce_reference(const RefArgs& args);
std::vector<OpCase> reduce_cases(std::mt19937& rng);

const OpHost& reduce_host() {
  static const OpHost host = {
      &kReduceRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, reduce_reference, reduce_cases,
  };
  return host;
}

}  // namespace lacuna
