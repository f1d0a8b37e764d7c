#include "tests/support/op_harness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "converter/ir/operands.h"
#include "platforms/cpu_features.h"
#include "sdk/base/half.h"
#include "tests/support/guarded_memory.h"

namespace lacuna {
namespace {

/// Walks all elements of a strided value in row-major order.
template <class Visit>
void for_each_offset(const Shape& shape, const Shape& strides, Visit visit) {
  const int64_t n = count(shape);
  for (int64_t i = 0; i < n; ++i) {
    int64_t rest = i, offset = 0;
    for (int d = shape.rank - 1; d >= 0; --d) {
      offset += rest % shape[d] * strides[d];
      rest /= shape[d];
    }
    visit(i, offset);
  }
}

/// Strides with a gap behind every plane, as the planner makes them.
Shape padded_strides(const Shape& shape) {
  Shape strides = contiguous_strides(shape);
  const auto plane = static_cast<int64_t>(align_up(static_cast<size_t>(count(shape, 2, shape.rank)), 16)) + 16;
  strides[1] = plane;
  strides[0] = plane * shape[1];
  return strides;
}

class BoundOperand {
 public:
  BoundOperand(const Shape& shape, bool padded, fbs::Dtype dtype) {
    view.dtype = dtype;
    view.shape = shape;
    view.strides = padded && shape.rank >= 3 ? padded_strides(shape) : contiguous_strides(shape);
    view.present = true;
    const auto bytes = static_cast<size_t>(extent(view) * bytes_of(dtype));
    memory = std::make_unique<GuardedMemory>(bytes, kOverreadBytes);
    view.data = memory->floats();
    for (int64_t i = 0; i < extent(view); ++i) set(i, std::numeric_limits<float>::quiet_NaN());
  }
  void fill(const Tensor& tensor) {
    for_each_offset(view.shape, view.strides,
                    [&](int64_t i, int64_t at) { set(at, tensor.f32[static_cast<size_t>(i)]); });
  }
  Tensor read() const {
    Tensor tensor(ElementType::kF32, view.shape);
    for_each_offset(view.shape, view.strides,
                    [&](int64_t i, int64_t at) { tensor.f32[static_cast<size_t>(i)] = get(at); });
    return tensor;
  }

  TensorView view;
  std::unique_ptr<GuardedMemory> memory;

 private:
  Half* halves() const { return reinterpret_cast<Half*>(view.data); }
  void set(int64_t at, float value) const {
    if (view.dtype == fbs::Dtype::F16) {
      halves()[at] = half_from_float(value);
    } else {
      view.data[at] = value;
    }
  }
  float get(int64_t at) const { return view.dtype == fbs::Dtype::F16 ? float_from_half(halves()[at]) : view.data[at]; }
};

bool omitted(const Tensor& tensor) { return tensor.empty(); }

const Tensor* with_role(const OpHost& op, const OpCase& op_case, Role role) {
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    if (operand_of(op, i).role == role && !omitted(op_case.inputs[i])) return &op_case.inputs[i];
  }
  return nullptr;
}

}  // namespace

std::vector<Isa> machine_isas() {
  std::vector<Isa> isas;
  for (const IsaName& entry : kIsaNames) {
    if ((cpu_isas() & entry.isa) != 0 && (kHalfIsas & entry.isa) == 0) isas.push_back(entry.isa);
  }
  return isas;
}

const char* name_of(Isa isa) {
  for (const IsaName& entry : kIsaNames) {
    if (entry.isa == isa) return entry.name;
  }
  return "?";
}

std::vector<fbs::Packing> packings_of(const OpHost& op, const OpCase& op_case) {
  const Tensor* weight = with_role(op, op_case, Role::kWeight);
  if (weight == nullptr) return {fbs::Packing::None};
  const PackedAttrs attrs(op_case.attrs);
  return op.packings(attrs.table(), *weight);
}

OpResult run_case(const OpHost& op, const OpCase& op_case, const OpVariant& variant) {
  OpResult result;
  const PackedAttrs attrs(op_case.attrs);
  std::vector<std::unique_ptr<BoundOperand>> owners;
  std::vector<TensorView> inputs;
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    const Role role = operand_of(op, i).role;
    if (role == Role::kWeight || role == Role::kBias) continue;
    if (omitted(op_case.inputs[i])) {
      inputs.emplace_back();
      continue;
    }
    const bool padded = variant.padded && op.run->input_layout != Layout::kContiguous;
    owners.push_back(std::make_unique<BoundOperand>(op_case.inputs[i].shape, padded, variant.dtype));
    owners.back()->fill(op_case.inputs[i]);
    inputs.push_back(owners.back()->view);
  }
  while (!inputs.empty() && !inputs.back().present) inputs.pop_back();

  WeightBytes bytes;
  std::vector<Half> halves;
  PackedWeights weights;
  OpStep step;
  step.attrs = attrs.table();
  step.inputs = {inputs.data(), inputs.size()};
  if (variant.packing != fbs::Packing::None) {
    bytes = op.pack(attrs.table(), *with_role(op, op_case, Role::kWeight), with_role(op, op_case, Role::kBias),
                    variant.packing);
    weights = bytes.view();
    weights.dtype = variant.dtype;
    if (variant.dtype == fbs::Dtype::F16) {
      for (const float value : bytes.values) halves.push_back(half_from_float(value));
      halves.resize(halves.size() + kOverreadBytes);
      weights.values.data = reinterpret_cast<const float*>(halves.data());
    }
    step.weights = &weights;
  }

  lacuna_error error = {};
  Shape shape;
  if (op.run->infer(step, &shape, &error) != LACUNA_OK) {
    result.error = error.message;
    return result;
  }
  BoundOperand output(shape, variant.padded && op.run->output_layout != Layout::kContiguous, variant.dtype);
  for (uint32_t i = 0; variant.in_place && i < inputs.size(); ++i) {
    const bool suits = inputs[i].present && inputs[i].shape == shape && output.view.dtype == inputs[i].dtype;
    const bool replaces = i == 1 && step.weights != nullptr && variant.dtype == fbs::Dtype::F32 &&
                          replaces_residual(*op.run, variant.packing, step.weights->columns, step.weights->block);
    if (!suits || !(op.run->in_place == InPlace::kAny || replaces)) continue;
    output.view = inputs[i];
    result.in_place = true;
  }
  step.outputs = {&output.view, 1};
  if (op.run->check != nullptr && op.run->check(step, &error) != LACUNA_OK) {
    result.error = error.message;
    return result;
  }
  if (variant.dtype == fbs::Dtype::F16 && (op.run->computes_halves == nullptr || !op.run->computes_halves(step))) {
    return result;
  }
  GuardedMemory state(op.run->state_bytes != nullptr ? op.run->state_bytes(step) : 0);
  const size_t scratch_bytes = op.run->scratch_bytes != nullptr ? op.run->scratch_bytes(step) : 0;
  const uint32_t l1_bytes = variant.threads > 1 ? 48 << 10 : 32 << 10;  // so that cases see both
  const BindContext context = {up_to(variant.isa), variant.threads, l1_bytes};
  const Binding binding = op.run->bind(step, context, state.data());
  for (uint32_t task = 0; task < binding.tasks; ++task) {
    GuardedMemory scratch(scratch_bytes, kOverreadBytes);
    std::memset(scratch.data(), 0xff, scratch_bytes);
    op.run->run(state.data(), task, scratch.data());
  }
  result.kernel = binding.kernel;
  result.output = output.read();
  return result;
}

Tensor reference_of(const OpCase& op_case) {
  Graph graph;
  Node node{op_case.name, op_case.attrs, {}, kNoValue};
  std::vector<const Tensor*> tensors;
  for (const Tensor& tensor : op_case.inputs) {
    tensors.push_back(omitted(tensor) ? nullptr : &tensor);
    node.inputs.push_back(omitted(tensor) ? kNoValue : graph.add_constant("", tensor));
  }
  return evaluate(op_case.attrs, tensors, infer_shape(graph, node));
}

double relative_error(const Tensor& actual, const Tensor& expected) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (actual.shape != expected.shape) return kInfinite;
  double largest = 0, difference = 0;
  for (size_t i = 0; i < expected.f32.size(); ++i) {
    const double a = actual.f32[i], b = expected.f32[i];
    if (std::isfinite(b)) {
      if (!std::isfinite(a)) return kInfinite;
      largest = std::max(largest, std::abs(b));
      difference = std::max(difference, std::abs(a - b));
    } else if (std::isnan(b) ? !std::isnan(a) : a != b) {
      return kInfinite;
    }
  }
  return difference == 0 ? 0 : difference / std::max(largest, 1e-30);
}

}  // namespace lacuna
