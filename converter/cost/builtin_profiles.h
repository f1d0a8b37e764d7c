// The text of builtin_profiles.json, compiled in.
#pragma once

namespace lacuna {

extern const char kBuiltinProfiles[];

}  // namespace lacuna
