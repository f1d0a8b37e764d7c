#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

TEST_CASE("remove_dead: a chain that nobody uses goes with its constants") {
  TestNet net;
  GraphBuilder& b = net.b();
  const ValueId x = net.input({2, 3});
  const ValueId unused = net.constant({3});
  const ValueId used = net.constant({3});
  b.unary(fbs::UnaryKind::Exp, b.binary(fbs::BinaryKind::Add, x, unused));
  net.output(b.binary(fbs::BinaryKind::Add, x, used));
  CHECK(check_pass(net.graph(), remove_dead));
  CHECK(net.graph().nodes.size() == 1);
  CHECK_FALSE(net.graph().is_constant(unused));
  CHECK(net.graph().is_constant(used));
}

TEST_CASE("remove_dead: an output that a node reads as well stays") {
  TestNet net;
  const ValueId y = net.b().unary(fbs::UnaryKind::Abs, net.input({2}));
  net.output(y);
  net.output(net.b().unary(fbs::UnaryKind::Exp, y));
  CHECK_FALSE(check_pass(net.graph(), remove_dead));
}

}  // namespace
}  // namespace lacuna
