// Which kernels this build has: all, or those of LACUNA_OPS_LIST (toolchains/modules/BuiltOps.cmake). Tables hold null
// for the others, which the linker then leaves out; checks refuse files that need them.
#pragma once

#include <cstdint>

#include "lacuna_generated.h"
#include "sdk/base/isa.h"

#if defined(LACUNA_BUILT_VARIANTS)
#include LACUNA_BUILT_VARIANTS  // the masks below, by the numbers of the schema's enums
#else
namespace lacuna {
constexpr uint64_t kBuiltPackings = ~uint64_t{0};
constexpr uint64_t kBuiltUnaryKinds = ~uint64_t{0};
constexpr uint64_t kBuiltBinaryKinds = ~uint64_t{0};
constexpr uint64_t kBuiltWindows = ~uint64_t{0};
}  // namespace lacuna
#endif

namespace lacuna {

/// The lowest tier with kernels. A list's build has none below what every CPU of the architecture has.
#if defined(LACUNA_BUILT_VARIANTS) && defined(__aarch64__)
constexpr Isa kLowestIsa = kNeon;
#else
constexpr Isa kLowestIsa = kScalar;
#endif

/// Of a depthwise kernel made for one window; 0, 0: for any.
struct BuiltWindow {
  int64_t kernel;
  int64_t stride;
};

constexpr bool is_built(Isa isa) { return isa >= kLowestIsa; }
constexpr bool is_built(fbs::Packing packing) { return (kBuiltPackings >> static_cast<int>(packing) & 1) != 0; }
constexpr bool is_built(fbs::UnaryKind kind) { return (kBuiltUnaryKinds >> static_cast<int>(kind) & 1) != 0; }
constexpr bool is_built(fbs::BinaryKind kind) { return (kBuiltBinaryKinds >> static_cast<int>(kind) & 1) != 0; }

constexpr bool is_built(BuiltWindow w) { return (kBuiltWindows >> (2 * w.kernel + w.stride) & 1) != 0; }

/// A kernel for a table: null if this build lacks its tier or what else it is for.
template <class Kernel, class... What>
constexpr Kernel* if_built(Kernel* kernel, What... what) {
  return (is_built(what) && ...) ? kernel : nullptr;
}

}  // namespace lacuna
