#include <unistd.h>

#include <algorithm>

#include "platforms/cpu_features.h"

#if LACUNA_WITH_CPUINFO
#include <cpuinfo.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace lacuna {
namespace {

CpuTopology topology_by_system() {
  const auto ask = [](int name) { return std::max<int64_t>(sysconf(name), 0); };
  CpuTopology topology = {};
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  topology.l1_bytes = ask(_SC_LEVEL1_DCACHE_SIZE);
  topology.l2_bytes = ask(_SC_LEVEL2_CACHE_SIZE);
  topology.l3_bytes = ask(_SC_LEVEL3_CACHE_SIZE);
#endif
  topology.cores = static_cast<uint32_t>(ask(_SC_NPROCESSORS_ONLN));
  topology.source = "system";
  return topology;
}

#if LACUNA_WITH_CPUINFO

int64_t largest(const cpuinfo_cache* caches, uint32_t count) {
  int64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) bytes = std::max<int64_t>(bytes, caches[i].size);
  return bytes;
}

CpuTopology topology_by_cpuinfo() {
  CpuTopology topology = {};
  topology.l1_bytes = largest(cpuinfo_get_l1d_caches(), cpuinfo_get_l1d_caches_count());
  topology.l2_bytes = largest(cpuinfo_get_l2_caches(), cpuinfo_get_l2_caches_count());
  topology.l3_bytes = largest(cpuinfo_get_l3_caches(), cpuinfo_get_l3_caches_count());
  topology.cores = cpuinfo_get_cores_count();
  topology.core_types = cpuinfo_get_uarchs_count();
  topology.source = "cpuinfo";
  return topology;
}

#endif

constexpr uint32_t kZen3And4 = 0x19;

bool is_zen3(const CpuModel& cpu) {
  const uint32_t series = cpu.model >> 4;  // 0: servers and workstations, 2, 4 and 5: desktops and laptops
  return cpu.amd && cpu.family == kZen3And4 && (series == 0 || series == 2 || series == 4 || series == 5);
}

bool is_zen4(const CpuModel& cpu) {
  const uint32_t series = cpu.model >> 4;  // 1: servers, 6 and 7: desktops and laptops, a: dense servers
  return cpu.amd && cpu.family == kZen3And4 && (series == 1 || series == 6 || series == 7 || series == 0xa);
}

/// Sapphire Rapids and Emerald Rapids: those of the kind that have AVX-512.
bool is_golden_cove(const CpuModel& cpu) {
  return !cpu.amd && cpu.family == 6 && (cpu.model == 0x8f || cpu.model == 0xcf);
}

}  // namespace

CpuTopology cpu_topology() {
#if LACUNA_WITH_CPUINFO
  if (cpuinfo_initialize() && cpuinfo_get_l1d_caches_count() > 0) return topology_by_cpuinfo();
#endif
  return topology_by_system();
}

const char* name_core(const CpuModel& cpu) {
  if (is_zen3(cpu)) return "zen3";
  return is_zen4(cpu) ? "zen4" : is_golden_cove(cpu) ? "goldencove" : "";
}

CpuModel cpu_model() {
  CpuModel cpu = {};
#if defined(__x86_64__)
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0, &a, &b, &c, &d) == 0) return cpu;
  cpu.amd = b == signature_AMD_ebx && d == signature_AMD_edx && c == signature_AMD_ecx;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return cpu;
  const uint32_t family = a >> 8 & 0xf, model = a >> 4 & 0xf;
  cpu.family = family == 0xf ? family + (a >> 20 & 0xff) : family;
  cpu.model = family == 0xf || family == 6 ? (a >> 16 & 0xf) << 4 | model : model;
#endif
  return cpu;
}

}  // namespace lacuna
