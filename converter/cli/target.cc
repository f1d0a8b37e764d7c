#include "converter/cli/target.h"

#include <algorithm>

#include "converter/cli/input_file.h"
#include "platforms/cpu_features.h"

namespace lacuna {
namespace {

constexpr char kNative[] = "native";
constexpr char kProfileExtension[] = ".json";

bool is_file_name(const std::string& name) {
  const size_t length = sizeof(kProfileExtension) - 1;
  return name.size() > length && name.compare(name.size() - length, length, kProfileExtension) == 0;
}

bool is_known(const std::string& target) {
  const std::vector<std::string> known = known_targets();
  return std::find(known.begin(), known.end(), target) != known.end();
}

std::vector<Profile> read_profiles(const std::string& path) {
  const InputFile file(path);
  return parse_profiles(std::string(reinterpret_cast<const char*>(file.data()), file.bytes()), path);
}

}  // namespace

std::string check_target(const std::string& name) {
  std::string known = kNative;
  if (name == known || is_file_name(name)) return "";
  for (const std::string& target : known_targets()) {
    if (name == target) return "";
    known += ", " + target;
  }
  return "there is no target '" + name + "'; known are " + known + ", and files made by lacuna tune, *.json";
}

std::string resolve_target(const std::string& name) {
  if (name != kNative) return name;
  Isa best = kScalar;
  for (const IsaName& entry : kIsaNames) {
    if ((cpu_isas() & entry.isa) != 0) best = entry.isa;
  }
  const std::string tier = profile_name_of(best), core = tier + "-" + name_core(cpu_model());
  return is_known(core) ? core : tier;
}

Target find_target(const std::string& name, const std::string& profile) {
  if (is_file_name(name)) {
    if (!profile.empty()) throw Error(ExitCode::kUsage, "--target " + name + ": is a profile already; drop --profile");
    const std::vector<Profile> profiles = read_profiles(name);
    return {profiles.back().name, CostModel({profiles.back()}), ""};
  }
  const std::string target = resolve_target(name);
  const std::vector<Profile> profiles = profile.empty() ? builtin_profiles() : read_profiles(profile);
  return {target, costs_of_target(target, profiles), borrowing_note(target, profiles)};
}

}  // namespace lacuna
