// Shows what a network sees in the pictures of a camera.
#include <chrono>
#include <cstdio>

#include "canvas.h"
#include "failure.h"
#include "network.h"
#include "options.h"
#include "sink.h"
#include "source.h"
#include "stats.h"
#include "stop.h"

namespace camera {
namespace {

double now_ms() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

void print_network(const Network& network) {
  char weights[48] = "dense";
  if (!network.is_dense())
    std::snprintf(weights, sizeof(weights), "%.1f %% of its weights are not zero", network.density() * 100);
  std::fprintf(stderr, "%s: %s, kernels for %s\n", network.name().c_str(), weights, network.isa());
}

void run(Options options) {
  catch_stop_signals();
  const std::unique_ptr<Source> source = open_source(options.source, options.input);
  if (!options.smooth_given && source->is_video()) options.network.smooth = 0.6f;
  std::vector<std::unique_ptr<Network>> networks;
  networks.push_back(std::make_unique<Network>(options.model, options.network));
  if (!options.twin.empty()) networks.push_back(std::make_unique<Network>(options.twin, options.network));
  const std::unique_ptr<Sink> sink = open_sink(options.sink);
  std::fprintf(stderr, "%s\n", source->describe().c_str());
  for (const auto& network : networks) print_network(*network);

  size_t active = 0, number = 0;
  Canvas canvas;
  Sight sight;
  Stats stats;
  sight.top.reserve(options.network.top);
  Frame frame = {};
  double due = now_ms();
  while ((options.frames == 0 || number < options.frames) && source->next(frame)) {
    Network& network = *networks[active];
    const Orientation orientation = frame.orientation.then(options.orientation);
    network.look(frame.image, orientation, sight);
    stats.add(sight.prepare_ms + sight.run_ms, now_ms());
    if (const int side = sink->picture_side(); side > 0) {
      canvas.show(frame.image, orientation, side);
      if (network.is_detector()) canvas.draw(sight.detections, network.detector_kind());
    }
    const Network* twin = networks.size() > 1 ? networks[1 - active].get() : nullptr;
    sink->show({number, frame.name, network, sight, stats, twin}, canvas);
    ++number;
    if (sink->wants_switch() && twin != nullptr) {
      active = 1 - active;
      stats.clear();
    }
    if (options.fps == 0) continue;
    due = std::max(due + 1000 / options.fps, now_ms() - 1000);
    if (due > now_ms() && wait_or_stop(static_cast<int>(due - now_ms()))) break;
  }
  std::fprintf(stderr, "%zu pictures, %.1f a second, p50 %.2f ms, p95 %.2f ms\n", number, stats.fps(),
               stats.percentile(0.5), stats.percentile(0.95));
}

}  // namespace
}  // namespace camera

int main(int count, char** arguments) {
  try {
    camera::run(camera::parse_options(count, arguments));
  } catch (const camera::UsageFailure& failure) {
    std::fprintf(stderr, "camera_classifier: %s\n", failure.what());
    return 2;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "camera_classifier: %s\n", failure.what());
    return 1;
  }
  return 0;
}
