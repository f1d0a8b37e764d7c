#include "converter/cost/profile.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "converter/cost/builtin_profiles.h"

namespace lacuna {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

/// A target with the profiles that its costs come from: its own, or others' until it is measured.
struct TargetProfiles {
  const char* target;
  std::vector<const char*> profiles;
};

const std::vector<TargetProfiles>& target_profiles() {
  static const std::vector<TargetProfiles> all = {
      {"generic", {"x86-avx512", "x86-avx2"}},
      {"x86-avx2", {"x86-avx2"}},
      {"x86-avx512", {"x86-avx512"}},
      {"x86-avx2-zen3", {"x86-avx2"}},
      {"x86-avx2-zen4", {"x86-avx2"}},
      {"x86-avx512-zen4", {"x86-avx512"}},
      {"scalar", {"scalar"}},
      {"x86-avx2-goldencove", {"x86-avx2"}},
      {"x86-avx512-goldencove", {"x86-avx512"}},
      {"arm64-little", {"x86-avx2"}},
      {"arm64-big", {"x86-avx2"}},
      {"armv7", {"x86-avx2"}},
  };
  return all;
}

const Profile* find_profile(const std::vector<Profile>& profiles, const std::string& name) {
  for (const Profile& profile : profiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

/// The target's own profile where there is one, otherwise those that stand in.
std::vector<std::string> profiles_for(const std::string& target, const std::vector<Profile>& profiles) {
  if (find_profile(profiles, target) != nullptr) return {target};
  for (const TargetProfiles& entry : target_profiles()) {
    if (target == entry.target) return {entry.profiles.begin(), entry.profiles.end()};
  }
  return {target};
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

/// Six digits are more than any measurement gives, and keep files short.
double rounded(double x) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", x);
  return std::strtod(text, nullptr);
}

Json to_json(const LayerCosts& costs) {
  Json ns = Json::object();
  for (int i = 0; i < kTerms; ++i) {
    const double x = costs.ns[static_cast<size_t>(i)];
    if (x != 0) ns[name_of(static_cast<Term>(i))] = rounded(x);
  }
  return {{"packing", fbs::EnumNamePacking(costs.packing)}, {"kind", name_of(costs.kind)}, {"ns", ns}};
}

template <class Enum, class Name>
Enum parse_name(const Json& name, int count, Name name_of_value, const char* what) {
  for (int i = 0; i < count; ++i) {
    if (name.get<std::string>() == name_of_value(static_cast<Enum>(i))) return static_cast<Enum>(i);
  }
  malformed(std::string("there is no ") + what + " '" + name.get<std::string>() + "'");
}

double parse_ns(const Json& number) {
  const double ns = number.get<double>();
  if (!std::isfinite(ns) || ns < 0) malformed("a cost is negative or not finite");
  return ns;
}

LayerCosts parse_costs(const Json& json) {
  constexpr int kPackings = static_cast<int>(fbs::Packing::MAX) + 1;
  LayerCosts costs;
  costs.packing = parse_name<fbs::Packing>(json.at("packing"), kPackings, fbs::EnumNamePacking, "packing");
  const auto name_of_kind = [](LayerKind kind) { return name_of(kind); };
  const auto name_of_term = [](Term term) { return name_of(term); };
  costs.kind = parse_name<LayerKind>(json.at("kind"), kLayerKinds, name_of_kind, "kind");
  for (const auto& [name, number] : json.at("ns").items()) {
    costs.ns[static_cast<size_t>(parse_name<Term>(name, kTerms, name_of_term, "term"))] = parse_ns(number);
  }
  return costs;
}

Profile parse_profile(const Json& json) {
  Profile profile;
  profile.name = json.at("name").get<std::string>();
  profile.machine = json.at("machine").get<std::string>();
  profile.l2_bytes = json.at("l2_bytes").get<int64_t>();
  if (profile.l2_bytes < 1) malformed("l2_bytes is not positive");
  for (const Json& costs : json.at("costs")) profile.costs.push_back(parse_costs(costs));
  return profile;
}

}  // namespace

const LayerCosts* Profile::find(fbs::Packing packing, LayerKind kind) const {
  for (const LayerCosts& entry : costs) {
    if (entry.packing == packing && entry.kind == kind) return &entry;
  }
  return kind == LayerKind::kSpared ? find(packing, LayerKind::kWindow) : nullptr;
}

std::string profile_name_of(Isa isa) {
  if (isa == kNeon || isa == kNeonFp16) return sizeof(void*) == 8 ? "arm64-little" : "armv7";
  if (isa == kAvx512Fp16) isa = kAvx512;
  for (const IsaName& entry : kIsaNames) {
    if (entry.isa == isa) return isa == kScalar ? entry.name : std::string("x86-") + entry.name;
  }
  return "scalar";
}

std::string to_json(const std::vector<Profile>& profiles) {
  Json list = Json::array();
  for (const Profile& profile : profiles) {
    Json costs = Json::array();
    for (const LayerCosts& entry : profile.costs) costs.push_back(to_json(entry));
    list.push_back(
        {{"name", profile.name}, {"machine", profile.machine}, {"l2_bytes", profile.l2_bytes}, {"costs", costs}});
  }
  return Json({{"schema_version", kSchemaVersion}, {"profiles", list}})
             .dump(1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

std::vector<Profile> parse_profiles(const std::string& json, const std::string& where) {
  try {
    const Json root = Json::parse(json);
    if (root.at("schema_version").get<int>() != kSchemaVersion) malformed("its schema_version is not 1");
    std::vector<Profile> profiles;
    for (const Json& profile : root.at("profiles")) profiles.push_back(parse_profile(profile));
    if (profiles.empty()) malformed("it has no profiles");
    return profiles;
  } catch (const Json::exception& error) {
    malformed(where + ": is not a cost profile: " + error.what() + "; make one with: lacuna tune -o PROFILE.json");
  } catch (const Error& error) {
    malformed(where + ": is not a cost profile: " + error.what() + "; make one with: lacuna tune -o PROFILE.json");
  }
}

const std::vector<Profile>& builtin_profiles() {
  static const std::vector<Profile> profiles = parse_profiles(kBuiltinProfiles, "the built-in profiles");
  return profiles;
}

std::optional<double> CostModel::microseconds(LayerKind kind, fbs::Packing packing, const TermCounts& counts) const {
  double log_sum = 0;
  for (const Profile& profile : profiles_) {
    const LayerCosts* costs = profile.find(packing, kind);
    if (costs == nullptr) return std::nullopt;
    double ns = 0;
    for (size_t i = 0; i < counts.size(); ++i) ns += counts[i] * costs->ns[i];
    log_sum += std::log(std::max(ns, 1.0));
  }
  return std::exp(log_sum / static_cast<double>(profiles_.size())) * 1e-3;
}

bool CostModel::orders_rows() const {
  return std::any_of(profiles_.begin(), profiles_.end(), [](const Profile& profile) { return profile.orders_rows(); });
}

int64_t CostModel::l2_bytes() const {
  int64_t least = profiles_[0].l2_bytes;
  for (const Profile& profile : profiles_) least = std::min(least, profile.l2_bytes);
  return least;
}

std::string CostModel::description() const {
  std::string text;
  for (const Profile& profile : profiles_) {
    text += (text.empty() ? "" : " and ") + profile.name + " (" + profile.machine + ")";
  }
  return text;
}

std::vector<std::string> known_targets() {
  std::vector<std::string> names;
  for (const TargetProfiles& entry : target_profiles()) names.push_back(entry.target);
  return names;
}

CostModel costs_of_target(const std::string& target, const std::vector<Profile>& profiles) {
  std::vector<Profile> found;
  for (const std::string& name : profiles_for(target, profiles)) {
    const Profile* profile = find_profile(profiles, name);
    if (profile != nullptr) found.push_back(*profile);
  }
  if (!found.empty()) return CostModel(std::move(found));
  std::vector<std::string> names;
  for (const Profile& profile : profiles) names.push_back(profile.name);
  throw Error(ExitCode::kUsage,
              "the cost profiles have none for the target '" + target + "'; they are for " + joined(names, ", "));
}

std::string borrowing_note(const std::string& target, const std::vector<Profile>& profiles) {
  const std::vector<std::string> used = profiles_for(target, profiles);
  if (target == "generic" || used.front() == target) return "";
  return "its packings are chosen by the costs of " + joined(used, ", ") + ", since it has not been measured";
}

}  // namespace lacuna
