// Which kernels this build has: all, or those of LACUNA_OPS_LIST (toolchains/modules/BuiltOps.cmake). Tables hold null
// for the others, which the linker then leaves out; checks refuse files that need them.
#pragma once

#include <cstdint>

#include "lacuna_generated.h"
#include "sdk/base/isa.h"

namespace lacuna {

/// What kernels of products and of unfolding are for: by weights, and by where columns of pixels come from
/// (kernels/ops/conv/tiles.h). Of one pixel and of dense products of vectors it is all the same. Beside these: a last
/// row block of which half is empty, and sparse rows in the order of their entries.
enum class TileKind : uint8_t {
  kSparsePlanes,
  kSparsePixels,
  kSparseLines,
  kDensePlanes,
  kDensePixels,
  kDenseLines,
  kOnePixel,
  kProduct,
  kHalfBlock,
  kOrderedRows,
};
constexpr const char* kTileKindNames[] = {"SparsePlanes", "SparsePixels", "SparseLines", "DensePlanes", "DensePixels",
                                          "DenseLines",   "OnePixel",     "Product",     "HalfBlock",   "OrderedRows"};

/// Any of some.
struct AnyTile {
  TileKind kinds[3];
};

/// Of a depthwise kernel made for one window; all 0: for any.
struct BuiltWindow {
  int64_t kernel;
  int64_t stride;
  int64_t pad;  ///< positions in front of a row; kAnyPad

  static constexpr int64_t kAnyPad = -1;

  /// Bits of the mask. Of pads, only the two are told apart that kernels are made for.
  constexpr uint64_t bits() const {
    if (kernel == 0) return 1;
    const uint64_t pads = pad == kAnyPad ? 3 : pad == kernel / 2 ? 2 : 1;
    return pads << (4 * kernel + 2 * (stride - 1));
  }
};

/// What depthwise kernels are for beside their window: rows of up to kNarrowRow outputs, a residual.
constexpr int64_t kNarrowRow = 4;
enum class DepthwiseTrait : uint8_t { kNarrow = 1, kResidual };  // bits of the mask that no window has

/// Neighbours that an interpolation joins; 0: any number.
struct BuiltTaps {
  int64_t taps;
};

/// What interpolations along rows are for beside those: rows that become less than twice as long, or shorter.
enum class ResizeTrait : uint8_t { kStretch = 3, kReduce };  // bits of the mask that no number of neighbours has

}  // namespace lacuna

#if defined(LACUNA_BUILT_VARIANTS)
#include LACUNA_BUILT_VARIANTS  // the masks below, by the numbers of enums
#else
namespace lacuna {
constexpr uint64_t kBuiltOps = ~uint64_t{0};
constexpr uint64_t kBuiltPackings = ~uint64_t{0};
constexpr uint64_t kBuiltUnaryKinds = ~uint64_t{0};
constexpr uint64_t kBuiltBinaryKinds = ~uint64_t{0};
constexpr uint64_t kBuiltTileKinds = ~uint64_t{0};
constexpr uint64_t kBuiltWindows = ~uint64_t{0};
constexpr uint64_t kBuiltResizes = ~uint64_t{0};
constexpr uint64_t kBuiltDtypes = ~uint64_t{0};
}  // namespace lacuna
#endif

namespace lacuna {

/// The lowest tier with kernels. A list's build has none below what every CPU of the architecture has.
#if defined(LACUNA_BUILT_VARIANTS) && defined(__aarch64__)
constexpr Isa kLowestIsa = kNeon;
#else
constexpr Isa kLowestIsa = kScalar;
#endif

constexpr bool is_built(Isa isa) { return isa >= kLowestIsa; }
constexpr bool is_built(fbs::OpAttrs op) { return (kBuiltOps >> static_cast<int>(op) & 1) != 0; }
constexpr bool is_built(fbs::Packing packing) { return (kBuiltPackings >> static_cast<int>(packing) & 1) != 0; }
constexpr bool is_built(fbs::UnaryKind kind) { return (kBuiltUnaryKinds >> static_cast<int>(kind) & 1) != 0; }
constexpr bool is_built(fbs::BinaryKind kind) { return (kBuiltBinaryKinds >> static_cast<int>(kind) & 1) != 0; }
constexpr bool is_built(fbs::Dtype dtype) {
  return dtype == fbs::Dtype::F32 || (kBuiltDtypes >> static_cast<int>(dtype) & 1) != 0;
}
constexpr bool is_built(TileKind kind) { return (kBuiltTileKinds >> static_cast<int>(kind) & 1) != 0; }
constexpr bool is_built(AnyTile any) {
  return is_built(any.kinds[0]) || is_built(any.kinds[1]) || is_built(any.kinds[2]);
}
constexpr bool is_built(BuiltWindow w) { return (kBuiltWindows & w.bits()) != 0; }
constexpr bool is_built(DepthwiseTrait t) { return (kBuiltWindows >> static_cast<int>(t) & 1) != 0; }
constexpr bool is_built(ResizeTrait t) { return (kBuiltResizes >> static_cast<int>(t) & 1) != 0; }
constexpr bool is_built(BuiltTaps t) { return (kBuiltResizes >> (t.taps > 2 ? 0 : t.taps) & 1) != 0; }

/// A kernel for a table: null if this build lacks its tier or what else it is for.
template <class Kernel, class... What>
constexpr Kernel* if_built(Kernel* kernel, What... what) {
  return (is_built(what) && ...) ? kernel : nullptr;
}

}  // namespace lacuna
