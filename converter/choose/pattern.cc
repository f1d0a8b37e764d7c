#include "converter/choose/pattern.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace lacuna {
namespace {

/// Part of a kept block's weights that must not be zero: training makes a zero of its own now and then.
constexpr double kFullBlock = 0.98;
/// Most zeros that a dense tensor has, for the same reason.
constexpr double kDense = 0.995;
/// From this density on, two of four at most is no accident.
constexpr double kHalf = 0.45;

struct BlockShape {
  int64_t rows, channels;
  const char* name;
};
/// Larger ones first: what is in blocks of 16 is in blocks of 4 too.
constexpr BlockShape kBlocks[] = {{4, 4, "4x4"},   {16, 1, "16x1"}, {8, 1, "8x1"}, {4, 1, "4x1"},
                                  {1, 16, "1x16"}, {1, 8, "1x8"},   {1, 4, "1x4"}};

struct Weights {
  explicit Weights(const Tensor& weight)
      : data(weight.f32.data()),
        rows(weight.shape[0]),
        channels(weight.shape.rank > 1 ? weight.shape[1] : 1),
        taps(count(weight.shape) / (rows * channels)) {}
  bool keeps(int64_t row, int64_t channel, int64_t tap) const {
    return data[(row * channels + channel) * taps + tap] != 0.0f;
  }

  const float* data;
  int64_t rows, channels, taps;
};

/// Calls visit(weights that are not zero, weights) for every block.
template <class Visit>
void for_each_block(const Weights& w, int64_t rows, int64_t channels, Visit visit) {
  for (int64_t row = 0; row < w.rows; row += rows) {
    const int64_t row_end = std::min(row + rows, w.rows);
    for (int64_t channel = 0; channel < w.channels; channel += channels) {
      const int64_t channel_end = std::min(channel + channels, w.channels);
      for (int64_t tap = 0; tap < w.taps; ++tap) {
        int64_t kept = 0;
        for (int64_t r = row; r < row_end; ++r) {
          for (int64_t c = channel; c < channel_end; ++c) kept += w.keeps(r, c, tap);
        }
        visit(kept, (row_end - row) * (channel_end - channel));
      }
    }
  }
}

bool in_blocks(const Weights& w, const BlockShape& shape) {
  if (w.rows < shape.rows || w.channels < shape.channels) return false;
  int64_t kept = 0, in_kept_blocks = 0;
  for_each_block(w, shape.rows, shape.channels, [&](int64_t n, int64_t all) {
    kept += n;
    if (n > 0) in_kept_blocks += all;
  });
  return static_cast<double>(kept) >= kFullBlock * static_cast<double>(in_kept_blocks);
}

bool is_two_of_four(const Weights& w, double density) {
  if (density < kHalf || w.channels % 4 != 0) return false;
  bool fits = true;
  for_each_block(w, 1, 4, [&](int64_t n, int64_t) { fits = fits && n <= 2; });
  return fits;
}

/// Zeros are whole rows or whole input channels.
bool in_channels(const Weights& w, int64_t kept) {
  std::vector<bool> row_kept(static_cast<size_t>(w.rows)), channel_kept(static_cast<size_t>(w.channels));
  for (int64_t row = 0; row < w.rows; ++row) {
    for (int64_t channel = 0; channel < w.channels; ++channel) {
      for (int64_t tap = 0; tap < w.taps; ++tap) {
        if (!w.keeps(row, channel, tap)) continue;
        row_kept[static_cast<size_t>(row)] = channel_kept[static_cast<size_t>(channel)] = true;
      }
    }
  }
  const auto rows = std::count(row_kept.begin(), row_kept.end(), true);
  const auto channels = std::count(channel_kept.begin(), channel_kept.end(), true);
  return static_cast<double>(kept) >= kFullBlock * static_cast<double>(rows * channels * w.taps);
}

}  // namespace

std::string detect_pattern(const Tensor& weight) {
  const Weights w(weight);
  const auto kept = static_cast<int64_t>(
      std::count_if(weight.f32.begin(), weight.f32.end(), [](float value) { return value != 0.0f; }));
  const double density = static_cast<double>(kept) / static_cast<double>(weight.f32.size());
  if (kept == 0) return "empty";
  if (density >= kDense) return "dense";
  if (in_channels(w, kept)) return "channels";
  for (const BlockShape& shape : kBlocks) {
    if (in_blocks(w, shape)) return shape.name;
  }
  return is_two_of_four(w, density) ? "2:4" : "unstructured";
}

}  // namespace lacuna
