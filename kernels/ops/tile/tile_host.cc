#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kTileRun;
void tile_reference(const RefArgs& args);
std::vector<OpCase> tile_cases(std::mt19937& rng);

const OpHost& tile_host() {
  static const OpHost host = {
      &kTileRun, {{"x", Role::kValue}}, nullptr, nullptr, nullptr, tile_reference, tile_cases,
  };
  return host;
}

}  // namespace lacuna
