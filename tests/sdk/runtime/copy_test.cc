#include "sdk/runtime/copy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

using namespace lacuna;

namespace {

TensorView view_of(std::vector<float>& memory, const Shape& shape, const Shape& strides) {
  TensorView view;
  view.data = memory.data();
  view.shape = shape;
  view.strides = strides;
  view.present = true;
  return view;
}

}  // namespace

TEST_CASE("copy: in and out are inverse, gaps stay untouched") {
  struct Case {
    const char* name;
    Shape shape;
    Shape strides;
  };
  const Case cases[] = {
      {"scalar", {0, {}}, {0, {}}},
      {"contiguous", {3, {2, 3, 4}}, {3, {12, 4, 1}}},
      {"padded_planes", {4, {2, 3, 2, 2}}, {4, {48, 16, 2, 1}}},
      {"padded_batch_only", {3, {2, 3, 4}}, {3, {20, 4, 1}}},
      {"every_stride_wide", {2, {3, 4}}, {2, {20, 3}}},
      {"transposed", {2, {3, 4}}, {2, {1, 3}}},
      {"stride_of_a_1_does_not_matter", {3, {2, 1, 4}}, {3, {4, 99, 1}}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    std::vector<float> source(static_cast<size_t>(count(c.shape)));
    std::iota(source.begin(), source.end(), 1.0f);
    std::vector<float> memory(200, -1.0f);
    const TensorView view = view_of(memory, c.shape, c.strides);
    copy_in(source.data(), view);
    CHECK(static_cast<size_t>(std::count(memory.begin(), memory.end(), -1.0f)) == memory.size() - source.size());
    if (c.shape.rank > 0) {
      int64_t last = 0;
      for (int i = 0; i < c.shape.rank; ++i) last += (c.shape[i] - 1) * c.strides[i];
      CHECK(memory[static_cast<size_t>(last)] == source.back());
    }
    std::vector<float> back(source.size());
    copy_out(view, back.data());
    CHECK(back == source);
  }
}
