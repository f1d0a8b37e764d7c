// Attributes of arithmetic operators come from untrusted files: whatever does not fit is refused with a text.
#include <doctest/doctest.h>

#include <limits>

#include "kernels/eltwise/cases.h"
#include "tests/support/refused.h"

namespace lacuna {
namespace {

constexpr uint32_t kHuge = 0xffffffff;

const Shape kImage = make_shape({1, 4, 6, 6});

TEST_CASE("unknown kinds are refused") {
  fbs::UnaryAttrsT unary;
  CHECK_FALSE(refused(unary, {kImage}));
  unary.function = fbs::Activation(static_cast<fbs::UnaryKind>(255), 0, 0);
  CHECK(refused(unary, {kImage}));
  fbs::BinaryAttrsT binary;
  CHECK_FALSE(refused(binary, {kImage, kImage}));
  binary.kind = static_cast<fbs::BinaryKind>(200);
  CHECK(refused(binary, {kImage, kImage}));
  binary = {};
  binary.activation = unary.function;
  CHECK(refused(binary, {kImage, kImage}));
  fbs::AffineAttrsT affine;
  affine.activation = unary.function;
  CHECK(refused(affine, {kImage, make_shape({4}), make_shape({4})}));
  fbs::ReduceAttrsT reduce;
  reduce.kind = static_cast<fbs::ReduceKind>(10);
  CHECK(refused(reduce, {kImage}));
  fbs::NormalizeAttrsT normalize;
  normalize.kind = static_cast<fbs::NormKind>(3);
  CHECK(refused(normalize, {kImage}));
}

TEST_CASE("binary refuses shapes that do not broadcast") {
  CHECK(refused(fbs::BinaryAttrsT(), {make_shape({3}), make_shape({4})}));
  CHECK(refused(fbs::BinaryAttrsT(), {kImage, make_shape({4})}));
  CHECK_FALSE(refused(fbs::BinaryAttrsT(), {kImage, make_shape({4, 1, 1})}));
  CHECK_FALSE(refused(fbs::BinaryAttrsT(), {Shape(), Shape()}));
}

TEST_CASE("affine refuses parameters that are not one a channel") {
  const Shape four = make_shape({4});
  CHECK_FALSE(refused(fbs::AffineAttrsT(), {kImage, four, four}));
  CHECK(refused(fbs::AffineAttrsT(), {kImage, make_shape({5}), four}));
  CHECK(refused(fbs::AffineAttrsT(), {kImage, four, make_shape({1})}));
  CHECK(refused(fbs::AffineAttrsT(), {kImage, four, make_shape({4, 1})}));
  CHECK(refused(fbs::AffineAttrsT(), {four, four, four}));
}

TEST_CASE("softmax, reduce and normalize refuse axes outside") {
  fbs::SoftmaxAttrsT softmax;
  for (const uint32_t axis : {4u, kHuge}) {
    softmax.axis = axis;
    CHECK(refused(softmax, {kImage}));
  }
  softmax.axis = 0;
  CHECK(refused(softmax, {Shape()}));
  fbs::ReduceAttrsT reduce;
  for (const std::vector<uint32_t>& axes :
       {std::vector<uint32_t>{4}, {kHuge}, {2, 1}, {1, 1}, {0, 1, 2, 3, 4}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}) {
    reduce.axes = axes;
    CHECK(refused(reduce, {kImage}));
  }
  fbs::NormalizeAttrsT normalize;
  normalize.axis = 4;
  CHECK(refused(normalize, {kImage}));
  normalize.kind = fbs::NormKind::L2;
  CHECK(refused(normalize, {kImage}));
  normalize.kind = fbs::NormKind::Instance;
  CHECK_FALSE(refused(normalize, {kImage}));
  CHECK(refused(normalize, {make_shape({2, 3})}));
}

TEST_CASE("normalize refuses parameters of another shape and a wrong epsilon") {
  fbs::NormalizeAttrsT attrs;
  attrs.axis = 3;
  CHECK_FALSE(refused(attrs, {kImage, make_shape({6}), make_shape({6})}));
  CHECK(refused(attrs, {kImage, make_shape({1}), make_shape({6})}));
  CHECK(refused(attrs, {kImage, make_shape({6}), make_shape({7})}));
  attrs.kind = fbs::NormKind::L2;
  CHECK(refused(attrs, {kImage, make_shape({6})}));
  for (const float epsilon : {-1.0f, std::numeric_limits<float>::quiet_NaN()}) {
    attrs.epsilon = epsilon;
    CHECK(refused(attrs, {kImage}));
  }
}

TEST_CASE("matmul refuses ranks below 2 and sizes that do not meet") {
  fbs::MatMulAttrsT attrs;
  const Shape wide = make_shape({2, 3}), high = make_shape({3, 2});
  CHECK_FALSE(refused(attrs, {wide, high}));
  CHECK(refused(attrs, {wide, wide}));
  CHECK(refused(attrs, {make_shape({3}), high}));
  CHECK(refused(attrs, {wide, Shape()}));
  CHECK(refused(attrs, {make_shape({2, 2, 3}), make_shape({3, 3, 2})}));
  attrs.transpose_b = true;
  CHECK_FALSE(refused(attrs, {wide, wide}));
}

TEST_CASE("pool refuses incomplete, empty and enormous windows") {
  const auto pool = [](const std::vector<uint32_t>& kernel, const std::vector<uint32_t>& stride,
                       const std::vector<uint32_t>& dilation, const std::vector<uint32_t>& pads, bool ceil_mode,
                       const Shape& shape = kImage) {
    fbs::PoolAttrsT attrs;
    attrs.kernel = kernel;
    attrs.stride = stride;
    attrs.dilation = dilation;
    attrs.pads_begin = attrs.pads_end = pads;
    attrs.ceil_mode = ceil_mode;
    return refused(attrs, {shape});
  };
  CHECK_FALSE(pool({3, 3}, {1, 1}, {1, 1}, {0, 0}, false));
  CHECK(pool({}, {}, {}, {}, false));
  CHECK(pool({3}, {1, 1}, {1, 1}, {0, 0}, false));
  CHECK(pool({3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, false));
  CHECK(pool({3, 3}, {1, 1}, {1, 1}, {0}, false));
  CHECK(pool({0, 3}, {1, 1}, {1, 1}, {0, 0}, false));
  CHECK(pool({3, 3}, {1, 0}, {1, 1}, {0, 0}, false));
  CHECK(pool({3, 3}, {1, 1}, {0, 1}, {0, 0}, false));
  CHECK(pool({7, 3}, {1, 1}, {1, 1}, {0, 0}, false));
  CHECK(pool({7, 3}, {1, 1}, {1, 1}, {0, 0}, true));
  CHECK(pool({3, 3}, {1, 1}, {1, 3}, {0, 0}, false));
  for (const bool ceil_mode : {false, true}) {
    CHECK(pool({kHuge, 3}, {1, 1}, {1, 1}, {0, 0}, ceil_mode));
    CHECK(pool({3, 3}, {kHuge, 1}, {1, 1}, {0, 0}, ceil_mode));
    CHECK(pool({3, 3}, {1, 1}, {kHuge, kHuge}, {kHuge, kHuge}, ceil_mode));
    CHECK(pool({3, 3}, {1, 1}, {1, 1}, {kHuge, 0}, ceil_mode));
  }
  CHECK(pool({3, 3}, {1, 1}, {1, 1}, {0, 0}, false, make_shape({4, 6, 6})));
  CHECK(pool({3, 3}, {1, 1}, {1, 1}, {0, 0}, false, make_shape({1, 1, 1, 1, 6, 6})));
}

TEST_CASE("pool refuses a stride of zero that is one vector with the pads") {
  flatbuffers::FlatBufferBuilder builder;
  const auto ones = builder.CreateVector(std::vector<uint32_t>{1, 1});
  const auto zeros = builder.CreateVector(std::vector<uint32_t>{0, 0});
  builder.Finish(fbs::CreatePoolAttrs(builder, fbs::PoolKind::Max, ones, zeros, ones, zeros, zeros));
  CHECK(refused_table(fbs::OpAttrs::Pool, flatbuffers::GetRoot<fbs::PoolAttrs>(builder.GetBufferPointer()), {kImage}));
}

}  // namespace
}  // namespace lacuna
