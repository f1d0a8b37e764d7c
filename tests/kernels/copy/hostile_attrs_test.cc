// Attributes come from untrusted files: whatever does not fit the input is refused with a text.
#include <doctest/doctest.h>

#include <limits>

#include "kernels/copy/cases.h"
#include "tests/support/refused.h"

namespace lacuna {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr uint32_t kHuge = 0xffffffff;
constexpr int32_t kLowest = std::numeric_limits<int32_t>::min();
constexpr int32_t kLargest = std::numeric_limits<int32_t>::max();

const Shape kShape = make_shape({1, 4, 6, 6});

TEST_CASE("reshape refuses other numbers of elements") {
  fbs::ReshapeAttrsT attrs;
  CHECK(refused(attrs, {kShape}));
  for (const std::vector<uint32_t>& shape : {std::vector<uint32_t>{143},
                                             {0},
                                             {144, 0},
                                             {kHuge, kHuge, kHuge},
                                             {1 << 30, 1 << 30, 1 << 30, 144},
                                             {144, 1, 1, 1, 1, 1, 1, 1, 1}}) {
    attrs.shape = shape;
    CHECK(refused(attrs, {kShape}));
  }
  attrs.shape = {144};
  CHECK_FALSE(refused(attrs, {kShape}));
}

TEST_CASE("slice refuses what lies outside") {
  const auto slice = [](std::vector<int32_t> start, std::vector<int32_t> step, std::vector<uint32_t> sizes) {
    fbs::SliceAttrsT attrs;
    attrs.start = std::move(start);
    attrs.step = std::move(step);
    attrs.sizes = std::move(sizes);
    return refused(attrs, {make_shape({5})});
  };
  CHECK(slice({}, {}, {}));
  CHECK(slice({0, 0}, {1, 1}, {1, 1}));
  CHECK(slice({0}, {0}, {2}));
  CHECK(slice({5}, {1}, {1}));
  CHECK(slice({-1}, {1}, {1}));
  CHECK(slice({0}, {1}, {6}));
  CHECK(slice({0}, {1}, {0}));
  CHECK(slice({4}, {-1}, {6}));
  CHECK(slice({0}, {kLargest}, {kHuge}));
  CHECK(slice({0}, {kLowest}, {kLargest}));
  CHECK_FALSE(slice({4}, {-1}, {5}));
  CHECK_FALSE(slice({4}, {kLowest}, {1}));
}

TEST_CASE("transpose refuses what is no permutation") {
  fbs::TransposeAttrsT attrs;
  CHECK(refused(attrs, {kShape}));
  for (const std::vector<uint32_t>& perm :
       {std::vector<uint32_t>{0, 1, 2}, {0, 1, 2, 2}, {0, 1, 2, 4}, {0, 1, 2, kHuge}}) {
    attrs.perm = perm;
    CHECK(refused(attrs, {kShape}));
  }
}

TEST_CASE("concat refuses an axis out of range and unequal inputs") {
  fbs::ConcatAttrsT attrs;
  attrs.axis = 4;
  CHECK(refused(attrs, {kShape, kShape}));
  attrs.axis = kHuge;
  CHECK(refused(attrs, {kShape, kShape}));
  attrs.axis = 1;
  CHECK(refused(attrs, {kShape, make_shape({1, 4, 6, 5})}));
  CHECK(refused(attrs, {kShape, make_shape({1, 4, 6})}));
  CHECK(refused(attrs, {make_shape({1, kLargest}), make_shape({1, 1})}));
  CHECK(refused(attrs, {Shape{}}));
  CHECK_FALSE(refused(attrs, {kShape, make_shape({1, 9, 6, 6})}));
}

TEST_CASE("gather refuses indices out of range") {
  fbs::GatherAttrsT attrs;
  attrs.axis = 1;
  CHECK(refused(attrs, {kShape}));
  attrs.indices = {0, 4};
  attrs.index_shape = {2};
  CHECK(refused(attrs, {kShape}));
  attrs.indices = {0, 3};
  CHECK_FALSE(refused(attrs, {kShape}));
  attrs.index_shape = {3};
  CHECK(refused(attrs, {kShape}));
  attrs.index_shape = {kLargest, kLargest, kLargest};
  CHECK(refused(attrs, {kShape}));
  attrs.index_shape = {1, 1, 1, 1, 1, 2};
  CHECK(refused(attrs, {kShape}));
  attrs.index_shape = {2};
  attrs.axis = 4;
  CHECK(refused(attrs, {kShape}));
}

TEST_CASE("expand and tile refuse shapes that do not fit") {
  fbs::ExpandAttrsT expand;
  expand.shape = {1, 4, 6, 5};
  CHECK(refused(expand, {kShape}));
  expand.shape = {0};
  CHECK(refused(expand, {kShape}));
  expand.shape = {kHuge, 1, 1, 1};
  CHECK(refused(expand, {kShape}));
  fbs::TileAttrsT tile;
  CHECK(refused(tile, {kShape}));
  tile.repeats = {1, 1, 1, 0};
  CHECK(refused(tile, {kShape}));
  tile.repeats = {1, 1, 1, kHuge};
  CHECK(refused(tile, {kShape}));
}

TEST_CASE("depth to space and back refuse blocks that do not divide") {
  for (const uint32_t block : {0u, 3u, 4u, 1u << 16, kHuge}) {
    fbs::DepthToSpaceAttrsT attrs;
    attrs.block = block;
    CHECK(refused(attrs, {kShape}));
  }
  for (const uint32_t block : {0u, 4u, 5u, 1u << 16, kHuge}) {
    fbs::SpaceToDepthAttrsT attrs;
    attrs.block = block;
    CHECK(refused(attrs, {kShape}));
  }
  fbs::SpaceToDepthAttrsT attrs;
  attrs.block = 1u << 30;
  CHECK(refused(attrs, {make_shape({1, 1 << 30, 1 << 30, 1 << 30})}));
  attrs.block = 2;
  CHECK(refused(attrs, {make_shape({6, 6})}));
}

TEST_CASE("pad refuses to leave nothing, and what overflows") {
  const auto pad = [](fbs::PadMode mode, std::vector<int32_t> begin, std::vector<int32_t> end) {
    fbs::PadAttrsT attrs;
    attrs.mode = mode;
    attrs.begin = std::move(begin);
    attrs.end = std::move(end);
    return refused(attrs, {make_shape({5})});
  };
  CHECK(pad(fbs::PadMode::Constant, {}, {}));
  CHECK(pad(fbs::PadMode::Constant, {1}, {1, 1}));
  CHECK(pad(fbs::PadMode::Constant, {-3}, {-2}));
  CHECK(pad(fbs::PadMode::Constant, {-6}, {9}));
  CHECK(pad(fbs::PadMode::Reflect, {-5}, {1}));
  CHECK(pad(fbs::PadMode::Constant, {kLargest}, {1}));
  CHECK(pad(fbs::PadMode::Edge, {kLowest}, {kLargest}));
  CHECK(pad(static_cast<fbs::PadMode>(4), {1}, {1}));
  CHECK_FALSE(pad(fbs::PadMode::Reflect, {-4}, {1}));
}

TEST_CASE("resize refuses unknown modes, lengths that do not fit and scales out of range") {
  fbs::ResizeAttrsT good;
  good.mode = fbs::ResizeMode::Linear;
  good.sizes = {1, 4, 12, 12};
  CHECK_FALSE(refused(good, {kShape}));
  const auto with = [&](auto change) {
    fbs::ResizeAttrsT attrs = good;
    change(attrs);
    return refused(attrs, {kShape});
  };
  CHECK(with([](auto& a) { a.mode = static_cast<fbs::ResizeMode>(3); }));
  CHECK(with([](auto& a) { a.coordinates = static_cast<fbs::CoordinateMode>(7); }));
  CHECK(with([](auto& a) { a.nearest = static_cast<fbs::NearestMode>(4); }));
  CHECK(with([](auto& a) { a.sizes.pop_back(); }));
  CHECK(with([](auto& a) { a.sizes[3] = 0; }));
  CHECK(with([](auto& a) { a.sizes[3] = kHuge; }));
  CHECK(with([](auto& a) { a.sizes[3] = kLargest; }));
  CHECK(with([](auto& a) { a.scales = {1, 1, 2}; }));
  for (const float scale : {0.0f, -1.0f, kNaN, kInfinity}) {
    CHECK(with([&](auto& a) { a.scales = {1, 1, 2, scale}; }));
  }
  CHECK(with([](auto& a) {
    a.scales = {1, 1, 2, 1e-42f};
    a.antialias = true;
  }));
  CHECK(with([](auto& a) { a.coordinates = fbs::CoordinateMode::TfCropAndResize; }));
  CHECK(with([](auto& a) {
    a.coordinates = fbs::CoordinateMode::TfCropAndResize;
    a.roi = {0, 0, 0, kNaN, 1, 1, 1, 1};
  }));
}

}  // namespace
}  // namespace lacuna
