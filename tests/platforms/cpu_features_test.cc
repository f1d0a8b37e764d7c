#include "platforms/cpu_features.h"

#include <doctest/doctest.h>

#include <string>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

using namespace lacuna;

TEST_CASE("cpu_features: scalar always, higher tiers as the compiler's own check says") {
  const IsaMask isas = cpu_isas();
  CHECK((isas & kScalar) != 0);
#if defined(__x86_64__) && (!defined(__linux__) || defined(__GLIBC__))  // zig's for musl has no such functions
  __builtin_cpu_init();
  CHECK(((isas & kAvx2) != 0) == (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
  CHECK(((isas & kAvx512) != 0) == (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")));
#elif defined(__aarch64__)
#if defined(__linux__)
  constexpr unsigned long kAsimdhp = 1ul << 10;
  const bool fp16 = (getauxval(AT_HWCAP) & kAsimdhp) != 0;
  CHECK(isas == (kScalar | kNeon | (fp16 ? kNeonFp16 : 0)));
#endif
#endif
}

TEST_CASE("cpu_l1_bytes: as the operating system says, or unknown") {
  const uint32_t bytes = cpu_l1_bytes();
  if (bytes != 0 && cpu_topology().l1_bytes > 0) CHECK(bytes == cpu_topology().l1_bytes);
#if !defined(__x86_64__)
  CHECK(bytes == 0);
#endif
}

TEST_CASE("cpu_topology: caches grow from level to level, and there is a core") {
  const CpuTopology topology = cpu_topology();
  CAPTURE(topology.source);
  CHECK(topology.cores >= 1);
  CHECK(topology.l1_bytes >= 0);
  if (topology.l1_bytes > 0 && topology.l2_bytes > 0) CHECK(topology.l2_bytes > topology.l1_bytes);
#if LACUNA_WITH_CPUINFO
  CHECK((topology.core_types >= 1 || topology.source == std::string("system")));
#endif
}

TEST_CASE("cpu_features: a higher tier includes the lower ones") {
  CHECK(up_to(kScalar) == kScalar);
  CHECK(up_to(kAvx512) == (kScalar | kAvx2 | kAvx512));
  CHECK(up_to(kAvx512Fp16) >= (up_to(kAvx512) | kAvx512Fp16));
}

TEST_CASE("cpu_features: cores are told by family and model") {
  CHECK(std::string(name_core({true, 0x19, 0x11})) == "zen4");
  CHECK(std::string(name_core({true, 0x19, 0x61})) == "zen4");
  CHECK(std::string(name_core({true, 0x19, 0x01})) == "zen3");
  CHECK(std::string(name_core({true, 0x19, 0x21})) == "zen3");
  CHECK(std::string(name_core({true, 0x17, 0x31})).empty());        // Zen 2
  CHECK(std::string(name_core({true, 0x1a, 0x02})).empty());        // Zen 5
  CHECK(std::string(name_core({false, 6, 0x8f})) == "goldencove");  // Sapphire Rapids
  CHECK(std::string(name_core({false, 6, 0xcf})) == "goldencove");  // Emerald Rapids
  CHECK(std::string(name_core({false, 6, 0x6a})).empty());          // Ice Lake
  CHECK(std::string(name_core(CpuModel{})).empty());
}
