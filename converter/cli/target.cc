#include "converter/cli/target.h"

#include <algorithm>

#include "platforms/cpu_features.h"

namespace lacuna {
namespace {

constexpr const char* kTargets[] = {"generic",      "native",    "x86-avx2", "x86-avx512",
                                    "arm64-little", "arm64-big", "armv7"};

}  // namespace

std::string check_target(const std::string& name) {
  std::string known;
  for (const char* target : kTargets) {
    if (name == target) return "";
    known += std::string(known.empty() ? "" : ", ") + target;
  }
  return "there is no target '" + name + "'; known are " + known;
}

std::string resolve_target(const std::string& name) {
  if (name != "native") return name;
  const IsaMask isas = cpu_isas();
  if ((isas & kAvx512) != 0) return "x86-avx512";
  return (isas & kAvx2) != 0 ? "x86-avx2" : "generic";
}

}  // namespace lacuna
