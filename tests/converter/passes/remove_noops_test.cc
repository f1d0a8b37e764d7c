#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::OpAttrs;
using fbs::UnaryKind;

TEST_CASE("remove_noops: nodes that copy their input") {
  TestNet net;
  GraphBuilder& b = net.b();
  ValueId x = b.unary(UnaryKind::Abs, net.input({1, 2, 3, 4}));
  const auto emit = [&](auto attrs) { x = b.emit(make_attrs(std::move(attrs)), {x}); };
  SUBCASE("reshape") {
    fbs::ReshapeAttrsT attrs;
    attrs.shape = {1, 2, 3, 4};
    emit(attrs);
  }
  SUBCASE("identity") { emit(fbs::UnaryAttrsT()); }
  SUBCASE("unbounded clamp") {
    fbs::UnaryAttrsT attrs;
    attrs.function = fbs::Activation(UnaryKind::Clamp, -kInfinity, kInfinity);
    emit(attrs);
  }
  SUBCASE("full slice") {
    fbs::SliceAttrsT attrs;
    attrs.start = {0, 0, 0, 0};
    attrs.step = {1, 1, 1, 1};
    attrs.sizes = {1, 2, 3, 4};
    emit(attrs);
  }
  SUBCASE("pad by zero") {
    fbs::PadAttrsT attrs;
    attrs.begin = attrs.end = {0, 0, 0, 0};
    emit(attrs);
  }
  SUBCASE("expand to the same shape") {
    fbs::ExpandAttrsT attrs;
    attrs.shape = {2, 3, 4};
    emit(attrs);
  }
  SUBCASE("tile once") {
    fbs::TileAttrsT attrs;
    attrs.repeats = {1, 1, 1, 1};
    emit(attrs);
  }
  SUBCASE("concat of one") {
    fbs::ConcatAttrsT attrs;
    attrs.axis = 1;
    emit(attrs);
  }
  SUBCASE("resize to the same size") {
    fbs::ResizeAttrsT attrs;
    attrs.mode = fbs::ResizeMode::Linear;
    attrs.sizes = {1, 2, 3, 4};
    attrs.scales = {1, 1, 1, 1};
    emit(attrs);
  }
  SUBCASE("identity transpose") {
    fbs::TransposeAttrsT attrs;
    attrs.perm = {0, 1, 2, 3};
    emit(attrs);
  }
  net.output(b.unary(UnaryKind::Exp, x));
  CHECK(check_pass(net.graph(), remove_noops));
  CHECK(net.graph().nodes.size() == 2);
}

TEST_CASE("remove_noops: nodes that only look like copies stay") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = b.unary(UnaryKind::Abs, net.input({1, 1, 3, 4}));
  SUBCASE("reversed slice") { net.output(b.slice(x, {0, 0, 2, 0}, {1, 1, -1, 1}, make_shape({1, 1, 3, 4}))); }
  SUBCASE("crop and pad") { net.output(b.pad(fbs::PadMode::Constant, x, {0, 0, 1, 0}, {0, 0, -1, 0})); }
  SUBCASE("sum of squares over one element") { net.output(b.reduce(fbs::ReduceKind::SumSquare, x, {1}, true)); }
  SUBCASE("transpose") { net.output(b.transpose(x, {0, 1, 3, 2})); }
  CHECK_FALSE(check_pass(net.graph(), remove_noops));
}

TEST_CASE("remove_noops: reshapes and transposes in a row become one") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({2, 3, 4});
  SUBCASE("reshapes") { net.output(b.reshape(b.reshape(x, make_shape({6, 4})), make_shape({3, 8}))); }
  SUBCASE("transposes") { net.output(b.transpose(b.transpose(x, {1, 2, 0}), {1, 0, 2})); }
  CHECK(check_pass(net.graph(), remove_noops));
  CHECK(check_pass(net.graph(), remove_dead));
  CHECK(net.graph().nodes.size() == 1);
}

TEST_CASE("remove_noops: transposes that undo each other disappear") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = b.unary(UnaryKind::Abs, net.input({2, 3, 4}));
  net.output(b.unary(UnaryKind::Exp, b.transpose(b.transpose(x, {1, 2, 0}), {2, 0, 1})));
  CHECK(check_pass(net.graph(), remove_noops));
  CHECK(check_pass(net.graph(), remove_dead));
  CHECK(net.graph().nodes.size() == 2);
}

TEST_CASE("remove_noops: what moves only ones is a reshape") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({1, 3, 1, 4});
  SUBCASE("transpose") { net.output(b.transpose(x, {2, 1, 3, 0})); }
  SUBCASE("reduction of single elements") { net.output(b.reduce(fbs::ReduceKind::Mean, x, {0, 2}, false)); }
  CHECK(check_pass(net.graph(), remove_noops));
  CHECK(count_of(net.graph(), OpAttrs::Reshape) == 1);
}

TEST_CASE("remove_noops: an output keeps a node of its own") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({2, 3});
  SUBCASE("copy of a computed value takes its place") {
    const ValueId y = b.unary(UnaryKind::Abs, x);
    net.output(b.unary(UnaryKind::Identity, y));
    net.output(b.unary(UnaryKind::Exp, y));
    CHECK(check_pass(net.graph(), remove_noops));
    CHECK(net.graph().nodes.size() == 2);
  }
  SUBCASE("copy of an input becomes a reshape") {
    net.output(b.unary(UnaryKind::Identity, x));
    CHECK(check_pass(net.graph(), remove_noops));
    CHECK(count_of(net.graph(), OpAttrs::Reshape) == 1);
  }
  SUBCASE("copy of another output becomes a reshape") {
    net.output(b.unary(UnaryKind::Abs, x));
    net.output(b.unary(UnaryKind::Identity, net.graph().outputs[0]));
    CHECK(check_pass(net.graph(), remove_noops));
    CHECK(count_of(net.graph(), OpAttrs::Reshape) == 1);
  }
}

}  // namespace
}  // namespace lacuna
