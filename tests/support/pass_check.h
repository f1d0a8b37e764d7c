// Small networks for the tests of passes, and the rule that each test checks: the outputs stay.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "converter/ir/graph_builder.h"
#include "converter/ir/interpret.h"
#include "converter/passes/passes.h"

namespace lacuna {

/// A graph under construction with random constants.
class TestNet {
 public:
  explicit TestNet(uint32_t seed = 1) : rng_(seed), builder_(graph_, budget_, "node") {}
  TestNet(const TestNet&) = delete;
  TestNet& operator=(const TestNet&) = delete;

  Graph& graph() { return graph_; }
  GraphBuilder& b() { return builder_; }

  ValueId input(std::initializer_list<int64_t> shape) { return graph_.add_input("x", make_shape(shape)); }
  ValueId constant(const Shape& shape);
  ValueId constant(std::initializer_list<int64_t> shape) { return constant(make_shape(shape)); }
  ValueId scalar(double value) { return builder_.add_scalar(static_cast<float>(value)); }
  void output(ValueId id) { graph_.outputs.push_back(id); }

  /// A square kernel with bias over a value of rank 4.
  ValueId conv(ValueId x, int64_t out_channels, uint32_t kernel = 1, uint32_t pad = 0, int64_t groups = 1,
               uint32_t stride = 1);
  ValueId fully_connected(ValueId x, int64_t units, bool bias = true);
  ValueId affine(ValueId x);
  ValueId pool(fbs::PoolKind kind, ValueId x, uint32_t kernel, uint32_t pad, bool count_include_pad = false);
  ValueId normalize(fbs::NormKind kind, ValueId x, uint32_t axis);
  ValueId softmax(ValueId x, uint32_t axis);
  ValueId matmul(ValueId a, ValueId b, bool transpose_b = false);

 private:
  std::mt19937 rng_;
  Graph graph_;
  MemoryBudget budget_;
  GraphBuilder builder_;
};

using Pass = bool (*)(Graph&);

/// How many nodes have this type.
int count_of(const Graph& graph, fbs::OpAttrs type);
/// The only node of this type.
const Node& only(const Graph& graph, fbs::OpAttrs type);

/// Operands exist before they are read, each value has one producer at most, and shapes are what operators infer.
void check_valid(const Graph& graph);

/// Checks that `rewrite` keeps the outputs for random inputs, their shapes and names, and a valid graph.
void check_keeps_outputs(Graph& graph, const std::function<void(Graph&)>& rewrite);

/// Runs a pass and checks that it keeps the outputs and changes nothing when run again. Returns whether it changed
/// anything.
bool check_pass(Graph& graph, Pass pass);

/// Runs all passes and checks that they keep the outputs.
void check_all_passes(Graph& graph);

}  // namespace lacuna
