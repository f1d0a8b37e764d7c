#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kConcatRun;
void concat_reference(const RefArgs& args);
std::vector<OpCase> concat_cases(std::mt19937& rng);

const OpHost& concat_host() {
  static const OpHost host = {
      &kConcatRun, {{"inputs", Role::kValue}}, nullptr, nullptr, nullptr, concat_reference, concat_cases,
  };
  return host;
}

}  // namespace lacuna
