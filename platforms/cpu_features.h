// Which instruction sets this CPU and its operating system let us use, and what its caches and cores are.
#pragma once

#include "sdk/base/isa.h"

namespace lacuna {

/// Tiers of this CPU that the build has kernels for; kScalar always. Asks the CPU, never the environment. Costs some
/// hundred cycles: for open and init, not for loops.
IsaMask cpu_isas();

/// Bytes of an x86 core's first data cache, as CPUID tells; 0: unknown, and on other CPUs. For open and init too.
#if defined(__x86_64__)
uint32_t cpu_l1_bytes();
#else
constexpr uint32_t cpu_l1_bytes() { return 0; }
#endif

/// Sizes are those that the largest core sees; 0: unknown.
struct CpuTopology {
  int64_t l1_bytes;  ///< data cache
  int64_t l2_bytes;
  int64_t l3_bytes;
  uint32_t cores;
  uint32_t core_types;  ///< microarchitectures, such as 2 where large and small cores are mixed
  const char* source;   ///< who told: "cpuinfo", or "system" for the C library
};

/// For the tools, which make files for a machine: the library that ships has kernels that need not know. By the cpuinfo
/// library where the build has it (LACUNA_WITH_CPUINFO) and it knows the machine.
CpuTopology cpu_topology();

/// Family and model of an x86 CPU, as CPUID counts them.
struct CpuModel {
  bool amd;
  uint32_t family;
  uint32_t model;
};

/// For the tools: "zen3", "zen4" or "goldencove" where profiles tell a core from others of its tier, otherwise "".
const char* name_core(const CpuModel& cpu);

/// That of this machine; all zeros where it is no x86.
CpuModel cpu_model();

}  // namespace lacuna
