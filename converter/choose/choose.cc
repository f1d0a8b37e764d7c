#include "converter/choose/choose.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <tuple>

#include "converter/choose/pattern.h"
#include "converter/ir/operands.h"

namespace lacuna {
namespace {

uint64_t count_nonzeros(const Tensor& weight) {
  return static_cast<uint64_t>(std::count_if(weight.f32.begin(), weight.f32.end(), [](float w) { return w != 0.0f; }));
}

std::string number(double x, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof(text), "%.*f %s", x < 100 ? 1 : 0, x, unit);
  return text;
}
std::string percent(double share) { return number(100 * share, "%"); }
std::string microseconds(double us) { return number(us, "us"); }

/// Weights in one of their legal packings.
struct Form {
  fbs::Packing packing;
  PackedSize size;
};

std::vector<Form> pack_all(const Layer& layer, const Tensor& weight) {
  const PackedAttrs attrs(layer.attrs);
  std::vector<Form> forms;
  for (const fbs::Packing packing : packings_of(layer)) {
    forms.push_back({packing, size_of(host_op(layer.attrs.type).pack(attrs.table(), weight, nullptr, packing))});
  }
  return forms;
}

std::vector<PackingTime> predict(const Layer& layer, const std::vector<Form>& forms, const CostModel& costs) {
  std::vector<PackingTime> times;
  for (const Form& form : forms) {
    const auto us = costs.microseconds(kind_of(layer, form.packing), form.packing, count_terms(layer, form.size));
    if (us) times.push_back({form.packing, *us});
  }
  return times;
}

/// How far the best packing that skips zeros is ahead of the dense one when zeros are random, in microseconds.
double lead_of_sparse(const Layer& layer, const std::vector<PackingTime>& times, const CostModel& costs,
                      double density) {
  const auto us = [&](fbs::Packing packing) {
    return *costs.microseconds(kind_of(layer, packing), packing, estimate_terms(layer, density, packing));
  };
  double best = us(times[1].packing);
  for (size_t i = 2; i < times.size(); ++i) best = std::min(best, us(times[i].packing));
  return us(times.front().packing) - best;
}

/// The density at which the lead ends, to a thousandth.
double solve_break_even(const Layer& layer, const std::vector<PackingTime>& times, const CostModel& costs) {
  constexpr double kResolution = 1e-3;
  if (times.size() < 2 || lead_of_sparse(layer, times, costs, 0) <= 0) return 0;
  if (lead_of_sparse(layer, times, costs, 1) > 0) return 1;
  double low = 0, high = 1;
  while (high - low > kResolution) {
    const double middle = (low + high) / 2;
    (lead_of_sparse(layer, times, costs, middle) > 0 ? low : high) = middle;
  }
  return low;
}

const PackingTime& fastest(const std::vector<PackingTime>& times) {
  return *std::min_element(times.begin(), times.end(),
                           [](const PackingTime& a, const PackingTime& b) { return a.us < b.us; });
}

/// "12.1 us as SparseRows, 30.5 us as DenseRows8", the fastest first.
std::string compare_times(std::vector<PackingTime> times) {
  std::stable_sort(times.begin(), times.end(), [](const PackingTime& a, const PackingTime& b) { return a.us < b.us; });
  std::string text;
  for (const PackingTime& time : times) {
    text += (text.empty() ? "" : ", ") + microseconds(time.us) + " as " + fbs::EnumNamePacking(time.packing);
  }
  return text;
}

std::string explain_times(const Choice& choice) {
  const std::string times = compare_times(choice.predicted) + " at density " + percent(choice.density());
  if (choice.packing != choice.predicted.front().packing) {
    if (choice.break_even >= 1) return times + "; skipping pays at any density";
    return times + "; dense wins above " + percent(choice.break_even);
  }
  if (choice.break_even <= 0) return times + "; skipping random zeros never pays here";
  return times + "; skipping random zeros pays below " + percent(choice.break_even);
}

void count_macs(const Graph& graph, const Node& node, Choice& choice) {
  const OpHost& op = host_op(node.attrs.type);
  if (op.macs == nullptr) return;
  const PackedAttrs attrs(node.attrs);
  std::vector<Shape> shapes;
  for (const ValueId id : node.inputs) shapes.push_back(id == kNoValue ? Shape() : graph.shape(id));
  choice.macs = choice.nonzero_macs = op.macs(attrs.table(), shapes, graph.shape(node.output));
}

/// What is true of weights whoever reads them.
struct WeightFacts {
  explicit WeightFacts(const Tensor& weight)
      : weights(weight.f32.size()), nonzeros(count_nonzeros(weight)), pattern(detect_pattern(weight)) {}

  void copy_to(Choice& choice) const {
    choice.weights = weights;
    choice.nonzeros = nonzeros;
    choice.nonzero_macs = choice.macs / weights * nonzeros;  // every weight is used equally often
    choice.pattern = pattern;
  }

  uint64_t weights, nonzeros;
  std::string pattern;
};

std::string explain(const Layer& layer, const CostModel& costs, size_t legal, Choice& choice) {
  if (legal == 1) return "this kind of layer has only one form";
  if (choice.predicted.size() < 2) return "the cost profile does not know this kind of layer in two forms";
  choice.break_even = solve_break_even(layer, choice.predicted, costs);
  return explain_times(choice);
}

/// Nodes that share weights, as the bands of a layer do.
std::vector<std::vector<size_t>> group_by_weight(const Graph& graph) {
  std::map<std::tuple<ValueId, fbs::OpAttrs, uint32_t>, std::vector<size_t>> groups;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const ValueId weight = operand_with_role(node, Role::kWeight);
    const fbs::ConvAttrsT* conv = node.attrs.AsConv();
    if (weight != kNoValue) groups[{weight, node.attrs.type, conv == nullptr ? 1 : conv->groups}].push_back(i);
  }
  std::vector<std::vector<size_t>> lists;
  for (const auto& [key, nodes] : groups) lists.push_back(nodes);
  return lists;
}

/// Legal packings with the sums of their times over several predictions.
std::vector<PackingTime> sum_of(const std::vector<PackingTime>& a, const std::vector<PackingTime>& b) {
  std::vector<PackingTime> sums;
  for (size_t i = 0; i < a.size(); ++i) sums.push_back({a[i].packing, a[i].us + b[i].us});
  return sums;
}

/// Of nodes that share weights: whether they are the same layer as far as its cost goes.
bool cost_the_same(const Graph& graph, const Node& a, const Node& b, const Choice& of_a, const Choice& of_b) {
  const auto equal = [&graph](ValueId x, ValueId y) { return graph.shape(x) == graph.shape(y); };
  return equal(a.inputs.front(), b.inputs.front()) && equal(a.output, b.output) &&
         std::equal(of_a.predicted.begin(), of_a.predicted.end(), of_b.predicted.begin(), of_b.predicted.end(),
                    [](const PackingTime& x, const PackingTime& y) { return x.packing == y.packing && x.us == y.us; });
}

/// Nodes that share weights share the packing: the one with the least time in all.
void choose_packing(const Graph& graph, const std::vector<size_t>& nodes, const CostModel& costs,
                    std::vector<Choice>& choices) {
  const Node& first = graph.nodes[nodes.front()];
  const Tensor& weight = graph.constant(operand_with_role(first, Role::kWeight));
  const std::vector<Form> forms = pack_all(layer_of(graph, first), weight);
  const WeightFacts facts(weight);
  std::vector<PackingTime> sums;
  for (const size_t i : nodes) {
    facts.copy_to(choices[i]);
    choices[i].predicted = predict(layer_of(graph, graph.nodes[i]), forms, costs);
    sums = sums.empty() ? choices[i].predicted : sum_of(sums, choices[i].predicted);
  }
  const fbs::Packing packing = sums.empty() ? forms.front().packing : fastest(sums).packing;
  const bool ordered = costs.orders_rows() && std::all_of(nodes.begin(), nodes.end(), [&](size_t i) {
                         return gains_by_order(layer_of(graph, graph.nodes[i]), packing);
                       });
  const Choice& front = choices[nodes.front()];
  for (const size_t i : nodes) {
    choices[i].packing = packing;
    choices[i].ordered = ordered;
    // Turns of a loop are; the density at which packings change takes long to find.
    if (i != nodes.front() && cost_the_same(graph, first, graph.nodes[i], front, choices[i])) {
      choices[i].reason = front.reason;
      choices[i].break_even = front.break_even;
    } else {
      choices[i].reason = explain(layer_of(graph, graph.nodes[i]), costs, forms.size(), choices[i]);
    }
  }
}

}  // namespace

std::vector<Choice> choose(const Graph& graph, const CostModel& costs) {
  std::vector<Choice> choices(graph.nodes.size());
  for (size_t i = 0; i < choices.size(); ++i) count_macs(graph, graph.nodes[i], choices[i]);
  for (const std::vector<size_t>& nodes : group_by_weight(graph)) choose_packing(graph, nodes, costs, choices);
  return choices;
}

}  // namespace lacuna
