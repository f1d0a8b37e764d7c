#include <unistd.h>

#include <algorithm>

#include "platforms/cpu_features.h"

#if LACUNA_WITH_CPUINFO
#include <cpuinfo.h>
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

}  // namespace

CpuTopology cpu_topology() {
#if LACUNA_WITH_CPUINFO
  if (cpuinfo_initialize() && cpuinfo_get_l1d_caches_count() > 0) return topology_by_cpuinfo();
#endif
  return topology_by_system();
}

}  // namespace lacuna
