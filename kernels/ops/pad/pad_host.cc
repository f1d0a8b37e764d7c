#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kPadRun;
void pad_reference(const RefArgs& args);
std::vector<OpCase> pad_cases(std::mt19937& rng);

const OpHost& pad_host() {
  static const OpHost host = {
      &kPadRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, pad_reference, pad_cases,
  };
  return host;
}

}  // namespace lacuna
