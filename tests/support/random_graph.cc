#include "tests/support/random_graph.h"

#include <algorithm>
#include <cmath>

#include "converter/choose/choose.h"
#include "converter/choose/dtypes.h"
#include "converter/emit/emit.h"
#include "converter/ir/operands.h"
#include "converter/passes/passes.h"
#include "converter/plan/columns.h"
#include "converter/plan/plan.h"

namespace lacuna {

uint32_t Decisions::below(uint32_t count) {
  uint32_t number = next();
  if (count > 256) number = number << 8 | next();
  return number % count;
}

std::vector<uint8_t> random_bytes(uint32_t seed, size_t bytes) {
  std::mt19937 rng(seed);
  std::vector<uint8_t> result(bytes);
  for (uint8_t& byte : result) byte = static_cast<uint8_t>(rng());
  return result;
}

namespace {

constexpr int64_t kMostElements = 12000;   // of a value
constexpr uint64_t kMostMacs = 1500000;    // of a node
constexpr uint64_t kMostWeights = 100000;  // of a node

Tensor noise(const Shape& shape, uint32_t seed, float scale, float density = 1.0f) {
  Tensor tensor(ElementType::kF32, shape);
  std::mt19937 rng(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::uniform_real_distribution<float> keep(0.0f, 1.0f);
  for (float& x : tensor.f32) x = keep(rng) < density ? uniform(rng) * scale : 0.0f;
  return tensor;
}

class Maker {
 public:
  explicit Maker(Decisions& decisions) : d_(decisions) {}

  Graph make() {
    graph_.name = "random";
    const int64_t inputs = d_.between(1, 3);
    for (int64_t i = 0; i < inputs; ++i) {
      values_.push_back(graph_.add_input("x" + std::to_string(i), input_shape()));
    }
    const int64_t nodes = d_.between(1, 20);
    for (int64_t i = 0; i < nodes; ++i) try_node();
    if (graph_.nodes.empty()) add(make_attrs(clamp(-1, 1)), {values_[0]});
    choose_outputs();
    return std::move(graph_);
  }

 private:
  Shape input_shape() {
    switch (d_.below(6)) {
      case 0:
        return make_shape({d_.between(1, 3), d_.between(1, 70)});
      case 1:
        return make_shape({d_.between(1, 2), d_.between(1, 20), d_.between(1, 40)});
      case 2:
        return make_shape({1, d_.between(1, 6), d_.between(1, 5), d_.between(1, 7), d_.between(1, 9)});
      default:
        return make_shape({d_.between(1, 8) == 8 ? 2 : 1, d_.between(1, 24), d_.between(1, 24), d_.between(1, 24)});
    }
  }

  /// A value that may be read, late ones more often.
  ValueId any() {
    const auto count = static_cast<uint32_t>(values_.size());
    return values_[count - 1 - (d_.one_in(4) ? d_.below(count) : d_.below(std::min(count, 3u)))];
  }

  void add(Attrs attrs, std::vector<ValueId> inputs) {
    const ValueId made = append(graph_, std::move(attrs), std::move(inputs), "n" + std::to_string(graph_.nodes.size()));
    values_.push_back(made);
  }

  /// What the operator refuses is left out: the graph is as it was.
  void try_node() {
    const size_t nodes = graph_.nodes.size();
    const size_t values = values_.size();
    try {
      add_node();
    } catch (const Error&) {
    }
    const bool too_large = values_.size() > values && count(graph_.shape(values_.back())) > kMostElements;
    if (!too_large) return;
    graph_.nodes.resize(nodes);
    values_.resize(values);
  }

  void add_node() {
    switch (d_.below(24)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return conv();
      case 5:
        return fully_connected();
      case 6:
        return matmul();
      case 7:
      case 8:
        return binary();
      case 9:
        return add(make_attrs(function()), {any()});
      case 10:
        return affine();
      case 11:
        return pool();
      case 12:
        return reduce();
      case 13:
        return softmax();
      case 14:
        return normalize();
      case 15:
        return pad();
      case 16:
        return resize();
      case 17:
        return concat();
      case 18:
        return slice();
      case 19:
        return gather();
      case 20:
        return reshape();
      case 21:
        return transpose();
      case 22:
        return repeat();
      default:
        return blocks();
    }
  }

  static fbs::UnaryAttrsT clamp(float low, float high) {
    fbs::UnaryAttrsT attrs;
    attrs.function = fbs::Activation(fbs::UnaryKind::Clamp, low, high);
    return attrs;
  }

  fbs::Activation activation() {
    using Kind = fbs::UnaryKind;
    switch (d_.below(8)) {
      case 0:
        return {Kind::Clamp, 0.0f, INFINITY};
      case 1:
        return {Kind::Clamp, 0.0f, 6.0f};
      case 2:
        return {Kind::LeakyRelu, 0.1f, 0.0f};
      case 3:
        return {Kind::HardSwish, 0.0f, 0.0f};
      case 4:
        return {Kind::Silu, 0.0f, 0.0f};
      default:
        return {Kind::Identity, 0.0f, 0.0f};
    }
  }

  /// Functions without steps or poles.
  fbs::UnaryAttrsT function() {
    using Kind = fbs::UnaryKind;
    static const std::vector<Kind> kinds = {
        Kind::Sigmoid, Kind::Tanh,     Kind::HardSigmoid, Kind::HardSwish, Kind::Silu,     Kind::Mish,
        Kind::Gelu,    Kind::GeluTanh, Kind::Erf,         Kind::Softplus,  Kind::Softsign, Kind::Abs,
        Kind::Neg,     Kind::Sin,      Kind::Cos,         Kind::Elu,       Kind::Identity, Kind::Clamp};
    fbs::UnaryAttrsT attrs;
    const Kind kind = d_.of(kinds);
    attrs.function = fbs::Activation(kind, kind == Kind::Clamp ? -0.5f : 0.3f, 0.5f);
    return attrs;
  }

  ValueId constant(const Shape& shape, float scale, float density = 1.0f) {
    return graph_.add_constant("c" + std::to_string(graph_.values.size()),
                               noise(shape, static_cast<uint32_t>(graph_.values.size()), scale, density));
  }

  float density() {
    static const std::vector<float> some = {1.0f, 0.5f, 0.3f, 0.1f, 0.03f, 0.0f};
    return d_.of(some);
  }

  /// A divisor of `number`.
  int64_t divisor(int64_t number) {
    const int64_t wanted = d_.between(1, number);
    int64_t found = 1;
    for (int64_t i = 1; i <= wanted; ++i) found = number % i == 0 ? i : found;
    return found;
  }

  void windows(int rank, std::vector<uint32_t>* kernel, std::vector<uint32_t>* stride, std::vector<uint32_t>* dilation,
               std::vector<uint32_t>* begin, std::vector<uint32_t>* end) {
    const bool pointwise = d_.one_in(3);
    for (int i = 0; i < rank; ++i) {
      kernel->push_back(pointwise ? 1 : 1 + d_.below(5));
      stride->push_back(1 + (d_.one_in(2) ? d_.below(3) : 0));
      dilation->push_back(1 + (d_.one_in(5) ? d_.below(3) : 0));
      begin->push_back(pointwise ? 0 : d_.below(std::min(kernel->back() + 1, 4u)));
      end->push_back(pointwise ? 0 : d_.below(std::min(kernel->back() + 1, 4u)));
    }
  }

  void conv() {
    const ValueId x = any();
    const Shape shape = graph_.shape(x);
    if (shape.rank != 4 && shape.rank != 5) return;
    const int64_t channels = shape[1];
    fbs::ConvAttrsT attrs;
    windows(shape.rank - 2, &attrs.kernel, &attrs.stride, &attrs.dilation, &attrs.pads_begin, &attrs.pads_end);
    const int64_t groups = d_.one_in(3) ? (d_.one_in(2) ? channels : divisor(channels)) : 1;
    const int64_t outputs = groups * d_.between(1, groups > 8 ? 2 : 20);
    attrs.groups = static_cast<uint32_t>(groups);
    attrs.out_channels = static_cast<uint32_t>(outputs);
    attrs.activation = activation();
    Shape weight = make_shape({outputs, channels / groups});
    for (const uint32_t k : attrs.kernel) weight.push_back(k);
    const int64_t taps = count(weight) / outputs;
    if (static_cast<uint64_t>(count(weight)) > kMostWeights) return;
    if (static_cast<uint64_t>(count(weight) * (count(shape) / (shape[0] * channels)) * shape[0]) > kMostMacs) return;
    const float scale = 1.5f / std::sqrt(static_cast<float>(taps));
    std::vector<ValueId> inputs = {x, constant(weight, scale, density()),
                                   d_.one_in(2) ? constant(make_shape({outputs}), 0.5f) : kNoValue};
    add_with_residual(make_attrs(attrs), std::move(inputs));
  }

  /// Residuals of the right shape are rare: one is looked for.
  void add_with_residual(const Attrs& attrs, std::vector<ValueId> inputs) {
    const Node node{"", attrs, inputs, kNoValue};
    const Shape shape = infer_shape(graph_, node);
    for (const ValueId value : values_) {
      if (graph_.shape(value) == shape && d_.one_in(2)) {
        inputs.push_back(value);
        break;
      }
    }
    add(attrs, std::move(inputs));
  }

  void fully_connected() {
    const ValueId x = any();
    const Shape shape = graph_.shape(x);
    if (shape.rank == 0) return;
    const int64_t columns = shape[shape.rank - 1];
    fbs::FullyConnectedAttrsT attrs;
    attrs.units = static_cast<uint32_t>(d_.between(1, 50));
    attrs.activation = activation();
    const float scale = 1.5f / std::sqrt(static_cast<float>(columns));
    add_with_residual(make_attrs(attrs), {x, constant(make_shape({attrs.units, columns}), scale, density()),
                                          d_.one_in(2) ? constant(make_shape({attrs.units}), 0.5f) : kNoValue});
  }

  void matmul() {
    const ValueId a = any();
    const Shape shape = graph_.shape(a);
    if (shape.rank < 2) return;
    fbs::MatMulAttrsT attrs;
    attrs.transpose_a = d_.one_in(2);
    attrs.transpose_b = d_.one_in(2);
    const int64_t depth = shape[attrs.transpose_a ? shape.rank - 2 : shape.rank - 1];
    attrs.alpha = 1.0f / std::sqrt(static_cast<float>(depth));
    const int64_t columns = d_.between(1, 20);
    const ValueId b =
        d_.one_in(2) ? any()
                     : constant(attrs.transpose_b ? make_shape({columns, depth}) : make_shape({depth, columns}), 1.0f);
    add(make_attrs(attrs), {a, b});
  }

  void binary() {
    using Kind = fbs::BinaryKind;
    static const std::vector<Kind> kinds = {Kind::Add, Kind::Sub, Kind::Mul, Kind::Min, Kind::Max, Kind::Prelu};
    fbs::BinaryAttrsT attrs;
    attrs.kind = d_.of(kinds);
    attrs.activation = activation();
    const ValueId a = any();
    ValueId b = any();
    if (d_.one_in(2)) {
      Shape shape = graph_.shape(a);
      for (int i = 0; i < shape.rank; ++i) shape[i] = d_.one_in(2) ? 1 : shape[i];
      b = constant(shape, 1.0f);
    }
    const bool swapped = d_.one_in(3);
    add(make_attrs(attrs), {swapped ? b : a, swapped ? a : b});
  }

  void affine() {
    const ValueId x = any();
    if (graph_.shape(x).rank < 2) return;
    fbs::AffineAttrsT attrs;
    attrs.activation = activation();
    const Shape channels = make_shape({graph_.shape(x)[1]});
    add(make_attrs(attrs), {x, constant(channels, 1.0f), constant(channels, 1.0f)});
  }

  void pool() {
    const ValueId x = any();
    const Shape shape = graph_.shape(x);
    if (shape.rank != 4 && shape.rank != 5) return;
    fbs::PoolAttrsT attrs;
    attrs.kind = d_.one_in(2) ? fbs::PoolKind::Max : fbs::PoolKind::Average;
    windows(shape.rank - 2, &attrs.kernel, &attrs.stride, &attrs.dilation, &attrs.pads_begin, &attrs.pads_end);
    for (size_t i = 0; i < attrs.kernel.size(); ++i) {  // a window that sees padding alone has no maximum
      attrs.pads_begin[i] = std::min(attrs.pads_begin[i], attrs.kernel[i] - 1);
      attrs.pads_end[i] = std::min(attrs.pads_end[i], attrs.kernel[i] - 1);
    }
    attrs.ceil_mode = d_.one_in(3);
    attrs.count_include_pad = d_.one_in(3);
    add(make_attrs(attrs), {x});
  }

  void reduce() {
    using Kind = fbs::ReduceKind;
    static const std::vector<Kind> kinds = {Kind::Mean, Kind::Max, Kind::Min,      Kind::Sum,
                                            Kind::L1,   Kind::L2,  Kind::LogSumExp};
    const ValueId x = any();
    fbs::ReduceAttrsT attrs;
    attrs.kind = d_.of(kinds);
    attrs.keep_dims = d_.one_in(2);
    for (int i = 0; i < graph_.shape(x).rank; ++i) {
      if (d_.one_in(2)) attrs.axes.push_back(static_cast<uint32_t>(i));
    }
    add(make_attrs(attrs), {x});
  }

  uint32_t axis_of(ValueId x) { return d_.below(static_cast<uint32_t>(std::max(graph_.shape(x).rank, 1))); }

  void softmax() {
    const ValueId x = any();
    fbs::SoftmaxAttrsT attrs;
    attrs.axis = axis_of(x);
    attrs.log = d_.one_in(3);
    add(make_attrs(attrs), {x});
  }

  void normalize() {
    const ValueId x = any();
    const Shape shape = graph_.shape(x);
    fbs::NormalizeAttrsT attrs;
    attrs.kind = static_cast<fbs::NormKind>(d_.below(3));
    attrs.axis = axis_of(x);
    attrs.epsilon = 0.1f;  // large: rounding must not be blown up
    if (attrs.kind == fbs::NormKind::L2) return add(make_attrs(attrs), {x});
    Shape scale = make_shape({shape.rank > 1 ? shape[1] : 1});
    if (attrs.kind == fbs::NormKind::Layer) {
      scale = Shape();
      for (int i = static_cast<int>(attrs.axis); i < shape.rank; ++i) scale.push_back(shape[i]);
    }
    if (d_.one_in(2)) return add(make_attrs(attrs), {x, kNoValue, kNoValue});
    add(make_attrs(attrs), {x, constant(scale, 1.0f), constant(scale, 1.0f)});
  }

  void pad() {
    const ValueId x = any();
    const Shape shape = graph_.shape(x);
    fbs::PadAttrsT attrs;
    attrs.mode = static_cast<fbs::PadMode>(d_.below(4));
    attrs.value = 0.25f;
    for (int i = 0; i < shape.rank; ++i) {
      const bool here = d_.one_in(2);
      attrs.begin.push_back(here ? static_cast<int32_t>(d_.between(-1, 3)) : 0);
      attrs.end.push_back(here ? static_cast<int32_t>(d_.between(-1, 3)) : 0);
    }
    add(make_attrs(attrs), {x});
  }

  void resize() {
    const ValueId x = any();
    const Shape shape = graph_.shape(x);
    fbs::ResizeAttrsT attrs;
    attrs.mode = static_cast<fbs::ResizeMode>(d_.below(3));
    static const std::vector<fbs::CoordinateMode> modes = {
        fbs::CoordinateMode::HalfPixel, fbs::CoordinateMode::PytorchHalfPixel, fbs::CoordinateMode::AlignCorners,
        fbs::CoordinateMode::Asymmetric};
    attrs.coordinates = d_.of(modes);
    // Of nearest places only those that no rounding decides about.
    if (attrs.mode == fbs::ResizeMode::Nearest) attrs.coordinates = fbs::CoordinateMode::Asymmetric;
    attrs.nearest = fbs::NearestMode::Floor;
    for (int i = 0; i < shape.rank; ++i) {
      const int64_t factor = i >= 2 ? d_.between(1, 3) : 1;
      const bool any_size = i >= 2 && attrs.mode != fbs::ResizeMode::Nearest && d_.one_in(2);
      attrs.sizes.push_back(static_cast<uint32_t>(any_size ? d_.between(1, 30) : shape[i] * factor));
      attrs.scales.push_back(static_cast<float>(attrs.sizes.back()) / static_cast<float>(shape[i]));
    }
    add(make_attrs(attrs), {x});
  }

  void concat() {
    fbs::ConcatAttrsT attrs;
    const ValueId first = any();
    attrs.axis =
        d_.one_in(2) ? axis_of(first) : std::min<uint32_t>(1, static_cast<uint32_t>(graph_.shape(first).rank) - 1);
    std::vector<ValueId> parts = {first};
    for (const ValueId value : values_) {
      if (fits_beside(graph_.shape(first), graph_.shape(value), static_cast<int>(attrs.axis)) && d_.one_in(2)) {
        parts.push_back(value);
      }
    }
    if (d_.one_in(6)) parts.push_back(constant(graph_.shape(first), 1.0f));
    add(make_attrs(attrs), std::move(parts));
  }

  static bool fits_beside(const Shape& a, const Shape& b, int axis) {
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; ++i) {
      if (i != axis && a[i] != b[i]) return false;
    }
    return true;
  }

  void slice() {
    const ValueId x = any();
    fbs::SliceAttrsT attrs;
    for (const int64_t dim : graph_.shape(x)) {
      const bool here = d_.one_in(2);
      const int64_t step = here ? d_.of(std::vector<int64_t>{1, 1, 2, 3, -1, -2}) : 1;
      const int64_t start = here ? d_.between(0, dim - 1) : 0;
      const int64_t most = step > 0 ? (dim - start + step - 1) / step : start / -step + 1;
      attrs.start.push_back(static_cast<int32_t>(start));
      attrs.step.push_back(static_cast<int32_t>(step));
      attrs.sizes.push_back(static_cast<uint32_t>(here ? d_.between(1, most) : most));
    }
    add(make_attrs(attrs), {x});
  }

  void gather() {
    const ValueId x = any();
    if (graph_.shape(x).rank == 0) return;
    fbs::GatherAttrsT attrs;
    attrs.axis = axis_of(x);
    const auto dim = static_cast<uint32_t>(graph_.shape(x)[static_cast<int>(attrs.axis)]);
    const int64_t many = d_.between(1, 6);
    for (int64_t i = 0; i < many; ++i) attrs.indices.push_back(d_.below(dim));
    if (many > 1 || d_.one_in(2)) attrs.index_shape = {static_cast<uint32_t>(many)};
    add(make_attrs(attrs), {x});
  }

  void reshape() {
    const ValueId x = any();
    int64_t left = count(graph_.shape(x));
    fbs::ReshapeAttrsT attrs;
    const int64_t rank = d_.between(1, 4);
    for (int64_t i = 0; i < rank; ++i) {
      const int64_t dim = i + 1 == rank ? left : divisor(std::min<int64_t>(left, 200));
      if (left % dim != 0) return;
      attrs.shape.push_back(static_cast<uint32_t>(dim));
      left /= dim;
    }
    add(make_attrs(attrs), {x});
  }

  void transpose() {
    const ValueId x = any();
    fbs::TransposeAttrsT attrs;
    for (int i = 0; i < graph_.shape(x).rank; ++i) {
      attrs.perm.insert(attrs.perm.begin() + d_.below(static_cast<uint32_t>(i) + 1), static_cast<uint32_t>(i));
    }
    add(make_attrs(attrs), {x});
  }

  void repeat() {
    const ValueId x = any();
    const Shape shape = graph_.shape(x);
    if (d_.one_in(2)) {
      fbs::TileAttrsT attrs;
      for (int i = 0; i < shape.rank; ++i) attrs.repeats.push_back(d_.one_in(3) ? 2 : 1);
      return add(make_attrs(attrs), {x});
    }
    fbs::ExpandAttrsT attrs;
    for (const int64_t dim : shape) attrs.shape.push_back(dim == 1 ? 1 + d_.below(4) : static_cast<uint32_t>(dim));
    add(make_attrs(attrs), {x});
  }

  void blocks() {
    const ValueId x = any();
    if (d_.one_in(2)) {
      fbs::DepthToSpaceAttrsT attrs;
      attrs.block = 2;
      attrs.channel_first = d_.one_in(2);
      return add(make_attrs(attrs), {x});
    }
    fbs::SpaceToDepthAttrsT attrs;
    attrs.block = 2;
    add(make_attrs(attrs), {x});
  }

  /// What nobody reads, and now and then what somebody does.
  void choose_outputs() {
    const Uses uses(graph_);
    for (const ValueId value : values_) {
      const bool computed = uses.producer_of(value) >= 0;
      if (computed && (uses.readers_of(value).empty() || d_.one_in(6))) graph_.outputs.push_back(value);
    }
    if (graph_.outputs.empty()) graph_.outputs.push_back(values_.back());
  }

  Decisions& d_;
  Graph graph_;
  std::vector<ValueId> values_;
};

}  // namespace

Graph random_graph(Decisions& decisions) { return Maker(decisions).make(); }

std::vector<Tensor> random_inputs(const Graph& graph, uint32_t seed) {
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs) inputs.push_back(noise(graph.shape(id), ++seed, 1.0f));
  return inputs;
}

std::string random_file(Graph graph, Decisions& decisions, fbs::Dtype dtype) {
  run_passes(graph);
  if (dtype == fbs::Dtype::F16) choose_halves(graph);
  run_in_columns(graph, kMostBandBytes);
  std::vector<Choice> choices = choose(graph, costs_of_target("generic"));
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].packing == fbs::Packing::None) continue;
    const Node& node = graph.nodes[i];
    const PackedAttrs attrs(node.attrs);
    choices[i].packing = decisions.of(host_op(node.attrs.type).packings(attrs.table(), graph.constant(node.inputs[1])));
    choices[i].ordered = choices[i].packing == fbs::Packing::SparseRows && i % 2 == 0;
  }
  return emit(graph, choices, make_plan(graph), {});
}

}  // namespace lacuna
