#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kTransposeRun;
void transpose_reference(const RefArgs& args);
std::vector<OpCase> transpose_cases(std::mt19937& rng);

const OpHost& transpose_host() {
  static const OpHost host = {
      &kTransposeRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, transpose_reference, transpose_cases,
  };
  return host;
}

}  // namespace lacuna
