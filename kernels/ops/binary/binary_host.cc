#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kBinaryRun;
void binary_reference(const RefArgs& args);
std::vector<OpCase> binary_cases(std::mt19937& rng);

const OpHost& binary_host() {
  static const OpHost host = {
      &kBinaryRun,  {{"a", Role::kValue}, {"b", Role::kValue}}, nullptr, nullptr, nullptr, binary_reference,
      binary_cases,
  };
  return host;
}

}  // namespace lacuna
