#include "kernels/footprint.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

namespace lacuna {
namespace {

TensorView planar(int64_t channels, int64_t rows, int64_t width, int64_t channel_stride) {
  TensorView view;
  view.shape = {4, {1, channels, rows, width}};
  view.strides = {4, {channels * channel_stride, channel_stride, width, 1}};
  return view;
}

/// Of a value of floats whose first one is number `begin`.
Footprint print_of(const TensorView& view, int64_t begin) {
  return footprint_of(view, begin * static_cast<int64_t>(sizeof(float)));
}

std::set<int64_t> floats_of(const TensorView& view, int64_t begin) {
  std::set<int64_t> floats;
  for (int64_t c = 0; c < view.shape[1]; ++c) {
    for (int64_t p = 0; p < plane_size(view); ++p) floats.insert(begin + c * view.strides[1] + p);
  }
  return floats;
}

TEST_CASE("bands of rows interleave and share nothing") {
  const TensorView upper = planar(3, 2, 4, 20), lower = planar(3, 3, 4, 20);
  CHECK_FALSE(print_of(upper, 0).shares_bytes_with(print_of(lower, 8)));
  CHECK_FALSE(print_of(lower, 8).shares_bytes_with(print_of(upper, 0)));
}

TEST_CASE("bands that share a row share floats") {
  const TensorView band = planar(3, 2, 4, 20);
  CHECK(print_of(band, 0).shares_bytes_with(print_of(band, 4)));
  CHECK(print_of(band, 4).shares_bytes_with(print_of(band, 0)));
}

TEST_CASE("a band that reaches into the next channel's plane shares floats") {
  CHECK(print_of(planar(3, 3, 4, 20), 12).shares_bytes_with(print_of(planar(3, 2, 4, 20), 0)));
}

TEST_CASE("one channel lies between the rows of a band") {
  const TensorView band = planar(3, 2, 4, 20);
  CHECK_FALSE(print_of(planar(1, 3, 4, 99), 8).shares_bytes_with(print_of(band, 0)));
  CHECK(print_of(planar(1, 4, 4, 99), 8).shares_bytes_with(print_of(band, 0)));
}

TEST_CASE("halves take half the bytes") {
  TensorView halves = planar(3, 2, 4, 20);
  halves.dtype = fbs::Dtype::F16;
  CHECK(footprint_of(halves, 6).begin == 6);
  CHECK(footprint_of(halves, 6).end == 6 + 2 * (2 * 20 + 8));
  const TensorView floats = planar(3, 1, 4, 10);  // of the same period
  CHECK_FALSE(footprint_of(floats, 16).shares_bytes_with(footprint_of(halves, 0)));
  CHECK(footprint_of(floats, 14).shares_bytes_with(footprint_of(halves, 0)));
  CHECK(footprint_of(floats, 26).shares_bytes_with(footprint_of(halves, 0)));
}

TEST_CASE("values that share a float are never said to share none") {
  const unsigned seed = 7;
  CAPTURE(seed);
  std::mt19937 rng(seed);
  const auto draw = [&](int low, int high) { return std::uniform_int_distribution<int64_t>(low, high)(rng); };
  int apart = 0;
  for (int i = 0; i < 3000; ++i) {
    const int64_t stride = draw(6, 24);
    const auto any = [&] {
      return planar(draw(1, 4), draw(1, 3), draw(1, 3), draw(0, 3) == 0 ? draw(9, 24) : std::max<int64_t>(stride, 9));
    };
    const TensorView a = any(), b = any();
    const int64_t a_begin = draw(0, 40), b_begin = draw(0, 40);
    const std::set<int64_t> floats = floats_of(a, a_begin);
    bool shares = false;
    for (const int64_t f : floats_of(b, b_begin)) shares = shares || floats.count(f) != 0;
    const bool said = print_of(a, a_begin).shares_bytes_with(print_of(b, b_begin));
    CHECK((said || !shares));
    if (!said) ++apart;
  }
  CHECK(apart > 500);
}

}  // namespace
}  // namespace lacuna
