// Targets that a file can be made for, with the costs that decide.
#pragma once

#include <string>

#include "converter/cost/profile.h"

namespace lacuna {

/// Empty for a known target or the name of a profile's file (ends in .json), otherwise a sentence that lists them.
std::string check_target(const std::string& name);

/// The name that the file keeps: "native" becomes the target of this machine.
std::string resolve_target(const std::string& name);

/// What a command makes a file for.
struct Target {
  std::string name;  ///< as the file keeps it
  CostModel costs;
  std::string note;  ///< for people: whose costs stand in; may be empty
};

/// `name` as given with --target; `profile` is the file given with --profile, or empty for the built-in ones. A file as
/// `name` stands for --profile with the last tier in it as target. Throws Error.
Target find_target(const std::string& name, const std::string& profile);

/// The options --target and --profile.
struct TargetOptions {
  std::string target = "generic";
  std::string profile;

  Target find() const { return find_target(target, profile); }
};

}  // namespace lacuna
