#include "tests/support/pass_check.h"

namespace lacuna {
namespace {

using fbs::OpAttrs;

TEST_CASE("materialize_outputs: inputs, constants and repeated values get copies") {
  TestNet net;
  const ValueId x = net.input({2, 3});
  const ValueId y = net.b().unary(fbs::UnaryKind::Abs, x);
  net.output(x);
  net.output(net.constant({4}));
  net.output(y);
  net.output(y);
  CHECK(check_pass(net.graph(), materialize_outputs));
  CHECK(count_of(net.graph(), OpAttrs::Reshape) == 3);
  CHECK(net.graph().outputs[2] == y);

  check_all_passes(net.graph());
  CHECK(count_of(net.graph(), OpAttrs::Reshape) == 3);
}

TEST_CASE("materialize_outputs: a scalar constant") {
  TestNet net;
  net.input({1});
  net.output(net.scalar(3));
  CHECK(check_pass(net.graph(), materialize_outputs));
}

}  // namespace
}  // namespace lacuna
