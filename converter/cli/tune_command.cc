#include <algorithm>
#include <memory>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/cpu_name.h"
#include "converter/cli/input_file.h"
#include "converter/cli/output_file.h"
#include "converter/cli/table.h"
#include "converter/cost/tune.h"
#include "platforms/cpu_features.h"

namespace lacuna {
namespace {

constexpr double kMinutes = 2.5;

struct Options {
  CommonOptions common;
  std::string output;
  double minutes = kMinutes;
  bool quick = false;
  bool update = false;
  bool force = false;
};

/// The tiers to measure: all of this CPU that have kernels of floats, or the one that --isa names.
std::vector<Isa> isas_of(const std::string& wanted) {
  std::vector<Isa> isas;
  for (const IsaName& entry : kIsaNames) {
    const bool chosen = wanted.empty() ? (kHalfIsas & entry.isa) == 0 : wanted == entry.name;
    if ((cpu_isas() & entry.isa) != 0 && chosen) isas.push_back(entry.isa);
  }
  if (isas.empty()) unsupported("--isa " + wanted + ": this CPU does not have it; see lacuna doctor");
  return isas;
}

/// What profiles say of the cache when the system does not: the usual size in phones.
int64_t l2_bytes() {
  constexpr int64_t kUsual = 512 << 10;
  const int64_t known = cpu_topology().l2_bytes;
  return known > 0 ? known : kUsual;
}

/// Says how far it is, every few seconds.
class TimeLeft {
 public:
  explicit TimeLeft(const Progress& progress) : progress_(progress) {}
  void operator()(double seconds, double whole) {
    constexpr double kEverySeconds = 10;
    if (seconds < next_) return;
    next_ = seconds + kEverySeconds;
    progress_.say("measuring: " + percent(seconds / whole) + ", " + fixed(whole - seconds, 0) + " s left");
  }

 private:
  const Progress& progress_;
  double next_ = 1;
};

std::string describe(const std::vector<TunedTier>& tiers) {
  using Align = Table::Align;
  Table table({{"profile"},
               {"packing"},
               {"kind of layer"},
               {"layers", Align::kRight},
               {"median error", Align::kRight},
               {"p90", Align::kRight},
               {"worst", Align::kRight}});
  const auto add = [&](const TunedTier& tier, const std::string& packing, const std::string& kind,
                       const std::vector<Sample>& samples) {
    const FitError error = fit_error(tier.profile, samples);
    table.add_row({tier.profile.name, packing, kind, std::to_string(samples.size()), percent(error.median),
                   percent(error.p90), percent(error.worst)});
  };
  for (const TunedTier& tier : tiers) {
    for (const LayerCosts& costs : tier.profile.costs) {
      std::vector<Sample> samples;
      for (const Sample& sample : tier.samples) {
        if (sample.packing == costs.packing && sample.kind == costs.kind) samples.push_back(sample);
      }
      add(tier, fbs::EnumNamePacking(costs.packing), name_of(costs.kind), samples);
    }
    add(tier, "all", "all", tier.samples);
  }
  return table.to_string();
}

/// The new profiles, and with --update those of the file that they do not replace, lowest tier first.
std::vector<Profile> merge(const Options& options, const std::vector<TunedTier>& tiers) {
  std::vector<Profile> profiles;
  if (options.update) {
    const InputFile file(options.output);
    profiles = parse_profiles(std::string(reinterpret_cast<const char*>(file.data()), file.bytes()), options.output);
  }
  for (const TunedTier& tier : tiers) {
    const auto same = std::find_if(profiles.begin(), profiles.end(),
                                   [&](const Profile& profile) { return profile.name == tier.profile.name; });
    if (same == profiles.end()) {
      profiles.push_back(tier.profile);
    } else {
      *same = tier.profile;
    }
  }
  return profiles;
}

void tune_machine(const Options& options) {
  const Progress progress(options.common.quiet);
  std::unique_ptr<OutputFile> output;
  if (!options.output.empty()) output = std::make_unique<OutputFile>(options.output, options.force || options.update);
  TuneOptions tuning;
  tuning.isas = isas_of(options.common.isa);
  tuning.seconds = options.quick ? 0 : options.minutes * 60;
  tuning.quick = options.quick;
  tuning.machine = cpu_name();
  tuning.l2_bytes = l2_bytes();
  tuning.progress = TimeLeft(progress);
  progress.say("measuring " + tuning.machine + "; other programs disturb");
  const std::vector<TunedTier> tiers = tune(tuning);
  const std::vector<Profile> profiles = merge(options, tiers);
  if (output != nullptr) {
    output->write(to_json(profiles));
    output->commit();
    progress.say("use it with: lacuna convert MODEL -o MODEL.lcn --profile " + options.output);
  }
  print(describe(tiers));
}

}  // namespace

void add_tune_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app,
                                  {"tune",
                                   "Measure this machine for the choice of packings; --isa measures that tier alone",
                                   {"lacuna tune -o machine.json", "lacuna tune --quick --isa scalar"}},
                                  options->common);
  command->add_option("-o,--output", options->output, "The profile to write; without it only errors are shown")
      ->type_name("PROFILE.json");
  CLI::Option* minutes = command->add_option("--minutes", options->minutes, "How long to measure; two passes at least")
                             ->check(CLI::Range(0.0, 600.0))
                             ->capture_default_str();
  command->add_flag("--quick", options->quick, "A few small layers, to try the command out; not for real use")
      ->excludes(minutes);
  command->add_flag("--update", options->update, "Keep the tiers of an existing file that are not measured now");
  command->add_flag("--force", options->force, "Replace a file that exists");
  command->callback([options] { tune_machine(*options); });
}

}  // namespace lacuna
