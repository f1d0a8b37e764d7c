// Cost profiles: what one of each term takes on a machine, and times predicted from that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "converter/cost/layer.h"

namespace lacuna {

/// Nanoseconds for one of each term, for layers of one kind in one packing, at one thread. None is negative.
struct LayerCosts {
  fbs::Packing packing = fbs::Packing::None;
  LayerKind kind = LayerKind::kPointwise;
  TermCounts ns = {};
};

/// One tier of one machine, measured.
struct Profile {
  std::string name;      ///< of the target that it is for, such as "x86-avx512"
  std::string machine;   ///< the CPU
  int64_t l2_bytes = 0;  ///< cache of one core
  std::vector<LayerCosts> costs;

  /// Whether rows in the order of their entries gain time: for x86. Elsewhere that has not been measured.
  bool orders_rows() const { return name.rfind("x86-", 0) == 0; }

  /// Null: this packing was not measured for such layers.
  const LayerCosts* find(fbs::Packing packing, LayerKind kind) const;
};

/// The profile's name for a tier of this build's CPU family.
std::string profile_name_of(Isa isa);

/// One JSON object, ended by a line feed: schema_version, profiles of name, machine, costs of packing, kind, ns by
/// term.
std::string to_json(const std::vector<Profile>& profiles);

/// Reads that. `where` begins the messages of errors. Throws Error(kMalformed).
std::vector<Profile> parse_profiles(const std::string& json, const std::string& where);

/// Those that the converter comes with (builtin_profiles.json).
const std::vector<Profile>& builtin_profiles();

/// Predicts times on a target.
class CostModel {
 public:
  /// `profiles` is not empty. With several, a time is the geometric mean: with two tiers and two packings the fastest
  /// in that sense is also the one whose larger loss against the best of a tier is smaller.
  explicit CostModel(std::vector<Profile> profiles) : profiles_(std::move(profiles)) {}

  /// Microseconds of one run at one thread; nothing when a profile has no costs for it.
  std::optional<double> microseconds(LayerKind kind, fbs::Packing packing, const TermCounts& counts) const;

  /// Whether one of the profiles orders rows, which harms no other.
  bool orders_rows() const;

  /// L2 of the smallest core.
  int64_t l2_bytes() const;

  /// Profiles with their machines, for people.
  std::string description() const;

 private:
  std::vector<Profile> profiles_;
};

/// Names that --target takes, "native" left out.
std::vector<std::string> known_targets();

/// The costs of a target, from `profiles`. A target that has not been measured borrows the profile named in its place.
/// Throws Error(kUsage) when the profiles have none for it.
CostModel costs_of_target(const std::string& target, const std::vector<Profile>& profiles = builtin_profiles());

/// "its packings are chosen by the costs of x86-avx2, since it has not been measured"; empty for a target with a
/// profile of its own.
std::string borrowing_note(const std::string& target, const std::vector<Profile>& profiles = builtin_profiles());

}  // namespace lacuna
