#include "converter/ir/truths.h"

#include <doctest/doctest.h>

#include "converter/ir/interpret.h"

namespace lacuna {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// A graph of one input x [4] and what is built on it.
struct Scene {
  Graph graph;
  MemoryBudget budget;
  GraphBuilder builder{graph, budget, "y"};
  ValueId x = graph.add_input("x", make_shape({4}));

  ValueId floats(const std::vector<float>& elements) {
    return graph.add_constant("c", Tensor(make_shape({static_cast<int64_t>(elements.size())}), elements));
  }
  ValueId truths(const std::vector<int64_t>& elements) { return graph.add_constant("t", int_tensor(elements)); }

  std::vector<float> run(ValueId y, const std::vector<float>& input) {
    graph.outputs = {y};
    return interpret(graph, {Tensor(make_shape({4}), input)}).front().f32;
  }
};

using Floats = std::vector<float>;

}  // namespace

TEST_CASE("comparisons of computed values are 0 or 1, NaN fulfils none") {
  const Floats x = {1, 2, 3, kNan};
  const auto compared = [&x](HostBinary function) {
    Scene s;
    const ValueId y = compare(s.builder, function, s.x, s.floats({2}));
    CHECK(s.graph.value(y).meaning == Meaning::kTruth);
    return s.run(y, x);
  };
  CHECK(compared(HostBinary::kEqual) == Floats{0, 1, 0, 0});
  CHECK(compared(HostBinary::kLess) == Floats{1, 0, 0, 0});
  CHECK(compared(HostBinary::kLessOrEqual) == Floats{1, 1, 0, 0});
  CHECK(compared(HostBinary::kGreater) == Floats{0, 0, 1, 0});
  CHECK(compared(HostBinary::kGreaterOrEqual) == Floats{0, 1, 1, 0});
}

TEST_CASE("comparisons of constants fold into integers") {
  Scene s;
  const ValueId y = compare(s.builder, HostBinary::kLess, s.floats({1, 3}), s.floats({2, 2}));
  CHECK(s.graph.constant(y).i64 == std::vector<int64_t>{1, 0});
}

TEST_CASE("logic of computed truths, one of them with a constant truth") {
  const auto combined = [](HostBinary function, bool constant) {
    Scene s;
    const ValueId positive = compare(s.builder, HostBinary::kGreater, s.x, s.floats({0}));
    const ValueId large = constant ? s.truths({0, 1, 0, 1})
                                   : compare(s.builder, HostBinary::kGreater, s.floats({9, 1, 9, 1}), s.floats({5}));
    return s.run(compare(s.builder, function, positive, constant ? large : s.truths({1, 0, 1, 0})), {-1, -1, 1, 1});
  };
  CHECK(combined(HostBinary::kAnd, true) == Floats{0, 0, 0, 1});
  CHECK(combined(HostBinary::kOr, true) == Floats{0, 1, 1, 1});
  CHECK(combined(HostBinary::kXor, true) == Floats{0, 1, 1, 0});
  CHECK(combined(HostBinary::kAnd, false) == Floats{0, 0, 1, 0});
}

TEST_CASE("the truth of a number and the opposite of a truth") {
  Scene s;
  const ValueId truth = as_truth(s.builder, s.x);
  CHECK(as_truth(s.builder, truth) == truth);
  CHECK(s.run(truth, {0, -0.0f, 0.5f, kNan}) == Floats{0, 0, 1, 1});
  CHECK(s.run(logical_not(s.builder, truth), {0, 1, 2, 3}) == Floats{1, 0, 0, 0});
  CHECK(s.graph.value(as_number(s.builder, truth)).meaning == Meaning::kNumber);
}

TEST_CASE("what moves a truth keeps it one, sums of truths are integers") {
  Scene s;
  const ValueId truth = as_truth(s.builder, s.x);
  CHECK(s.graph.value(s.builder.reshape(truth, make_shape({2, 2}))).meaning == Meaning::kTruth);
  CHECK(s.graph.value(s.builder.binary(fbs::BinaryKind::Add, truth, truth)).meaning == Meaning::kInteger);
}

TEST_CASE("selection is exact whatever is not chosen") {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  Scene s;
  const ValueId positive = compare(s.builder, HostBinary::kGreater, s.x, s.floats({0}));
  const ValueId logarithm = s.builder.unary(fbs::UnaryKind::Log, s.x);
  CHECK(s.run(select(s.builder, positive, logarithm, s.floats({7})), {0, -1, 1, kNan}) == Floats{7, 7, 0, 7});
  Scene t;
  const ValueId chosen = select(t.builder, t.truths({1, 0, 1, 0}), t.x, t.floats({-kInf}));
  CHECK(t.run(chosen, {1, 2, 3, 4}) == Floats{1, -kInf, 3, -kInf});
}

TEST_CASE("casts between numbers and integers, towards zero") {
  Scene s;
  const ValueId whole = as_integer(s.builder, s.x);
  CHECK(s.graph.value(whole).meaning == Meaning::kInteger);
  CHECK(as_integer(s.builder, whole) == whole);
  CHECK(s.run(whole, {1.9f, -1.9f, 0.5f, -3}) == Floats{1, -1, 0, -3});
  CHECK(s.graph.value(as_integer(s.builder, as_truth(s.builder, s.x))).meaning == Meaning::kInteger);
}

TEST_CASE("selection between integers gives one, choices of two kinds are malformed") {
  Scene s;
  const ValueId positive = compare(s.builder, HostBinary::kGreater, s.x, s.floats({0}));
  const ValueId chosen = select(s.builder, positive, s.truths({7}), s.truths({9}));
  CHECK(s.graph.value(chosen).meaning == Meaning::kInteger);
  CHECK(s.run(chosen, {1, -1, 0, 2}) == Floats{7, 9, 9, 7});
  CHECK_THROWS_AS(select(s.builder, s.truths({1}), s.truths({1}), s.x), Error);
  CHECK_THROWS_AS(select(s.builder, s.floats({1}), s.x, s.x), Error);
}

}  // namespace lacuna
