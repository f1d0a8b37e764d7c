#include "platforms/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif (defined(__arm__) || defined(__aarch64__)) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace lacuna {
namespace {

#if defined(__x86_64__)

constexpr bool has_all(uint32_t flags, uint32_t wanted) { return (flags & wanted) == wanted; }

/// Register states that the operating system saves (XCR0).
uint32_t saved_states() {
  uint32_t low;
  uint32_t high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

IsaMask vector_isas() {
  constexpr uint32_t kFma = 1u << 12;  // leaf 1, ecx
  constexpr uint32_t kOsXsave = 1u << 27;
  constexpr uint32_t kAvx = 1u << 28;
  constexpr uint32_t kF16c = 1u << 29;
  constexpr uint32_t kLeafAvx2 = 1u << 5;                                      // leaf 7, ebx
  constexpr uint32_t kLeafAvx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // F, DQ, BW, VL
  constexpr uint32_t kLeafAvx512Fp16 = 1u << 23;                               // edx
  constexpr uint32_t kYmmState = 0x06;                                         // XCR0: xmm, ymm
  constexpr uint32_t kZmmState = 0xe6;                                         // and k0-7, zmm

  uint32_t eax;
  uint32_t ebx;
  uint32_t ecx;
  uint32_t edx;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || !has_all(ecx, kFma | kOsXsave | kAvx | kF16c)) return 0;
  const uint32_t states = saved_states();
  if (!has_all(states, kYmmState) || __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return 0;
  if (!has_all(ebx, kLeafAvx2)) return 0;
  if (!has_all(ebx, kLeafAvx512) || !has_all(states, kZmmState)) return kAvx2;
  const bool halves = LACUNA_AVX512FP16 != 0 && has_all(edx, kLeafAvx512Fp16);
  return halves ? kAvx2 | kAvx512 | kAvx512Fp16 : kAvx2 | kAvx512;
}

/// Of a leaf that describes one cache in each subleaf; 0 without such a leaf.
uint32_t l1_bytes_by(uint32_t leaf) {
  constexpr uint32_t kLevel1Data = 1u << 5 | 1;  // eax: level and kind
  uint32_t eax;
  uint32_t ebx;
  uint32_t ecx;
  uint32_t edx;
  for (uint32_t i = 0; __get_cpuid_count(leaf, i, &eax, &ebx, &ecx, &edx) != 0 && (eax & 31) != 0 && i < 8; ++i) {
    const uint32_t ways = (ebx >> 22) + 1, partitions = (ebx >> 12 & 1023) + 1, line = (ebx & 4095) + 1;
    if ((eax & 255) == kLevel1Data) return ways * partitions * line * (ecx + 1);
  }
  return 0;
}

#elif defined(__aarch64__)

bool has_fp16() {
#if defined(__linux__)
  constexpr unsigned long kFphpAndAsimdhp = 1ul << 9 | 1ul << 10;  // AT_HWCAP
  return (getauxval(AT_HWCAP) & kFphpAndAsimdhp) == kFphpAndAsimdhp;
#elif defined(__APPLE__)
  int has = 0;
  size_t bytes = sizeof(has);
  return sysctlbyname("hw.optional.arm.FEAT_FP16", &has, &bytes, nullptr, 0) == 0 && has != 0;
#else
  return false;
#endif
}

IsaMask vector_isas() { return has_fp16() ? kNeon | kNeonFp16 : kNeon; }

#elif defined(__arm__) && defined(__linux__)

IsaMask vector_isas() {
  constexpr unsigned long kNeonAndVfpv4 = 1ul << 12 | 1ul << 16;  // AT_HWCAP of Linux
  return (getauxval(AT_HWCAP) & kNeonAndVfpv4) == kNeonAndVfpv4 ? IsaMask{kNeon} : IsaMask{0};
}

#else

IsaMask vector_isas() { return 0; }

#endif

}  // namespace

#if defined(__x86_64__)
uint32_t cpu_l1_bytes() {
  constexpr uint32_t kIntelLeaf = 4, kAmdLeaf = 0x8000001d;
  const uint32_t bytes = l1_bytes_by(kIntelLeaf);
  return bytes != 0 ? bytes : l1_bytes_by(kAmdLeaf);
}
#endif

IsaMask cpu_isas() { return kScalar | vector_isas(); }

}  // namespace lacuna
