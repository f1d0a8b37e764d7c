// Instruction-set tiers that kernels are written for.
#pragma once

#include <cstdint>

namespace lacuna {

/// One bit a tier. Values are internal; users name tiers by `isa_name`.
enum Isa : uint32_t {
  kScalar = 1u << 0,      ///< portable C++, always present
  kAvx2 = 1u << 1,        ///< AVX2 with FMA and F16C
  kAvx512 = 1u << 2,      ///< AVX-512 F, BW, DQ and VL
  kNeon = 1u << 3,        ///< Advanced SIMD of 64-bit Arm; of 32-bit Arm with VFPv4
  kNeonFp16 = 1u << 4,    ///< and arithmetic on halves, of Armv8.2 (64-bit)
  kAvx512Fp16 = 1u << 5,  ///< AVX-512, and arithmetic on halves
};

/// Whether the compiler has what the kernels of kAvx512Fp16 take.
#if defined(__x86_64__) && (defined(__clang__) ? __clang_major__ >= 14 : __GNUC__ >= 12)
#define LACUNA_AVX512FP16 1
#else
#define LACUNA_AVX512FP16 0
#endif

/// A set of `Isa` bits: what a CPU offers, or what the caller allows.
using IsaMask = uint32_t;

/// Tiers that compute in halves and, on floats, are the one below.
constexpr IsaMask kHalfIsas = kNeonFp16 | kAvx512Fp16;

struct IsaName {
  Isa isa;
  const char* name;
};

/// Tiers of this architecture, lowest first, with their user-visible names.
constexpr IsaName kIsaNames[] = {
    {kScalar, "scalar"},
#if defined(__x86_64__)
    {kAvx2, "avx2"},
    {kAvx512, "avx512"},
#if LACUNA_AVX512FP16
    {kAvx512Fp16, "avx512fp16"},
#endif
#elif defined(__aarch64__)
    {kNeon, "neon"},
    {kNeonFp16, "neonfp16"},
#elif __ARM_ARCH >= 7
    {kNeon, "neon"},
#endif
};

/// The tier itself and all below it; those of other architectures have no kernels here.
constexpr IsaMask up_to(Isa isa) { return static_cast<IsaMask>(isa) * 2 - 1; }

}  // namespace lacuna
