#include "converter/ir/interpret.h"

#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

TEST_CASE("interpret: nodes run in order, outputs come in the graph's order") {
  TestNet net;
  const ValueId x = net.input({2});
  const ValueId y = net.b().binary(fbs::BinaryKind::Add, x, net.scalar(1));
  net.output(net.b().unary(fbs::UnaryKind::Neg, y));
  net.output(y);
  net.output(x);
  net.output(net.scalar(5));
  std::vector<size_t> order;
  const auto outputs = interpret(net.graph(), {Tensor(make_shape({2}), std::vector<float>{1, -4})},
                                 [&](size_t node) { order.push_back(node); });
  REQUIRE(outputs.size() == 4);
  CHECK(outputs[0].f32 == std::vector<float>{-2, 3});
  CHECK(outputs[1].f32 == std::vector<float>{2, -3});
  CHECK(outputs[2].f32 == std::vector<float>{1, -4});
  CHECK(outputs[3].f32 == std::vector<float>{5});
  CHECK(order == std::vector<size_t>{0, 1});
}

TEST_CASE("interpret: inputs that do not fit are refused") {
  TestNet net;
  net.output(net.b().unary(fbs::UnaryKind::Neg, net.input({2})));
  CHECK_THROWS_AS(interpret(net.graph(), {}), Error);
  CHECK_THROWS_AS(interpret(net.graph(), {Tensor(ElementType::kF32, make_shape({3}))}), Error);
  CHECK_THROWS_AS(interpret(net.graph(), {Tensor(ElementType::kI64, make_shape({2}))}), Error);
}

}  // namespace
}  // namespace lacuna
