#include <algorithm>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/cpu_name.h"
#include "converter/ir/error.h"
#include "converter/report/report.h"
#include "lacuna/lacuna.hpp"
#include "platforms/cpu_features.h"
#include "sdk/base/isa.h"
#include "sdk/format/header.h"

namespace lacuna {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  CommonOptions common;
  bool json = false;
};

/// Of the CPU's features those that matter for kernels, present or planned.
std::vector<std::string> features() {
  static constexpr const char* kTelling[] = {
      "sse2",     "sse4_1",   "avx",      "f16c",        "fma",         "avx2",     "avx512f", "avx512dq",
      "avx512bw", "avx512vl", "avx_vnni", "avx512_vnni", "avx512_fp16", "amx_int8", "asimd",   "neon",
      "vfpv4",    "asimdhp",  "asimddp",  "i8mm",        "sve",         "sve2"};
  std::vector<std::string> found;
  std::istringstream all(cpuinfo({"flags", "Features"}));
  for (std::string feature; all >> feature;) {
    for (const char* telling : kTelling) {
      if (feature == telling) found.push_back(feature);
    }
  }
  return found;
}

std::string build_type() {
  std::string type;
#if defined(__OPTIMIZE__)
  type = "optimised";
#else
  type = "not optimised";
#endif
#if !defined(NDEBUG)
  type += ", with assertions";
#endif
#if defined(__SANITIZE_ADDRESS__)
  type += ", with address sanitizer";
#elif defined(__SANITIZE_THREAD__)
  type += ", with thread sanitizer";
#endif
  return type;
}

std::string compiler() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#else
  return std::string("gcc ") + __VERSION__;
#endif
}

/// The tier that a session would use.
std::string chosen_isa(const std::string& wanted) {
  const std::vector<const char*> available = isas();
  if (wanted.empty()) return available.back();
  for (const char* isa : available) {
    if (wanted == isa) return wanted;
  }
  unsupported("--isa " + wanted + ": this CPU does not have it; its best is " + available.back());
}

std::string reason(const std::string& wanted, const std::string& chosen) {
  if (!wanted.empty()) return "asked for with --isa";
  std::string missing;
  for (const IsaName& isa : kIsaNames) {
    bool found = false;
    for (const char* name : isas()) found = found || std::strcmp(name, isa.name) == 0;
    if (!found) missing += std::string(missing.empty() ? "" : ", ") + isa.name;
  }
  return "the highest that this CPU and its operating system offer" + (missing.empty() ? "" : "; without " + missing) +
         (chosen == "scalar" ? ": slow" : "");
}

Json examine(const Options& options) {
  const std::string isa = chosen_isa(options.common.isa);
  const CpuTopology topology = cpu_topology();
  return {{"schema_version", kJsonSchemaVersion},
          {"lacuna", lacuna_version()},
          {"format", kFormatVersion},
          {"compiler", compiler()},
          {"build", build_type()},
          {"cpu", cpu_name()},
          {"features", features()},
          {"isas", isas()},
          {"isa", isa},
          {"isa_reason", reason(options.common.isa, isa)},
          {"l1_bytes", topology.l1_bytes},
          {"l2_bytes", topology.l2_bytes},
          {"l3_bytes", topology.l3_bytes},
          {"cores", topology.cores},
          {"core_types", topology.core_types},
          {"topology_source", topology.source},
          {"threads", std::thread::hardware_concurrency()}};
}

std::string joined(const Json& list) {
  std::string text;
  for (const Json& item : list) text += (text.empty() ? "" : " ") + item.get<std::string>();
  return text;
}

std::string cache_text(const Json& bytes) {
  return bytes == 0 ? "unknown" : std::to_string(bytes.get<long>() / 1024) + " KiB";
}

std::string cores_text(const Json& facts) {
  const auto types = facts.at("core_types").get<uint32_t>();
  return std::to_string(facts.at("cores").get<uint32_t>()) +
         (types == 0 ? "" : ", of " + std::to_string(types) + (types == 1 ? " type" : " types"));
}

std::string to_text(const Json& facts) {
  const auto text = [&](const char* key) { return facts.at(key).get<std::string>(); };
  return "lacuna    " + text("lacuna") + ", format " + std::to_string(facts.at("format").get<uint32_t>()) +
         "\nbuild     " + text("build") + ", " + text("compiler") + "\nCPU       " + printable(text("cpu")) +
         "\nfeatures  " + joined(facts.at("features")) + "\ncaches    L1 " + cache_text(facts.at("l1_bytes")) +
         ", L2 " + cache_text(facts.at("l2_bytes")) + ", L3 " + cache_text(facts.at("l3_bytes")) + ", as " +
         text("topology_source") + " tells\ncores     " + cores_text(facts) + "\nthreads   " +
         std::to_string(facts.at("threads").get<uint32_t>()) + "\nISAs      " + joined(facts.at("isas")) +
         "\nchosen    " + text("isa") + ": " + text("isa_reason") + "\n";
}

void doctor(const Options& options) {
  const Json facts = examine(options);
  print(options.json ? facts.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : to_text(facts));
}

}  // namespace

void add_doctor_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app,
                                  {"doctor",
                                   "Show what this CPU offers, what Lacuna makes of it, and versions",
                                   {"lacuna doctor", "lacuna doctor --isa avx2 --json"}},
                                  options->common);
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([options] { doctor(*options); });
}

}  // namespace lacuna
