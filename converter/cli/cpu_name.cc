#include "converter/cli/cpu_name.h"

#include <sys/utsname.h>

#include <fstream>

namespace lacuna {

std::string cpuinfo(const std::vector<std::string>& keys) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    for (const std::string& wanted : keys) {
      if (key == wanted) return value == std::string::npos ? "" : line.substr(value);
    }
  }
  return "";
}

std::string cpu_name() {
  std::string name = cpuinfo({"model name", "Hardware"});
  if (!name.empty()) return name;
  utsname system = {};
  return uname(&system) == 0 ? system.machine : "unknown";
}

}  // namespace lacuna
