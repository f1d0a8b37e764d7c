#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::OpAttrs;
using fbs::PadMode;
using fbs::PoolKind;

TEST_CASE("fold_pad: zeros around a convolution, also unequal ones") {
  TestNet net;
  const ValueId padded = net.b().pad(PadMode::Constant, net.input({1, 2, 5, 6}), {0, 0, 0, 1}, {0, 0, 1, 2});
  net.output(net.conv(padded, 3, 3, 1, 1, 2));
  CHECK(check_pass(net.graph(), fold_pad));
  CHECK(check_pass(net.graph(), remove_dead));
  const Node& conv = only(net.graph(), OpAttrs::Conv);
  CHECK(conv.attrs.AsConv()->pads_begin == std::vector<uint32_t>{1, 2});
  CHECK(conv.attrs.AsConv()->pads_end == std::vector<uint32_t>{2, 3});
  CHECK(net.graph().nodes.size() == 1);
}

TEST_CASE("fold_pad: through the transpose of a channel-last model") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId padded = b.pad(PadMode::Constant, net.input({1, 5, 6, 2}), {0, 0, 1, 0}, {0, 1, 2, 0});
  net.output(net.conv(b.transpose(padded, {0, 3, 1, 2}), 3, 3));
  CHECK(check_pass(net.graph(), fold_pad));
  CHECK(check_pass(net.graph(), remove_dead));
  CHECK(count_of(net.graph(), OpAttrs::Pad) == 0);
  CHECK(only(net.graph(), OpAttrs::Conv).attrs.AsConv()->pads_end == std::vector<uint32_t>{1, 2});
}

TEST_CASE("fold_pad: average pools count the zeros") {
  TestNet net;
  const ValueId padded = net.b().pad(PadMode::Constant, net.input({1, 2, 5, 6}), {0, 0, 1, 1}, {0, 0, 1, 1});
  SUBCASE("unpadded pool") { net.output(net.pool(PoolKind::Average, padded, 3, 0)); }
  SUBCASE("pool that counts its pads") { net.output(net.pool(PoolKind::Average, padded, 3, 1, true)); }
  CHECK(check_pass(net.graph(), fold_pad));
  CHECK(only(net.graph(), OpAttrs::Pool).attrs.AsPool()->count_include_pad);
}

TEST_CASE("fold_pad: a max pool pads with minus infinity") {
  TestNet net;
  GraphBuilder& b = net.b();
  net.output(net.pool(PoolKind::Max,
                      b.pad(PadMode::Constant, net.input({1, 2, 5, 6}), {0, 0, 1, 1}, {0, 0, 1, 1}, -kInfinity), 3, 0));
  CHECK(check_pass(net.graph(), fold_pad));
}

TEST_CASE("fold_pad: what cannot be folded") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({1, 2, 5, 6});
  const std::vector<int64_t> one = {0, 0, 1, 1};
  SUBCASE("channels") { net.output(net.conv(b.pad(PadMode::Constant, x, {0, 1, 0, 0}, {0, 1, 0, 0}), 3, 3)); }
  SUBCASE("crop") { net.output(net.conv(b.pad(PadMode::Constant, x, {0, 0, -1, 0}, {0, 0, 0, 0}), 3, 3)); }
  SUBCASE("value") { net.output(net.conv(b.pad(PadMode::Constant, x, one, one, 1), 3, 3)); }
  SUBCASE("mode") { net.output(net.conv(b.pad(PadMode::Reflect, x, one, one), 3, 3)); }
  SUBCASE("max pool") { net.output(net.pool(PoolKind::Max, b.pad(PadMode::Constant, x, one, one), 3, 0)); }
  SUBCASE("average pool that leaves its pads out") {
    net.output(net.pool(PoolKind::Average, b.pad(PadMode::Constant, x, one, one), 3, 1));
  }
  CHECK_FALSE(check_pass(net.graph(), fold_pad));
}

}  // namespace
}  // namespace lacuna
