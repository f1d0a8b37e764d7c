#include "converter/plan/columns.h"

#include "converter/emit/emit.h"
#include "converter/plan/plan.h"
#include "sdk/format/header.h"
#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

void in_columns(Graph& graph) { run_in_columns(graph, kMostBandBytes); }

uint64_t arena(const Graph& graph) { return make_plan(graph).arena_bytes; }

/// An inverted residual block: 1x1, depthwise 3x3, 1x1.
struct Block {
  TestNet net;
  ValueId x, wide;

  explicit Block(int64_t channels, int64_t size, uint32_t stride = 1, uint32_t pad = 1, int64_t batch = 1) {
    x = net.input({batch, 4, size, size});
    wide = net.conv(x, channels);
    net.output(net.conv(net.conv(wide, channels, 3, pad, channels, stride), 4));
  }
};

TEST_CASE("a wide value is made band by band in the same memory") {
  for (const uint32_t stride : {1u, 2u}) {
    for (const int64_t size : {112, 101, 90}) {
      CAPTURE(stride);
      CAPTURE(size);
      Block block(40, size, stride);
      Graph& graph = block.net.graph();
      const uint64_t before = arena(graph);
      check_keeps_outputs(graph, in_columns);
      CHECK(count_of(graph, fbs::OpAttrs::Conv) >= 6);
      CHECK(count_of(graph, fbs::OpAttrs::Conv) % 3 == 0);
      CHECK(only(graph, fbs::OpAttrs::Concat).inputs.size() >= 2);
      CHECK(arena(graph) < before * 3 / 4);
    }
  }
}

TEST_CASE("bands are views: nothing is copied") {
  Block block(40, 112);
  Graph& graph = block.net.graph();
  in_columns(graph);
  const Plan plan = make_plan(graph);
  const auto buffer = [&](ValueId id) { return plan.values[static_cast<size_t>(id)].buffer; };
  for (const Node& node : graph.nodes) {
    if (node.attrs.type == fbs::OpAttrs::Slice) CHECK(buffer(node.output) == buffer(node.inputs[0]));
    if (node.attrs.type != fbs::OpAttrs::Concat) continue;
    for (const ValueId part : node.inputs) CHECK(buffer(part) == buffer(node.output));
  }
}

TEST_CASE("a value below the limit stays whole") {
  Block block(40, 64);
  in_columns(block.net.graph());
  CHECK(count_of(block.net.graph(), fbs::OpAttrs::Conv) == 3);
}

TEST_CASE("a batch stays whole") {
  Block block(40, 112, 1, 1, 2);
  in_columns(block.net.graph());
  CHECK(count_of(block.net.graph(), fbs::OpAttrs::Conv) == 3);
}

TEST_CASE("a wide value that somebody else reads stays whole") {
  Block block(40, 112);
  block.net.output(block.wide);
  in_columns(block.net.graph());
  CHECK(count_of(block.net.graph(), fbs::OpAttrs::Conv) == 3);
}

TEST_CASE("bands that would see padding alone: the value stays whole") {
  Block block(40, 112, 1, 60);
  check_keeps_outputs(block.net.graph(), in_columns);
  CHECK(count_of(block.net.graph(), fbs::OpAttrs::Conv) == 3);
}

TEST_CASE("a chain goes back over all wide values") {
  TestNet net;  // the start of MobileNet v1
  const ValueId first = net.conv(net.input({1, 3, 224, 224}), 32, 3, 1, 1, 2);
  const ValueId second = net.conv(net.conv(first, 32, 3, 1, 32), 64);
  net.output(net.conv(net.conv(second, 64, 3, 1, 64, 2), 16));
  const uint64_t before = arena(net.graph());
  check_keeps_outputs(net.graph(), in_columns);
  CHECK(count_of(net.graph(), fbs::OpAttrs::Concat) == 1);
  CHECK(count_of(net.graph(), fbs::OpAttrs::Conv) % 5 == 0);
  CHECK(arena(net.graph()) < before / 2);
}

TEST_CASE("a depthwise multiplier, and nothing pointwise behind") {
  TestNet net;
  const ValueId wide = net.conv(net.input({1, 4, 112, 112}), 40);
  net.output(net.conv(wide, 80, 3, 1, 40));
  check_keeps_outputs(net.graph(), in_columns);
  CHECK(count_of(net.graph(), fbs::OpAttrs::Concat) == 1);
}

TEST_CASE("a smaller cache makes lower bands and a smaller arena") {
  Block large(40, 112), small(40, 112);
  in_columns(large.net.graph());
  check_keeps_outputs(small.net.graph(), [](Graph& graph) { run_in_columns(graph, band_bytes_for(256 << 10)); });
  CHECK(count_of(small.net.graph(), fbs::OpAttrs::Conv) > count_of(large.net.graph(), fbs::OpAttrs::Conv));
  CHECK(arena(small.net.graph()) < arena(large.net.graph()));
}

TEST_CASE("bands share their weights in the file") {
  const auto weight_bytes = [](Graph& graph) {
    const std::string file = emit(graph, choose(graph, costs_of_target("generic")), make_plan(graph), {});
    const Header header = decode(reinterpret_cast<const uint8_t*>(file.data()));
    return header.weight_bytes;
  };
  Block whole(40, 112), banded(40, 112);
  in_columns(banded.net.graph());
  CHECK(weight_bytes(banded.net.graph()) == weight_bytes(whole.net.graph()));
}

}  // namespace
}  // namespace lacuna
