#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kDepthToSpaceRun;
void depth_to_space_reference(const RefArgs& args);
std::vector<OpCase> depth_to_space_cases(std::mt19937& rng);

const OpHost& depth_to_space_host() {
  static const OpHost host = {
      &kDepthToSpaceRun,        {{"x", Role::kValue}}, nullptr, nullptr, nullptr,
      depth_to_space_reference, depth_to_space_cases,
  };
  return host;
}

}  // namespace lacuna
