#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kSpaceToDepthRun;
void space_to_depth_reference(const RefArgs& args);
std::vector<OpCase> space_to_depth_cases(std::mt19937& rng);

const OpHost& space_to_depth_host() {
  static const OpHost host = {
      &kSpaceToDepthRun,        {{"x", Role::kValue}}, nullptr, nullptr, nullptr,
      space_to_depth_reference, space_to_depth_cases,
  };
  return host;
}

}  // namespace lacuna
