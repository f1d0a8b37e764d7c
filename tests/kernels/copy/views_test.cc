// Operators that only move elements do nothing where the output already lies in its place.
#include <doctest/doctest.h>

#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

TensorView view_of(float* data, const Shape& shape, const Shape& strides) {
  TensorView view;
  view.data = data;
  view.shape = shape;
  view.strides = strides;
  view.present = true;
  return view;
}

TensorView dense(float* data, const Shape& shape) { return view_of(data, shape, contiguous_strides(shape)); }

/// Tasks that the operator wants for these operands.
template <class AttrsT>
uint32_t tasks_of(const AttrsT& attrs, std::vector<TensorView> inputs, TensorView output) {
  const Attrs chosen = make_attrs(attrs);
  const PackedAttrs packed(chosen);
  const OpRun& op = *find_op(chosen.type);
  OpStep step;
  step.attrs = packed.table();
  step.inputs = {inputs.data(), inputs.size()};
  step.outputs = {&output, 1};
  Shape shape;
  REQUIRE(op.infer(step, &shape, nullptr) == LACUNA_OK);
  REQUIRE(shape == output.shape);
  std::vector<uint8_t> state(op.state_bytes(step) + kAlignment);
  const auto start = reinterpret_cast<uintptr_t>(state.data());
  return op.bind(step, BindContext{kScalar, 1, 0}, state.data() + (align_up(start) - start)).tasks;
}

TEST_CASE("a reshape of the same sequence of elements is a view") {
  std::vector<float> memory(4096);
  fbs::ReshapeAttrsT attrs;
  attrs.shape = {1, 8, 12};
  const Shape planes = make_shape({1, 8, 3, 4});
  const Shape rows = make_shape({1, 8, 12});
  CHECK(tasks_of(attrs, {dense(memory.data(), planes)}, dense(memory.data(), rows)) == 0);
  const TensorView padded = view_of(memory.data(), planes, make_shape({256, 32, 4, 1}));
  CHECK(tasks_of(attrs, {padded}, view_of(memory.data(), rows, make_shape({512, 32, 1}))) == 0);
  CHECK(tasks_of(attrs, {padded}, view_of(memory.data(), rows, make_shape({512, 16, 1}))) == 1);
  CHECK(tasks_of(attrs, {padded}, dense(memory.data() + 2048, rows)) == 1);
}

TEST_CASE("a slice that aliases its input is a view") {
  std::vector<float> memory(4096);
  const Shape strides = make_shape({1024, 32, 5, 1});
  const TensorView x = view_of(memory.data(), make_shape({1, 8, 4, 5}), strides);
  fbs::SliceAttrsT attrs;
  attrs.start = {0, 2, 0, 0};
  attrs.step = {1, 1, 1, 1};
  attrs.sizes = {1, 3, 4, 5};
  const Shape shape = make_shape({1, 3, 4, 5});
  CHECK(tasks_of(attrs, {x}, view_of(memory.data() + 64, shape, strides)) == 0);
  CHECK(tasks_of(attrs, {x}, view_of(memory.data() + 2048, shape, strides)) == 1);
  attrs.step[1] = 2;
  attrs.start[1] = 0;
  CHECK(tasks_of(attrs, {x}, view_of(memory.data(), shape, make_shape({1024, 64, 5, 1}))) == 0);
}

TEST_CASE("a concat copies only what does not lie in its place") {
  std::vector<float> memory(4096);
  const Shape half = make_shape({1, 2, 3, 3});
  const Shape strides = make_shape({512, 64, 3, 1});
  const TensorView y = view_of(memory.data(), make_shape({1, 4, 3, 3}), strides);
  const TensorView first = view_of(memory.data(), half, strides);
  const TensorView second = view_of(memory.data() + 128, half, strides);
  fbs::ConcatAttrsT attrs;
  attrs.axis = 1;
  CHECK(tasks_of(attrs, {first, second}, y) == 0);
  CHECK(tasks_of(attrs, {first, dense(memory.data() + 2048, half)}, y) == 1);
  CHECK(tasks_of(attrs, {second, second}, y) == 1);
}

TEST_CASE("movers whose shapes make them aliases are views") {
  std::vector<float> memory(64);
  const TensorView x = dense(memory.data(), make_shape({1, 6, 1, 5}));
  fbs::TransposeAttrsT transpose;
  transpose.perm = {2, 1, 0, 3};
  CHECK(tasks_of(transpose, {x}, x) == 0);
  fbs::ExpandAttrsT expand;
  expand.shape = {1, 5};
  CHECK(tasks_of(expand, {x}, x) == 0);
  fbs::TileAttrsT tile;
  tile.repeats = {1, 1, 1, 1};
  CHECK(tasks_of(tile, {x}, x) == 0);
  fbs::DepthToSpaceAttrsT depth_to_space;
  depth_to_space.block = 1;
  CHECK(tasks_of(depth_to_space, {x}, x) == 0);
  fbs::SpaceToDepthAttrsT space_to_depth;
  space_to_depth.block = 1;
  CHECK(tasks_of(space_to_depth, {x}, x) == 0);
}

}  // namespace
}  // namespace lacuna
