#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kResizeRun;
void resize_reference(const RefArgs& args);
std::vector<OpCase> resize_cases(std::mt19937& rng);

const OpHost& resize_host() {
  static const OpHost host = {
      &kResizeRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, resize_reference, resize_cases,
  };
  return host;
}

}  // namespace lacuna
