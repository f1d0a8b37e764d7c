#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kLookupRun;
void lookup_reference(const RefArgs& args);
std::vector<OpCase> lookup_cases(std::mt19937& rng);

const OpHost& lookup_host() {
  static const OpHost host = {
      &kLookupRun,  {{"table", Role::kValue}, {"places", Role::kValue}}, nullptr, nullptr, nullptr, lookup_reference,
      lookup_cases,
  };
  return host;
}

}  // namespace lacuna
