#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kUnaryRun;
void unary_reference(const RefArgs& args);
std::vector<OpCase> unary_cases(std::mt19937& rng);

const OpHost& unary_host() {
  static const OpHost host = {
      &kUnaryRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, unary_reference, unary_cases,
  };
  return host;
}

}  // namespace lacuna
