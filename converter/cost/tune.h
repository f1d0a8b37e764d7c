// Measures this machine and fits cost profiles to it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "converter/cost/fit.h"
#include "sdk/base/isa.h"

namespace lacuna {

struct TuneOptions {
  std::vector<Isa> isas;  ///< tiers to measure; the CPU has them
  double seconds = 150;   ///< about how long to measure
  bool quick = false;     ///< a few small layers, which only tries things out
  std::string machine;    ///< written into the profiles, as is
  int64_t l2_bytes = 0;   ///< that
  /// Called after each measurement with the seconds that have passed and those that all is expected to take.
  std::function<void(double seconds, double whole)> progress;
};

/// One tier, measured.
struct TunedTier {
  Isa isa;
  Profile profile;
  std::vector<Sample> samples;
};

/// Times the layers of sweep_layers at the densities of sweep_densities, in every packing, at one thread, and fits.
/// Every layer is timed in several passes far apart, and the least time counts: other programs disturb for a while
/// only.
std::vector<TunedTier> tune(const TuneOptions& options);

}  // namespace lacuna
