// Target profiles that a file can be made for.
#pragma once

#include <string>

namespace lacuna {

/// Empty for a known target, otherwise a sentence that lists them.
std::string check_target(const std::string& name);

/// The name that the file keeps: "native" becomes the profile of this machine.
std::string resolve_target(const std::string& name);

}  // namespace lacuna
