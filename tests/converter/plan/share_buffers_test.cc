#include <doctest/doctest.h>

#include "converter/plan/plan.h"

namespace lacuna {
namespace {

/// A small network under test and the plan made for it.
struct Planned {
  Graph graph;

  ValueId input(std::initializer_list<int64_t> dims) { return graph.add_input("input", make_shape(dims)); }
  ValueId relu(ValueId x) {
    fbs::UnaryAttrsT attrs;
    attrs.function = fbs::Activation(fbs::UnaryKind::Clamp, 0.0f, 6.0f);
    return append(graph, make_attrs(attrs), {x}, "relu");
  }
  ValueId reshape(ValueId x, std::vector<uint32_t> shape) {
    fbs::ReshapeAttrsT attrs;
    attrs.shape = std::move(shape);
    return append(graph, make_attrs(attrs), {x}, "reshape");
  }
  ValueId concat(std::vector<ValueId> parts, uint32_t axis) {
    fbs::ConcatAttrsT attrs;
    attrs.axis = axis;
    return append(graph, make_attrs(attrs), std::move(parts), "concat");
  }
  ValueId slice(ValueId x, std::vector<int32_t> start, std::vector<uint32_t> sizes) {
    fbs::SliceAttrsT attrs;
    attrs.step.assign(start.size(), 1);
    attrs.start = std::move(start);
    attrs.sizes = std::move(sizes);
    return append(graph, make_attrs(attrs), {x}, "slice");
  }
  /// A 1x1 convolution to two channels plus the residual.
  ValueId conv(ValueId x, ValueId residual, uint32_t groups = 1) {
    fbs::ConvAttrsT attrs;
    attrs.out_channels = 2;
    attrs.kernel = attrs.stride = attrs.dilation = {1, 1};
    attrs.pads_begin = attrs.pads_end = {0, 0};
    attrs.groups = groups;
    const int64_t columns = graph.shape(x)[1] / groups;
    const ValueId weight = graph.add_constant("weight", Tensor(ElementType::kF32, make_shape({2, columns, 1, 1})));
    return append(graph, make_attrs(attrs), {x, weight, kNoValue, residual}, "conv");
  }
  Plan plan(std::vector<ValueId> outputs) {
    graph.outputs = std::move(outputs);
    return make_plan(graph);
  }
};

const Placement& place(const Plan& plan, ValueId id) { return plan.values[static_cast<size_t>(id)]; }

bool same_place(const Plan& plan, ValueId a, ValueId b) {
  return place(plan, a).buffer == place(plan, b).buffer && place(plan, a).offset == place(plan, b).offset;
}

TEST_CASE("an elementwise step works in place when its operand dies there") {
  Planned net;
  const ValueId a = net.relu(net.input({1, 8}));
  const ValueId b = net.relu(a);
  CHECK(same_place(net.plan({b}), a, b));
}

TEST_CASE("an elementwise step leaves an operand that is read later alone") {
  Planned net;
  const ValueId a = net.relu(net.input({1, 8}));
  const ValueId b = net.relu(a);
  const ValueId c = net.concat({a, b}, 1);
  CHECK_FALSE(same_place(net.plan({c}), a, b));
}

TEST_CASE("an elementwise step leaves memory alone of which a view is read later") {
  Planned net;
  const ValueId a = net.relu(net.input({1, 8}));
  const ValueId view = net.reshape(a, {8});
  const ValueId b = net.relu(a);
  const ValueId c = net.relu(view);
  const Plan plan = net.plan({b, c});
  CHECK(same_place(plan, a, view));
  CHECK_FALSE(same_place(plan, a, b));
}

TEST_CASE("an elementwise step leaves memory alone that it also reads in another form") {
  Planned net;
  const ValueId a = net.relu(net.input({2, 2}));
  const ValueId row = net.slice(a, {0, 0}, {1, 2});
  fbs::BinaryAttrsT attrs;
  attrs.kind = fbs::BinaryKind::Add;
  const ValueId sum = append(net.graph, make_attrs(attrs), {a, row}, "sum");
  const Plan plan = net.plan({sum});
  CHECK(same_place(plan, a, row));
  CHECK(place(plan, sum).buffer != place(plan, a).buffer);
}

TEST_CASE("a convolution takes the place of its residual when that dies there") {
  Planned net;
  const ValueId x = net.relu(net.input({1, 2, 4, 4})), residual = net.relu(x);
  const ValueId y = net.conv(x, residual);
  CHECK(same_place(net.plan({y}), y, residual));
}

TEST_CASE("a convolution leaves its residual alone that is read later, or that it also convolves") {
  Planned net;
  const ValueId x = net.relu(net.input({1, 2, 4, 4})), residual = net.relu(x);
  const ValueId y = net.conv(x, residual);
  const ValueId z = net.conv(y, y);
  const Plan plan = net.plan({z, net.relu(residual)});
  CHECK(place(plan, y).buffer != place(plan, residual).buffer);
  CHECK(place(plan, z).buffer != place(plan, y).buffer);
}

TEST_CASE("a convolution whose sums may wait in the output leaves its residual alone") {
  Planned net;
  const ValueId x = net.relu(net.input({1, 129, 4, 4})), residual = net.relu(net.input({1, 2, 4, 4}));
  const ValueId y = net.conv(x, residual);
  CHECK(place(net.plan({y}), y).buffer != place(net.plan({y}), residual).buffer);
}

TEST_CASE("a convolution of planes alone leaves its residual alone") {
  Planned net;
  const ValueId x = net.relu(net.input({1, 2, 4, 4})), residual = net.relu(x);
  const ValueId y = net.conv(x, residual, 2);
  CHECK(place(net.plan({y}), y).buffer != place(net.plan({y}), residual).buffer);
}

TEST_CASE("parts of a concat are written where the whole lies") {
  Planned net;
  const ValueId x = net.input({1, 8});
  const ValueId a = net.relu(x), b = net.relu(x);
  const ValueId whole = net.concat({a, b}, 1);
  const Plan plan = net.plan({whole});
  CHECK(same_place(plan, a, whole));
  CHECK(place(plan, b).buffer == place(plan, whole).buffer);
  CHECK(place(plan, b).offset == 8 * sizeof(float));
}

TEST_CASE("a concat behind an outer dimension copies its parts") {
  Planned net;
  const ValueId x = net.input({2, 8});
  const ValueId a = net.relu(x);
  const ValueId whole = net.concat({a, net.relu(x)}, 1);
  CHECK(place(net.plan({whole}), a).buffer != place(net.plan({whole}), whole).buffer);
}

TEST_CASE("bands of rows lie in the whole for one image, and are copied for two: there they alternate") {
  for (const int64_t images : {1, 2}) {
    CAPTURE(images);
    Planned net;
    const ValueId x = net.input({images, 1, 16, 15});
    const ValueId a = net.relu(x);
    const ValueId whole = net.concat({a, net.relu(x)}, 2);
    const Plan plan = net.plan({whole});
    CHECK((place(plan, a).buffer == place(plan, whole).buffer) == (images == 1));
  }
}

TEST_CASE("a part that occurs twice in a concat is copied") {
  Planned net;
  const ValueId a = net.relu(net.input({1, 8}));
  const ValueId whole = net.concat({a, a}, 1);
  CHECK(place(net.plan({whole}), a).buffer != place(net.plan({whole}), whole).buffer);
}

TEST_CASE("a slice of channels is a view") {
  Planned net;
  const ValueId a = net.relu(net.input({1, 4, 8, 8}));
  const ValueId tail = net.slice(a, {0, 2, 0, 0}, {1, 2, 8, 8});
  const Plan plan = net.plan({tail});
  CHECK(place(plan, tail).buffer == place(plan, a).buffer);
  CHECK(place(plan, tail).offset == 2 * static_cast<uint64_t>(place(plan, a).strides[1]) * sizeof(float));
}

TEST_CASE("large planes start on cache lines and do not fall on the same sets") {
  Planned net;
  const ValueId odd = net.relu(net.input({1, 2, 7, 7}));
  const ValueId poisoned = net.relu(net.input({1, 2, 16, 16}));
  const ValueId small = net.relu(net.input({1, 2, 3, 3}));
  const Plan plan = net.plan({odd, poisoned, small});
  CHECK(place(plan, odd).strides[1] == 64);
  CHECK(place(plan, poisoned).strides[1] == 272);
  CHECK(place(plan, small).strides[1] == 9);
}

TEST_CASE("buffers live from the first to the last touch of any value in them") {
  Planned net;
  const ValueId x = net.input({1, 8});
  const ValueId y = net.relu(x);
  const Plan plan = net.plan({y});
  const Life& life = plan.buffers[static_cast<size_t>(place(plan, y).buffer)].life;
  CHECK(life.first == -1);
  CHECK(life.last == 1);
}

}  // namespace
}  // namespace lacuna
