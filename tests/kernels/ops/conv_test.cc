// Conv and FullyConnected beyond their cases: the split among threads changes no bit, hostile attributes are refused.
#include <doctest/doctest.h>

#include <cstring>

#include "kernels/ops/conv/winograd.h"
#include "kernels/weight_cases.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

TEST_CASE("a product has the same bits for any number of threads") {
  for (const fbs::OpAttrs type : {fbs::OpAttrs::Conv, fbs::OpAttrs::FullyConnected}) {
    const OpHost& op = host_op(type);
    std::mt19937 rng(2);
    for (const OpCase& op_case : op.cases(rng)) {
      CAPTURE(op_case.name);
      for (const fbs::Packing packing : packings_of(op, op_case)) {
        const Isa isa = machine_isas().back();
        const Tensor one = run_case(op, op_case, OpVariant{isa, 1, false, packing}).output;
        for (const uint32_t threads : {2u, 5u, 64u}) {
          CAPTURE(threads);
          const Tensor many = run_case(op, op_case, OpVariant{isa, threads, true, packing}).output;
          REQUIRE(many.f32.size() == one.f32.size());
          CHECK(std::memcmp(many.f32.data(), one.f32.data(), one.f32.size() * sizeof(float)) == 0);
        }
      }
    }
  }
}

TEST_CASE("windows whose products can be spared run by Winograd's method, in dense rows alone") {
  const OpHost& op = host_op(fbs::OpAttrs::Conv);
  std::mt19937 rng(3);
  for (const OpCase& op_case : op.cases(rng)) {
    const std::string name = op_case.name;
    if (name.rfind("spared_", 0) != 0 && name != "same_3x3" && name != "stride_2_wide") continue;
    CAPTURE(name);
    for (const Isa isa : machine_isas()) {
      const bool has_kernels = isa == kAvx2 || isa == kAvx512;
      for (const fbs::Packing packing : packings_of(op, op_case)) {
        const std::string kernel = run_case(op, op_case, OpVariant{isa, 1, false, packing}).kernel;
        const bool spares = name.rfind("spared_", 0) == 0 && packing == fbs::Packing::DenseRows8 && has_kernels;
        CHECK_MESSAGE((kernel.rfind("winograd", 0) == 0) == spares, kernel);
      }
    }
  }
}

TEST_CASE("windows of any size are judged at once, without overflow") {
  constexpr int64_t kHuge = INT32_MAX;
  const auto suits = [](int64_t channels, int64_t height, int64_t width, int64_t kernel = 3) {
    const Window down = {height, height, kernel, 1, 1, 1}, along = {width, width, kernel, 1, 1, 1};
    return suits_winograd({1, 1, channels, 64, 2, {1, 1, 1, 1, 1, 0}, down, along});
  };
  CHECK(suits(64, 56, 56));
  CHECK(suits(3, kHuge, 8));
  CHECK(suits(3, 1, 1 << 12));
  CHECK_FALSE(suits(3, 1, kHuge));
  CHECK_FALSE(suits(kHuge, kHuge, kHuge));
  CHECK_FALSE(suits(1 << 16, kHuge, 1 << 16));
  CHECK_FALSE(suits(3, kHuge, kHuge, 65535));
}

/// A good 3x3 convolution of [1, 4, 8, 8] into 6 channels, to be spoilt.
fbs::ConvAttrsT good_attrs() {
  fbs::ConvAttrsT attrs;
  attrs.out_channels = 6;
  attrs.kernel = {3, 3};
  attrs.stride = attrs.dilation = {1, 1};
  attrs.pads_begin = attrs.pads_end = {1, 1};
  return attrs;
}

lacuna_status infer_status(fbs::ConvAttrsT attrs, const std::vector<int64_t>& x_shape = {1, 4, 8, 8}) {
  const PackedAttrs packed(make_attrs(std::move(attrs)));
  TensorView x;
  x.shape = make_shape(x_shape);
  x.present = true;
  OpStep step;
  step.attrs = packed.table();
  step.inputs = {&x, 1};
  Shape output;
  lacuna_error error = {};
  const lacuna_status status = host_op(fbs::OpAttrs::Conv).run->infer(step, &output, &error);
  if (status != LACUNA_OK) CHECK(error.message[0] != '\0');
  return status;
}

TEST_CASE("hostile attributes of a convolution are refused") {
  REQUIRE(infer_status(good_attrs()) == LACUNA_OK);
  const auto refused = [](auto spoil) {
    fbs::ConvAttrsT attrs = good_attrs();
    spoil(attrs);
    return infer_status(std::move(attrs)) == LACUNA_ERROR_MEANING;
  };
  constexpr uint32_t kHuge = 0xffffffff;
  CHECK(refused([](fbs::ConvAttrsT& a) { a.kernel = {}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.stride = {1}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.dilation = {1, 1, 1}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.pads_begin = {}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.pads_end = {0}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.kernel = {0, 3}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.kernel = {3, kHuge}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.stride = {0, 1}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.stride = {kHuge, 1}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.dilation = {1, 0}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.dilation = {kHuge, kHuge}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.dilation = {5, 5}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.pads_begin = {kHuge, 1}; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.groups = 0; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.groups = 3; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.groups = 4; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.out_channels = 0; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.out_channels = kHuge; }));
  CHECK(refused([](fbs::ConvAttrsT& a) { a.activation = {static_cast<fbs::UnaryKind>(200), 0, 0}; }));
  CHECK(infer_status(good_attrs(), {4, 8, 8}) == LACUNA_ERROR_MEANING);
  CHECK(infer_status(good_attrs(), {1, 4, 8, 8, 8}) == LACUNA_ERROR_MEANING);
}

TEST_CASE("weights that do not suit a convolution are refused") {
  std::mt19937 rng(1);
  const OpHost& op = host_op(fbs::OpAttrs::Conv);
  const PackedAttrs attrs(make_attrs(good_attrs()));
  const Tensor weight = random_tensor(rng, make_shape({6, 4, 3, 3}));
  TensorView x, y;
  x.shape = make_shape({1, 4, 8, 8});
  y.shape = make_shape({1, 6, 8, 8});
  x.present = y.present = true;
  OpStep step;
  step.attrs = attrs.table();
  step.inputs = {&x, 1};
  step.outputs = {&y, 1};
  const auto status = [&](const PackedWeights& weights) {
    step.weights = &weights;
    lacuna_error error = {};
    return op.run->check(step, &error);
  };
  for (const fbs::Packing packing : op.packings(attrs.table(), weight)) {
    const WeightBytes good = op.pack(attrs.table(), weight, nullptr, packing);
    CHECK(status(good.view()) == LACUNA_OK);
    PackedWeights bad = good.view();
    bad.rows = 5;
    CHECK(status(bad) == LACUNA_ERROR_MEANING);
    bad = good.view();
    bad.columns = 11;
    CHECK(status(bad) == LACUNA_ERROR_MEANING);
    bad = good.view();
    bad.groups = 2;
    CHECK(status(bad) == LACUNA_ERROR_MEANING);
    bad = good.view();
    bad.bias = {bad.values.data, 5};
    CHECK(status(bad) == LACUNA_ERROR_MEANING);
    bad = good.view();
    --bad.values.size;
    CHECK(status(bad) == LACUNA_ERROR_MEANING);
    bad = good.view();
    bad.packing = fbs::Packing::Depthwise;
    CHECK(status(bad) == LACUNA_ERROR_MEANING);
  }
  step.weights = nullptr;
  CHECK(op.run->check(step, nullptr) == LACUNA_ERROR_MEANING);
}

}  // namespace
}  // namespace lacuna
