#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/passes/expression.h"
#include "converter/passes/passes.h"

namespace lacuna {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kSqrtHalf = 0.70710678118654752;
constexpr double kTanhGeluLinear = 0.79788456080286536;  // sqrt(2 / pi)
constexpr double kTanhGeluCubic = 0.044715 * kTanhGeluLinear;

/// A function of a value that a term computes.
struct Match {
  fbs::Activation function;
  ValueId x;
};

std::optional<Match> matched(fbs::UnaryKind kind, ValueId x, double alpha = 0, double beta = 0) {
  return Match{fbs::Activation(kind, static_cast<float>(alpha), static_cast<float>(beta)), x};
}

std::optional<Match> matched(fbs::UnaryKind kind, Term x, double alpha = 0, double beta = 0) {
  return x.before_activation ? std::nullopt : matched(kind, x.id, alpha, beta);
}

/// scale * x, with nothing else.
bool is_multiple(const std::optional<Cubic>& p, double scale) {
  return p && (*p)[0] == 0 && near((*p)[1], scale) && (*p)[2] == 0 && (*p)[3] == 0;
}

/// clamp(slope * x + offset, 0, 1), however it is written.
struct Ramp {
  double slope, offset;
};

std::optional<Ramp> ramp_of(const Expression& e, Term term, double factor) {
  const LinearTerm outer = e.linear(term);
  const auto clamp = e.unary(outer.argument);
  if (!clamp || outer.shift != 0) return std::nullopt;
  factor *= outer.scale;
  const auto p = e.polynomial(clamp->argument);
  if (!p || (*p)[2] != 0 || (*p)[3] != 0 || factor <= 0) return std::nullopt;
  const fbs::Activation& f = clamp->function;
  if (f.kind() == fbs::UnaryKind::Clamp && f.alpha() == 0 && near(factor * f.beta(), 1)) {
    return Ramp{factor * (*p)[1], factor * (*p)[0]};
  }
  if (f.kind() == fbs::UnaryKind::HardSigmoid && near(factor, 1)) {
    return Ramp{f.alpha() * (*p)[1], f.alpha() * (*p)[0] + f.beta()};
  }
  return std::nullopt;
}

/// factor * x * gate, where the gate is a function of x, which `e` is about.
std::optional<Match> match_gate(const Expression& e, ValueId x, Term gate, double factor) {
  if (e.shape(gate) != e.graph().shape(x)) return std::nullopt;
  const auto ramp = ramp_of(e, gate, factor);
  if (ramp && near(ramp->slope, 1.0 / 6) && near(ramp->offset, 0.5)) return matched(fbs::UnaryKind::HardSwish, x);

  const LinearTerm outer = e.linear(gate);
  const auto function = e.unary(outer.argument);
  if (!function) return std::nullopt;
  const auto p = e.polynomial(function->argument);
  const double scale = factor * outer.scale;
  const double shift = factor * outer.shift;
  switch (function->function.kind()) {
    case fbs::UnaryKind::Sigmoid:
      if (!p || !near(scale, 1) || shift != 0 || (*p)[1] == 0 || !is_multiple(p, (*p)[1])) return std::nullopt;
      return matched(fbs::UnaryKind::Silu, x, (*p)[1]);
    case fbs::UnaryKind::Erf:
      if (!near(scale, 0.5) || !near(shift, 0.5) || !is_multiple(p, kSqrtHalf)) return std::nullopt;
      return matched(fbs::UnaryKind::Gelu, x);
    case fbs::UnaryKind::Tanh:
      if (near(scale, 1) && shift == 0) {
        const auto softplus = e.unary(function->argument, fbs::UnaryKind::Softplus);
        if (!softplus || softplus->argument.id != x || softplus->argument.before_activation) return std::nullopt;
        return matched(fbs::UnaryKind::Mish, x);
      }
      if (!near(scale, 0.5) || !near(shift, 0.5) || !p || (*p)[0] != 0 || (*p)[2] != 0) return std::nullopt;
      if (!near((*p)[1], kTanhGeluLinear) || !near((*p)[3], kTanhGeluCubic)) return std::nullopt;
      return matched(fbs::UnaryKind::GeluTanh, x);
    default:
      return std::nullopt;
  }
}

/// x * f(x) with a scalar factor anywhere.
std::optional<Match> match_gated(const Expression& e, Term root) {
  for (const ValueId x : e.factors(root)) {
    const Expression about_x = e.about(x);
    const ProductTerm product = about_x.product(root);
    if (product.factors.size() != 2) continue;
    for (size_t side = 0; side < 2; ++side) {
      if (!same(product.factors[side], {x})) continue;
      const auto match = match_gate(about_x, x, product.factors[1 - side], product.factor);
      if (match) return match;
    }
  }
  return std::nullopt;
}

/// The value that a term is a linear function of.
ValueId argument_of(const Expression& e, Term term) {
  const LinearTerm inner = e.linear(term);
  return inner.argument.before_activation ? kNoValue : inner.argument.id;
}

std::optional<Match> match_hard_sigmoid(const Expression& e, Term root) {
  const LinearTerm outer = e.linear(root);
  const auto clamp = e.unary(outer.argument, fbs::UnaryKind::Clamp);
  const ValueId x = clamp ? argument_of(e, clamp->argument) : kNoValue;
  if (x == kNoValue || x == clamp->argument.id) return std::nullopt;
  const auto ramp = ramp_of(e.about(x), root, 1);
  return ramp && ramp->slope != 0 ? matched(fbs::UnaryKind::HardSigmoid, x, ramp->slope, ramp->offset) : std::nullopt;
}

std::optional<Match> match_power(const Expression& e, Term root) {
  const auto power = e.with_scalar(root, fbs::BinaryKind::Pow);
  if (!power) return std::nullopt;
  const double exponent = power->second;
  if (exponent == 1) return matched(fbs::UnaryKind::Identity, power->first);
  if (exponent == 2) return matched(fbs::UnaryKind::Square, power->first);
  if (exponent == 0.5) return matched(fbs::UnaryKind::Sqrt, power->first);
  if (exponent == -0.5) return matched(fbs::UnaryKind::Rsqrt, power->first);
  if (exponent == -1) return matched(fbs::UnaryKind::Reciprocal, power->first);
  return std::nullopt;
}

std::optional<Match> match_bound(const Expression& e, Term root) {
  if (const auto max = e.with_scalar(root, fbs::BinaryKind::Max)) {
    return matched(fbs::UnaryKind::Clamp, max->first, max->second, kInf);
  }
  if (const auto min = e.with_scalar(root, fbs::BinaryKind::Min)) {
    return matched(fbs::UnaryKind::Clamp, min->first, -kInf, min->second);
  }
  return std::nullopt;
}

/// max(x, alpha * x)
std::optional<Match> match_leaky_relu(const Expression& e, Term root) {
  const auto operands = e.binary(root, fbs::BinaryKind::Max);
  if (!operands || e.shape(operands->first) != e.shape(operands->second)) return std::nullopt;
  for (const auto& [x, other] : {*operands, std::make_pair(operands->second, operands->first)}) {
    const LinearTerm multiple = e.about(x.id).linear(other);
    if (same(multiple.argument, x) && !same(other, x) && multiple.shift == 0 && multiple.scale >= 0 &&
        multiple.scale <= 1) {
      return matched(fbs::UnaryKind::LeakyRelu, x, multiple.scale);
    }
  }
  return std::nullopt;
}

std::optional<Match> match_clamp_of_clamp(const Expression& e, Term root) {
  const auto outer = e.unary(root, fbs::UnaryKind::Clamp);
  const auto inner = outer ? e.unary(outer->argument, fbs::UnaryKind::Clamp) : std::nullopt;
  if (!inner) return std::nullopt;
  const auto bounded = [&](float x) { return std::min(std::max(x, outer->function.alpha()), outer->function.beta()); };
  return matched(fbs::UnaryKind::Clamp, inner->argument, bounded(inner->function.alpha()),
                 bounded(inner->function.beta()));
}

std::optional<Match> match_square(const Expression& e, Term root) {
  const auto factors = e.binary(root, fbs::BinaryKind::Mul);
  if (!factors || !same(factors->first, factors->second)) return std::nullopt;
  return matched(fbs::UnaryKind::Square, factors->first);
}

/// 1 / x; 1 / sqrt(x); 1 / (1 + exp(-x))
std::optional<Match> match_reciprocal(const Expression& e, Term root) {
  const auto quotient = e.binary(root, fbs::BinaryKind::Div);
  const auto reciprocal = e.unary(root, fbs::UnaryKind::Reciprocal);
  const bool of_one = quotient && e.graph().is_constant(quotient->first.id) &&
                      e.graph().constant(quotient->first.id).f32 == std::vector<float>{1.0f} &&
                      e.shape(quotient->second) == e.shape(root);
  if (!of_one && !reciprocal) return std::nullopt;
  const Term divisor = of_one ? quotient->second : reciprocal->argument;
  const LinearTerm sum = e.linear(divisor);
  const auto exponential = e.unary(sum.argument, fbs::UnaryKind::Exp);
  if (exponential && sum.scale == 1 && sum.shift == 1) {
    const LinearTerm exponent = e.linear(exponential->argument);
    if (exponent.scale == -1 && exponent.shift == 0) return matched(fbs::UnaryKind::Sigmoid, exponent.argument);
  }
  if (const auto root_of = e.unary(divisor, fbs::UnaryKind::Sqrt)) {
    return matched(fbs::UnaryKind::Rsqrt, root_of->argument);
  }
  return of_one ? matched(fbs::UnaryKind::Reciprocal, divisor) : std::nullopt;
}

/// log(1 + exp(x))
std::optional<Match> match_softplus(const Expression& e, Term root) {
  const auto log = e.unary(root, fbs::UnaryKind::Log);
  if (!log) return std::nullopt;
  const LinearTerm sum = e.linear(log->argument);
  const auto exponential = e.unary(sum.argument, fbs::UnaryKind::Exp);
  if (!exponential || sum.scale != 1 || sum.shift != 1) return std::nullopt;
  return matched(fbs::UnaryKind::Softplus, exponential->argument);
}

std::optional<Match> match(const Expression& e, Term root) {
  for (const auto find : {match_gated, match_hard_sigmoid, match_power, match_bound, match_leaky_relu,
                          match_clamp_of_clamp, match_square, match_reciprocal, match_softplus}) {
    const auto found = find(e, root);
    if (found) return found;
  }
  return std::nullopt;
}

/// matmul(x, constant) is fully connected.
bool make_fully_connected(Graph& graph, Node& node) {
  const fbs::MatMulAttrsT* matmul = node.attrs.AsMatMul();
  if (matmul == nullptr || matmul->transpose_a || graph.is_constant(node.inputs[0]) ||
      !graph.is_constant(node.inputs[1]) || graph.shape(node.inputs[1]).rank != 2) {
    return false;
  }
  const Tensor& b = graph.constant(node.inputs[1]);
  const auto units = static_cast<size_t>(b.shape[matmul->transpose_b ? 0 : 1]);
  const auto depth = static_cast<size_t>(b.shape[matmul->transpose_b ? 1 : 0]);
  Tensor weight(ElementType::kF32, make_shape<size_t>({units, depth}));
  for (size_t u = 0; u < units; ++u) {
    for (size_t k = 0; k < depth; ++k) {
      weight.f32[u * depth + k] = matmul->alpha * b.f32[matmul->transpose_b ? u * depth + k : k * units + u];
    }
  }
  fbs::FullyConnectedAttrsT attrs;
  attrs.units = static_cast<uint32_t>(units);
  node.inputs[1] = graph.add_constant(graph.value(node.inputs[1]).name, std::move(weight));
  node.attrs = make_attrs(std::move(attrs));
  return true;
}

bool fuse(Graph& graph, const Uses& uses, size_t i) {
  Node& node = graph.nodes[i];
  if (make_fully_connected(graph, node)) return true;
  const auto found = match(Expression(graph, uses), Term{node.output});
  if (!found || graph.is_constant(found->x) || graph.shape(found->x) != graph.shape(node.output)) return false;
  fbs::UnaryAttrsT attrs;
  attrs.function = found->function;
  node.attrs = make_attrs(std::move(attrs));
  node.inputs = {found->x};
  return true;
}

}  // namespace

bool fuse_patterns(Graph& graph) { return rewrite_each(graph, fuse); }

}  // namespace lacuna
