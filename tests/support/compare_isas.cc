#include "tests/support/compare_isas.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "converter/ir/interpret.h"
#include "lacuna/lacuna.hpp"
#include "tests/sdk/model_builder.h"
#include "tests/support/random_graph.h"

namespace lacuna {
namespace {

/// Of results over their largest value, or over a part of the largest value before them where they cancel out: rounding
/// of some twenty nodes one behind the other.
constexpr double kTolerance = 2e-4;
constexpr double kHalfTolerance = 2e-2;
constexpr double kCancelled = 0.03;

struct Outputs {
  std::vector<Tensor> tensors;
  std::string error;
};

Outputs run(const Model& model, const char* isa, uint32_t threads, const std::vector<Tensor>& inputs) {
  SessionOptions options;
  options.isa = isa;
  options.threads = threads;
  lacuna_error error = {};
  const auto bytes = Session::size(model, options, &error);
  if (!bytes) return {{}, error.message};
  const AlignedBytes arena(*bytes);
  std::memset(arena.data(), 0xff, *bytes);
  auto session = Session::make_in(arena.data(), *bytes, model, options, &error);
  if (!session) return {{}, error.message};
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (session->set_input(i, inputs[i].f32.data(), inputs[i].f32.size() * sizeof(float), &error) != LACUNA_OK) {
      return {{}, error.message};
    }
  }
  session->run();
  Outputs outputs;
  for (size_t i = 0; i < model.output_count(); ++i) {
    const lacuna_tensor tensor = *model.output(i);
    Shape shape;
    for (int d = 0; d < tensor.rank; ++d) shape.push_back(tensor.shape[d]);
    outputs.tensors.emplace_back(ElementType::kF32, shape);
    session->get_output(i, outputs.tensors.back().f32.data(), tensor.bytes);
  }
  return outputs;
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.f32.size() == b.f32.size() && std::memcmp(a.f32.data(), b.f32.data(), a.f32.size() * sizeof(float)) == 0;
}

double largest_of(const Tensor& tensor) {
  double largest = 0;
  for (const float y : tensor.f32) largest = std::isfinite(y) ? std::max(largest, std::fabs(double{y})) : largest;
  return largest;
}

struct Expected {
  std::vector<Tensor> outputs;
  double largest = 0;  ///< of all values
};

Expected expected_of(const Graph& graph, const std::vector<Tensor>& inputs) {
  Graph all = graph;
  for (const Node& node : graph.nodes) all.outputs.push_back(node.output);
  Expected expected;
  expected.outputs = interpret(all, inputs);
  for (const Tensor& value : expected.outputs) expected.largest = std::max(expected.largest, largest_of(value));
  expected.outputs.resize(graph.outputs.size());
  return expected;
}

/// An element that is off, or empty. `smallest`: what errors are parts of where all results are smaller.
std::string difference_of(const Tensor& actual, const Tensor& expected, double tolerance, double smallest) {
  if (actual.shape != expected.shape) return "shape " + to_string(actual.shape) + ", not " + to_string(expected.shape);
  const double largest = std::max(largest_of(expected), smallest);
  for (size_t i = 0; i < expected.f32.size(); ++i) {
    const float a = actual.f32[i];
    const float b = expected.f32[i];
    const bool close =
        std::isfinite(b) ? std::fabs(double{a} - b) <= tolerance * largest : a == b || (std::isnan(a) && std::isnan(b));
    if (!close) return "element " + std::to_string(i) + " is " + std::to_string(a) + ", not " + std::to_string(b);
  }
  return "";
}

/// The graph node by node, for a report.
std::string text_of(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes) {
    const auto output = std::find(graph.outputs.begin(), graph.outputs.end(), node.output);
    text += "\n  " + describe(graph, node) + " -> " + to_string(graph.shape(node.output));
    if (output != graph.outputs.end()) text += " output " + std::to_string(output - graph.outputs.begin());
  }
  return text;
}

std::string compare(const Model& model, const char* isa, const std::vector<Tensor>& inputs, const Expected& expected,
                    double tolerance) {
  const Outputs one = run(model, isa, 1, inputs);
  const Outputs three = run(model, isa, 3, inputs);
  if (!one.error.empty() || !three.error.empty()) return one.error + three.error;
  if (one.tensors.size() != expected.outputs.size()) return "number of outputs";
  for (size_t i = 0; i < expected.outputs.size(); ++i) {
    if (!same_bytes(one.tensors[i], three.tensors[i])) return "output " + std::to_string(i) + ": threads change it";
    const std::string difference =
        difference_of(one.tensors[i], expected.outputs[i], tolerance, kCancelled * expected.largest);
    if (!difference.empty()) return "output " + std::to_string(i) + ": " + difference;
  }
  return "";
}

}  // namespace

std::string compare_isas(const uint8_t* decisions, size_t bytes, fbs::Dtype dtype) {
  Decisions source(decisions, bytes);
  const Graph graph = random_graph(source);
  const std::vector<Tensor> inputs = random_inputs(graph, static_cast<uint32_t>(bytes));
  const Expected expected = expected_of(graph, inputs);
  const std::string bytes_of_file = random_file(graph, source, dtype);
  const AlignedBytes file(bytes_of_file.size());
  std::memcpy(file.data(), bytes_of_file.data(), bytes_of_file.size());
  lacuna_error error = {};
  const auto model = Model::open(file.data(), file.size(), &error);
  if (!model) return std::string("does not open: ") + error.message + text_of(graph);
  const double tolerance = dtype == fbs::Dtype::F32 ? kTolerance : kHalfTolerance;
  for (const char* isa : isas()) {
    const std::string difference = compare(*model, isa, inputs, expected, tolerance);
    if (!difference.empty()) return std::string(isa) + ": " + difference + text_of(graph);
  }
  return "";
}

}  // namespace lacuna
