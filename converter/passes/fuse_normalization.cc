#include "converter/passes/expression.h"
#include "converter/passes/passes.h"

namespace lacuna {

namespace {

/// x normalised over `axes`: (x - mean) / sqrt(variance + epsilon), then optional constants.
struct Standardized {
  ValueId x = kNoValue;
  std::vector<uint32_t> axes;
  double epsilon = 0;
  ValueId scale = kNoValue;
  ValueId shift = kNoValue;
};

/// sum + number in either order.
struct Offset {
  Term term;
  double number = 0;
};

Offset offset_of(const Expression& e, Term term) {
  const auto sum = e.with_scalar(term, fbs::BinaryKind::Add);
  return sum ? Offset{sum->first, sum->second} : Offset{term, 0};
}

const std::vector<uint32_t>* reduced_axes(const Expression& e, Term term) {
  const Node* node = e.node(term);
  return node != nullptr && node->attrs.type == fbs::OpAttrs::Reduce ? &node->attrs.AsReduce()->axes : nullptr;
}

/// Whether the term is the mean of x over these axes.
bool is_mean(const Expression& e, Term term, Term x, const std::vector<uint32_t>& axes) {
  const auto of = e.reduction(term, fbs::ReduceKind::Mean, &axes);
  return of && same(*of, x);
}

/// Whether the term is x minus its mean.
bool is_centered(const Expression& e, Term term, Term x, const std::vector<uint32_t>& axes) {
  const auto difference = e.binary(term, fbs::BinaryKind::Sub);
  return difference && same(difference->first, x) && is_mean(e, difference->second, x, axes);
}

/// Whether the term is (x - mean)^2.
bool is_squared_deviation(const Expression& e, Term term, Term x, const std::vector<uint32_t>& axes) {
  const auto difference = e.binary(term, fbs::BinaryKind::SquaredDifference);
  if (difference) {
    return (same(difference->first, x) && is_mean(e, difference->second, x, axes)) ||
           (same(difference->second, x) && is_mean(e, difference->first, x, axes));
  }
  const auto base = e.squared(term);
  return base && is_centered(e, *base, x, axes);
}

/// variance(x) + epsilon: fills axes and epsilon.
bool match_variance(const Expression& e, Term term, Term x, Standardized* result) {
  const Offset offset = offset_of(e, term);
  const std::vector<uint32_t>* axes = reduced_axes(e, offset.term);
  if (axes == nullptr) return false;
  const auto deviation = e.reduction(offset.term, fbs::ReduceKind::Mean, axes);
  if (!deviation || !is_squared_deviation(e, *deviation, x, *axes)) return false;
  *result = {x.id, *axes, offset.number, kNoValue, kNoValue};
  return true;
}

/// (x - mean) / sqrt(variance + epsilon), or times the inverse root.
bool match_quotient(const Expression& e, Term root, Standardized* result) {
  const auto try_pair = [&](Term deviation, const std::optional<Term>& variance) {
    const auto difference = e.binary(deviation, fbs::BinaryKind::Sub);
    return variance && difference && !difference->first.before_activation &&
           match_variance(e, *variance, difference->first, result) &&
           is_centered(e, deviation, difference->first, result->axes);
  };
  if (const auto quotient = e.binary(root, fbs::BinaryKind::Div)) {
    return try_pair(quotient->first, e.square_root(quotient->second));
  }
  const auto factors = e.binary(root, fbs::BinaryKind::Mul);
  return factors && (try_pair(factors->first, e.inverse_square_root(factors->second)) ||
                     try_pair(factors->second, e.inverse_square_root(factors->first)));
}

/// The inverse root, or that times a constant.
std::optional<Term> scaled_inverse_root(const Expression& e, Term term, ValueId* scale) {
  *scale = kNoValue;
  if (const auto variance = e.inverse_square_root(term)) return variance;
  const auto factors = e.binary(term, fbs::BinaryKind::Mul);
  if (!factors) return std::nullopt;
  for (const auto& [root, constant] : {*factors, std::make_pair(factors->second, factors->first)}) {
    if (!e.graph().is_constant(constant.id)) continue;
    *scale = constant.id;
    return e.inverse_square_root(root);
  }
  return std::nullopt;
}

/// x * r + (shift - mean * r) with r = scale / sqrt(variance + epsilon), as TensorFlow writes it.
bool match_factored(const Expression& e, Term root, Standardized* result) {
  const auto try_terms = [&](Term product, Term rest) {
    const auto factors = e.binary(product, fbs::BinaryKind::Mul);
    const auto difference = e.binary(rest, fbs::BinaryKind::Sub);
    if (!factors || !difference || !e.graph().is_constant(difference->first.id)) return false;
    for (const auto& [x, r] : {*factors, std::make_pair(factors->second, factors->first)}) {
      ValueId scale = kNoValue;
      const auto variance = scaled_inverse_root(e, r, &scale);
      if (!variance || !match_variance(e, *variance, x, result)) continue;
      const auto subtrahend = e.binary(difference->second, fbs::BinaryKind::Mul);
      if (!subtrahend) continue;
      const bool mean_first = is_mean(e, subtrahend->first, x, result->axes) && same(subtrahend->second, r);
      const bool mean_second = is_mean(e, subtrahend->second, x, result->axes) && same(subtrahend->first, r);
      result->scale = scale;
      result->shift = difference->first.id;
      if (mean_first || mean_second) return true;
    }
    return false;
  };
  const auto terms = e.binary(root, fbs::BinaryKind::Add);
  return terms && (try_terms(terms->first, terms->second) || try_terms(terms->second, terms->first));
}

/// The constant broadcast to the dimensions [axis, rank) of `shape`; nothing if it differs along one in front of them.
std::optional<Tensor> trailing_constant(const Graph& graph, ValueId constant, const Shape& shape, uint32_t axis) {
  const Tensor& tensor = graph.constant(constant);
  Shape trailing;
  for (int i = static_cast<int>(axis); i < shape.rank; ++i) trailing.push_back(shape[i]);
  Shape operand = tensor.shape;
  while (operand.rank > trailing.rank) {
    if (operand[0] != 1) return std::nullopt;
    Shape shorter;
    for (int i = 1; i < operand.rank; ++i) shorter.push_back(operand[i]);
    operand = shorter;
  }
  for (int i = 0; i < operand.rank; ++i) {
    const int64_t wanted = trailing[trailing.rank - operand.rank + i];
    if (operand[i] != 1 && operand[i] != wanted) return std::nullopt;
  }
  Tensor flat = tensor;
  flat.shape = operand;
  if (operand == trailing) return flat;
  fbs::ExpandAttrsT attrs;
  attrs.shape = dims_of<uint32_t>(trailing);
  return evaluate(make_attrs(std::move(attrs)), {&flat}, trailing);
}

std::optional<Tensor> channel_constant(const Graph& graph, ValueId constant, const Shape& shape) {
  const auto numbers = along_dimension(graph, constant, shape, 1);
  if (!numbers) return std::nullopt;
  return Tensor(make_shape({shape[1]}), std::vector<float>(numbers->begin(), numbers->end()));
}

/// The constant as operand of this normalisation.
std::optional<Tensor> norm_constant(const Graph& graph, const fbs::NormalizeAttrsT& attrs, ValueId constant,
                                    const Shape& shape) {
  if (graph.constant(constant).type != ElementType::kF32) return std::nullopt;
  return attrs.kind == fbs::NormKind::Instance ? channel_constant(graph, constant, shape)
                                               : trailing_constant(graph, constant, shape, attrs.axis);
}

/// Scale or shift as an operand; kNoValue stays. False when it does not fit.
bool add_operand(Graph& graph, Node& node, const fbs::NormalizeAttrsT& attrs, size_t i, ValueId constant) {
  if (constant == kNoValue) return true;
  auto tensor = norm_constant(graph, attrs, constant, graph.shape(node.inputs[0]));
  if (!tensor) return false;
  const std::string name = graph.value(constant).name;
  set_operand(node, i, graph.add_constant(name, std::move(*tensor)));
  return true;
}

/// Axes must be the last ones. Everything behind channels of a rank above 3 is instance normalisation.
std::optional<fbs::NormalizeAttrsT> norm_attrs(const Standardized& found, int rank) {
  const auto n = static_cast<uint32_t>(found.axes.size());
  const uint32_t first = static_cast<uint32_t>(rank) - n;
  for (uint32_t i = 0; i < n; ++i) {
    if (found.axes[i] != first + i) return std::nullopt;
  }
  fbs::NormalizeAttrsT attrs;
  attrs.kind = first == 2 && rank >= 4 ? fbs::NormKind::Instance : fbs::NormKind::Layer;
  attrs.axis = attrs.kind == fbs::NormKind::Instance ? 0 : first;
  attrs.epsilon = static_cast<float>(found.epsilon);
  return attrs;
}

bool replace_by_normalize(Graph& graph, Node& node, const Standardized& found) {
  const auto attrs = norm_attrs(found, graph.shape(found.x).rank);
  if (!attrs) return false;
  Node normalize{node.name, make_attrs(*attrs), {found.x}, node.output};
  if (!add_operand(graph, normalize, *attrs, 1, found.scale) ||
      !add_operand(graph, normalize, *attrs, 2, found.shift) || !fits(graph, normalize, graph.shape(node.output))) {
    return false;
  }
  node = std::move(normalize);
  return true;
}

bool fuse_standardized(Graph& graph, const Uses& uses, Node& node) {
  Standardized found;
  const Expression e(graph, uses);
  const bool matched = match_quotient(e, {node.output}, &found) || match_factored(e, {node.output}, &found);
  return matched && replace_by_normalize(graph, node, found);
}

/// max(term, bound), where the bound is not negative.
Offset lower_bound_of(const Expression& e, Term term) {
  if (const auto max = e.with_scalar(term, fbs::BinaryKind::Max)) return {max->first, max->second};
  const auto clamp = e.unary(term, fbs::UnaryKind::Clamp);
  if (clamp && clamp->function.beta() == std::numeric_limits<float>::infinity()) {
    return {clamp->argument, clamp->function.alpha()};
  }
  return {term, 0};
}

/// Whether the term is the sum of the squares of x; fills the axes.
bool is_square_sum(const Expression& e, Term term, Term x, std::vector<uint32_t>* axes) {
  if (const std::vector<uint32_t>* found = reduced_axes(e, term)) *axes = *found;
  if (const auto of = e.reduction(term, fbs::ReduceKind::SumSquare, nullptr)) return same(*of, x);
  const auto sum = e.reduction(term, fbs::ReduceKind::Sum, nullptr);
  const auto base = sum ? e.squared(*sum) : std::nullopt;
  return base && same(*base, x);
}

/// The square of a length as max(sum of squares, epsilon).
bool match_squared_length(const Expression& e, Term term, Term x, Standardized* result) {
  const Offset bound = lower_bound_of(e, term);
  result->epsilon = bound.number;
  return bound.number >= 0 && is_square_sum(e, bound.term, x, &result->axes);
}

/// The length as sqrt(max(sum of squares, epsilon)) or max(length, sqrt(epsilon)).
bool match_length(const Expression& e, Term term, Term x, Standardized* result) {
  const Node* expand = e.node(term);
  if (expand != nullptr && expand->attrs.type == fbs::OpAttrs::Expand) term = {expand->inputs[0]};
  if (const auto square = e.square_root(term)) return match_squared_length(e, *square, x, result);
  const Offset bound = lower_bound_of(e, term);
  result->epsilon = bound.number * bound.number;
  if (bound.number < 0) return false;
  if (const std::vector<uint32_t>* found = reduced_axes(e, bound.term)) result->axes = *found;
  if (const auto of = e.reduction(bound.term, fbs::ReduceKind::L2, nullptr)) return same(*of, x);
  const auto square = e.square_root(bound.term);
  return square && is_square_sum(e, *square, x, &result->axes);
}

/// x over its length along one axis.
bool fuse_l2(Graph& graph, const Uses& uses, Node& node) {
  const Expression e(graph, uses);
  Standardized found;
  const auto quotient = e.binary({node.output}, fbs::BinaryKind::Div);
  const auto factors = e.binary({node.output}, fbs::BinaryKind::Mul);
  if (quotient && match_length(e, quotient->second, quotient->first, &found)) found.x = quotient->first.id;
  if (factors) {
    for (const auto& [x, r] : {*factors, std::make_pair(factors->second, factors->first)}) {
      const auto square = e.inverse_square_root(r);
      if (square && match_squared_length(e, *square, x, &found)) found.x = x.id;
    }
  }
  if (found.x == kNoValue || found.axes.size() != 1) return false;
  fbs::NormalizeAttrsT attrs;
  attrs.kind = fbs::NormKind::L2;
  attrs.axis = found.axes.front();
  attrs.epsilon = static_cast<float>(found.epsilon);
  Node normalize{node.name, make_attrs(attrs), {found.x}, node.output};
  if (!fits(graph, normalize, graph.shape(node.output))) return false;
  node = std::move(normalize);
  return true;
}

/// normalize * constant + constant: the factor first, then the term.
bool fuse_constants(Graph& graph, const Uses& uses, size_t i) {
  const Node& binary = graph.nodes[i];
  if (binary.attrs.type != fbs::OpAttrs::Binary || !is_linear(binary)) return false;
  const fbs::BinaryKind kind = binary.attrs.AsBinary()->kind;
  const size_t side = graph.is_constant(binary.inputs[0]) ? 1 : 0;
  const ValueId constant = binary.inputs[1 - side];
  Node* normalize = private_producer(graph, uses, binary.inputs[side]);
  if (normalize == nullptr || normalize->attrs.type != fbs::OpAttrs::Normalize || !graph.is_constant(constant) ||
      graph.shape(binary.output) != graph.shape(normalize->output)) {
    return false;
  }
  const fbs::NormalizeAttrsT& attrs = *normalize->attrs.AsNormalize();
  const bool plain = operand(*normalize, 1) == kNoValue && operand(*normalize, 2) == kNoValue;
  const bool is_scale = kind == fbs::BinaryKind::Mul && plain;
  const bool is_shift = kind == fbs::BinaryKind::Add && operand(*normalize, 2) == kNoValue;
  if (attrs.kind == fbs::NormKind::L2 || !(is_scale || is_shift)) return false;
  if (!add_operand(graph, *normalize, attrs, is_scale ? 1 : 2, constant)) return false;
  normalize->output = binary.output;
  erase_node(graph, i);
  return true;
}

}  // namespace

bool fuse_normalization(Graph& graph) {
  return rewrite_each(graph, [](Graph& g, const Uses& uses, size_t i) {
    return fuse_standardized(g, uses, g.nodes[i]) || fuse_l2(g, uses, g.nodes[i]) || fuse_constants(g, uses, i);
  });
}

}  // namespace lacuna
