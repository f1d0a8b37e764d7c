#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kSoftmaxRun;
void softmax_reference(const RefArgs& args);
std::vector<OpCase> softmax_cases(std::mt19937& rng);

const OpHost& softmax_host() {
  static const OpHost host = {
      &kSoftmaxRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, softmax_reference, softmax_cases,
  };
  return host;
}

}  // namespace lacuna
