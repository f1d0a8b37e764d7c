// Billions of products a second (padding counted) of the depthwise convolution of the operator Conv, by tier and shape,
// one thread: with planes in L1, and with as many channels as fill most of L2. Arguments: tiers; none: all of this
// machine's.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels/ops/conv/depthwise.h"
#include "kernels/tensor_view.h"
#include "platforms/cpu_features.h"
#include "sdk/base/align.h"

namespace lacuna {
namespace {

constexpr size_t kL1Bytes = 20 << 10;
constexpr size_t kL2Bytes = 640 << 10;
constexpr double kSeconds = 0.001;
constexpr int kRepeats = 30;

struct Shape2d {
  uint32_t kernel, stride, size, begin, end;
};

constexpr Shape2d kShapes[] = {
    {3, 1, 112, 1, 1}, {3, 1, 56, 1, 1}, {3, 1, 28, 1, 1},  {3, 1, 14, 1, 1},  {3, 1, 7, 1, 1},  {3, 1, 80, 1, 1},
    {3, 1, 48, 1, 1},  {3, 1, 40, 1, 1}, {3, 1, 24, 1, 1},  {3, 1, 20, 1, 1},  {3, 1, 12, 1, 1}, {3, 1, 10, 1, 1},
    {3, 1, 6, 1, 1},   {3, 1, 3, 1, 1},  {3, 2, 112, 1, 1}, {3, 2, 56, 1, 1},  {3, 2, 28, 1, 1}, {3, 2, 14, 1, 1},
    {3, 2, 112, 0, 1}, {3, 2, 96, 0, 1}, {3, 2, 80, 0, 1},  {3, 2, 48, 0, 1},  {3, 2, 20, 0, 1}, {5, 1, 56, 2, 2},
    {5, 1, 28, 2, 2},  {5, 1, 14, 2, 2}, {5, 1, 7, 2, 2},   {5, 2, 112, 2, 2}, {5, 2, 56, 2, 2}, {5, 2, 28, 1, 2},
    {5, 2, 14, 1, 2},  {7, 1, 56, 3, 3}, {7, 1, 14, 3, 3},  {7, 1, 7, 3, 3},
};

/// Floats aligned to a cache line.
class Floats {
 public:
  explicit Floats(int64_t n)
      : data_(static_cast<float*>(
            std::aligned_alloc(kAlignment, align_up(static_cast<size_t>(n) * sizeof(float)) + kOverreadBytes))) {
    for (int64_t i = 0; i < n; ++i) data_[i] = static_cast<float>(i % 37) * 0.1f - 1.8f;
  }
  Floats(const Floats&) = delete;
  ~Floats() { std::free(data_); }
  float* data() const { return data_; }

 private:
  float* data_;
};

/// Planes start at cache lines, as the planner lays them out.
TensorView planar(int64_t channels, int64_t size) {
  TensorView view;
  view.shape = {4, {1, channels, size, size}};
  const auto plane = static_cast<int64_t>(align_up(static_cast<size_t>(size * size), 16));
  const int64_t stride = plane % 256 == 0 ? plane + 16 : plane;
  view.strides = {4, {stride * channels, stride, size, 1}};
  view.present = true;
  return view;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Rate {
  double gmacs;
  const char* kernel;
};

Rate measure(const Shape2d& shape, int64_t channels, IsaMask isas) {
  const uint32_t out = (shape.size + shape.begin + shape.end - shape.kernel) / shape.stride + 1;
  TensorView x = planar(channels, shape.size), y = planar(channels, out);
  const Floats x_floats(extent(x)), y_floats(extent(y));
  x.data = x_floats.data();
  y.data = y_floats.data();

  flatbuffers::FlatBufferBuilder builder;
  const auto pair = [&](uint32_t value) { return builder.CreateVector(std::vector<uint32_t>(2, value)); };
  const auto count = static_cast<uint32_t>(channels);
  builder.Finish(fbs::CreateConvAttrs(builder, count, count, pair(shape.kernel), pair(shape.stride), pair(1),
                                      pair(shape.begin), pair(shape.end)));
  PackedWeights weights;
  weights.packing = fbs::Packing::Depthwise;
  weights.rows = weights.groups = count;
  weights.columns = shape.kernel * shape.kernel;
  const int64_t taps = int64_t{shape.kernel} * shape.kernel;
  const Floats values(channels * taps), bias(channels);
  weights.values = {values.data(), static_cast<size_t>(channels * taps)};
  weights.bias = {bias.data(), static_cast<size_t>(channels)};

  OpStep step;
  step.attrs = flatbuffers::GetRoot<fbs::ConvAttrs>(builder.GetBufferPointer());
  step.inputs = {&x, 1};
  step.outputs = {&y, 1};
  step.weights = &weights;
  const Floats state(static_cast<int64_t>(depthwise_state_bytes(step) / sizeof(float)) + 1);
  const Floats scratch(static_cast<int64_t>(depthwise_scratch_bytes(step) / sizeof(float)) + 1);
  const Binding binding = bind_depthwise(step, {isas, 1}, state.data());
  void (*run)(const void*, uint32_t, void*);
  std::memcpy(&run, state.data(), sizeof(run));

  const double products = static_cast<double>(channels * taps * out * out);
  double best = 0;
  for (int i = 0; i < kRepeats; ++i) {
    int64_t runs = 0;
    const auto start = std::chrono::steady_clock::now();
    double elapsed;
    do {
      for (uint32_t task = 0; task < binding.tasks; ++task) run(state.data(), task, scratch.data());
      ++runs;
      elapsed = seconds_since(start);
    } while (elapsed < kSeconds);
    best = std::max(best, products * static_cast<double>(runs) / elapsed * 1e-9);
  }
  return {best, binding.kernel};
}

void measure_tier(const IsaName& tier) {
  for (const Shape2d& shape : kShapes) {
    const size_t pixels = size_t{shape.size} * shape.size;
    const size_t plane = (pixels + pixels / shape.stride / shape.stride) * sizeof(float);
    const auto in_l1 = static_cast<int64_t>(std::max<size_t>(1, kL1Bytes / plane));
    const auto in_l2 = static_cast<int64_t>(std::max<size_t>(1, kL2Bytes / plane));
    const Rate l1 = measure(shape, in_l1, up_to(tier.isa)), l2 = measure(shape, in_l2, up_to(tier.isa));
    std::printf("%ux%u s%u %3u pads %u %u  L1 %5.1f  L2 %5.1f GMAC/s  %s\n", shape.kernel, shape.kernel, shape.stride,
                shape.size, shape.begin, shape.end, l1.gmacs, l2.gmacs, l1.kernel);
  }
}

}  // namespace
}  // namespace lacuna

int main(int argc, char** argv) {
  for (const lacuna::IsaName& tier : lacuna::kIsaNames) {
    const auto named = [&](const char* arg) { return std::strcmp(arg, tier.name) == 0; };
    const bool wanted = argc == 1 || std::any_of(argv + 1, argv + argc, named);
    if (wanted && (lacuna::cpu_isas() & tier.isa) != 0) lacuna::measure_tier(tier);
  }
}
