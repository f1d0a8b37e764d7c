// Instruction-set tiers that kernels are written for.
#pragma once

#include <cstdint>

namespace lacuna {

/// One bit a tier. Values are internal; users name tiers by `isa_name`.
enum Isa : uint32_t {
  kScalar = 1u << 0,    ///< portable C++, always present
  kAvx2 = 1u << 1,      ///< AVX2 with FMA and F16C
  kAvx512 = 1u << 2,    ///< AVX-512 F, BW, DQ and VL
  kNeon = 1u << 3,      ///< Advanced SIMD of 64-bit Arm; of 32-bit Arm with VFPv4
  kNeonFp16 = 1u << 4,  ///< and arithmetic on halves, of Armv8.2 (64-bit)
};

/// A set of `Isa` bits: what a CPU offers, or what the caller allows.
using IsaMask = uint32_t;

/// Tiers of this architecture.
#if defined(__x86_64__)
constexpr IsaMask kArchitectureIsas = kScalar | kAvx2 | kAvx512;
#elif defined(__aarch64__)
constexpr IsaMask kArchitectureIsas = kScalar | kNeon | kNeonFp16;
#elif __ARM_ARCH >= 7
constexpr IsaMask kArchitectureIsas = kScalar | kNeon;
#else
constexpr IsaMask kArchitectureIsas = kScalar;
#endif

struct IsaName {
  Isa isa;
  const char* name;
};

/// Every tier with its user-visible name, lowest first within an architecture.
constexpr IsaName kIsaNames[] = {
    {kScalar, "scalar"}, {kAvx2, "avx2"}, {kAvx512, "avx512"}, {kNeon, "neon"}, {kNeonFp16, "neonfp16"}};

/// The tier itself and all below it; those of other architectures have no kernels here.
constexpr IsaMask up_to(Isa isa) { return static_cast<IsaMask>(isa) * 2 - 1; }

}  // namespace lacuna
