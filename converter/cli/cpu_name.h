// What the system says about the CPU.
#pragma once

#include <string>
#include <vector>

namespace lacuna {

/// First line of /proc/cpuinfo with one of these keys; empty without it.
std::string cpuinfo(const std::vector<std::string>& keys);

/// The CPU's name, or that of its architecture.
std::string cpu_name();

}  // namespace lacuna
