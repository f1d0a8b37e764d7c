#include "converter/plan/split_channels.h"

#include "converter/plan/plan.h"
#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

/// An inverted residual block without its residual: 1x1, depthwise 3x3, 1x1.
struct Block {
  TestNet net;
  ValueId wide;

  explicit Block(int64_t channels, int64_t size, int64_t batch = 1) {
    wide = net.conv(net.input({batch, 4, size, size}), channels);
    const ValueId filtered = net.conv(wide, channels, 3, 1, channels, 2);
    net.output(net.conv(filtered, 4));
  }
};

TEST_CASE("a wide value becomes groups of channels that share memory") {
  Block block(20, 128);
  const uint64_t before = make_plan(block.net.graph()).arena_bytes;
  check_keeps_outputs(block.net.graph(), split_channels);
  CHECK(count_of(block.net.graph(), fbs::OpAttrs::Conv) == 7);  // groups of 8, 8 and 4 channels, twice; the last 1x1
  CHECK(only(block.net.graph(), fbs::OpAttrs::Concat).inputs.size() == 3);
  CHECK(make_plan(block.net.graph()).arena_bytes < before * 3 / 4);
}

TEST_CASE("a value below the limit stays whole") {
  Block block(20, 32);
  split_channels(block.net.graph());
  CHECK(count_of(block.net.graph(), fbs::OpAttrs::Conv) == 3);
}

TEST_CASE("a batch stays whole") {
  Block block(20, 128, 2);
  split_channels(block.net.graph());
  CHECK(count_of(block.net.graph(), fbs::OpAttrs::Conv) == 3);
}

TEST_CASE("a wide value that somebody else reads stays whole") {
  Block block(20, 128);
  block.net.output(block.wide);
  split_channels(block.net.graph());
  CHECK(count_of(block.net.graph(), fbs::OpAttrs::Conv) == 3);
}

TEST_CASE("a depthwise multiplier is kept") {
  TestNet net;
  const ValueId wide = net.conv(net.input({1, 4, 128, 128}), 20);
  net.output(net.conv(wide, 40, 3, 1, 20));
  check_keeps_outputs(net.graph(), split_channels);
  CHECK(only(net.graph(), fbs::OpAttrs::Concat).inputs.size() == 3);
}

}  // namespace
}  // namespace lacuna
