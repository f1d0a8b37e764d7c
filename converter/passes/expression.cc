#include "converter/passes/expression.h"

#include <cmath>

namespace lacuna {

namespace {

/// Nested nodes that a polynomial or product may have: more than any known activation.
constexpr int kMaxDepth = 8;
constexpr size_t kMaxFactors = 8;

Cubic scaled(const Cubic& a, double scale, double shift) {
  Cubic result = a;
  for (double& coefficient : result) coefficient *= scale;
  result[0] += shift;
  return result;
}

Cubic sum(const Cubic& a, const Cubic& b, double sign) {
  Cubic result = a;
  for (size_t i = 0; i < result.size(); ++i) result[i] += sign * b[i];
  return result;
}

std::optional<Cubic> product(const Cubic& a, const Cubic& b) {
  Cubic result = {};
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size(); ++j) {
      const double coefficient = a[i] * b[j];
      if (i + j < result.size()) {
        result[i + j] += coefficient;
      } else if (coefficient != 0) {
        return std::nullopt;
      }
    }
  }
  return result;
}

bool commutes(fbs::BinaryKind kind) {
  return kind == fbs::BinaryKind::Add || kind == fbs::BinaryKind::Mul || kind == fbs::BinaryKind::Min ||
         kind == fbs::BinaryKind::Max;
}

}  // namespace

bool near(double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); }

const Node* Expression::node(Term term) const {
  const Node* made_by = producer(graph_, uses_, term.id);
  return made_by != nullptr && !is_x(term) && (term.before_activation || is_linear(*made_by)) ? made_by : nullptr;
}

std::optional<UnaryTerm> Expression::unary(Term term) const {
  const Node* made_by = producer(graph_, uses_, term.id);
  if (made_by == nullptr || term.before_activation || is_x(term)) return std::nullopt;
  if (const fbs::UnaryAttrsT* attrs = made_by->attrs.AsUnary()) return UnaryTerm{attrs->function, {made_by->inputs[0]}};
  if (is_linear(*made_by)) return std::nullopt;
  return UnaryTerm{*activation_of(*made_by), {term.id, true}};
}

std::optional<UnaryTerm> Expression::unary(Term term, fbs::UnaryKind kind) const {
  const auto found = unary(term);
  return found && found->function.kind() == kind ? found : std::nullopt;
}

std::optional<std::pair<Term, Term>> Expression::binary(Term term, fbs::BinaryKind kind) const {
  const Node* made_by = node(term);
  if (made_by == nullptr || made_by->attrs.type != fbs::OpAttrs::Binary) return std::nullopt;
  if (made_by->attrs.AsBinary()->kind != kind) return std::nullopt;
  return std::make_pair(Term{made_by->inputs[0]}, Term{made_by->inputs[1]});
}

std::optional<double> Expression::scalar(ValueId id) const {
  if (!graph_.is_constant(id) || graph_.constant(id).f32.size() != 1) return std::nullopt;
  return graph_.constant(id).f32.front();
}

std::optional<std::pair<Term, double>> Expression::with_scalar(Term term, fbs::BinaryKind kind) const {
  const auto operands = binary(term, kind);
  if (!operands) return std::nullopt;
  const auto right = scalar(operands->second.id);
  if (right && shape(operands->first) == shape(term)) return std::make_pair(operands->first, *right);
  const auto left = scalar(operands->first.id);
  if (left && commutes(kind) && shape(operands->second) == shape(term)) return std::make_pair(operands->second, *left);
  return std::nullopt;
}

LinearTerm Expression::linear(Term term) const {
  LinearTerm result{term};
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    const Node* made_by = node(result.argument);
    const auto map = made_by == nullptr ? std::nullopt : uniform_map(graph_, *made_by);
    if (!map) break;
    result.shift += result.scale * map->shift;
    result.scale *= map->scale;
    result.argument = {map->x};
  }
  return result;
}

void Expression::multiply(Term term, ProductTerm& product) const {
  const Node* made_by = node(term);
  const auto map = made_by == nullptr ? std::nullopt : uniform_map(graph_, *made_by);
  if (map && map->shift == 0) {
    product.factor *= map->scale;
    multiply({map->x}, product);
    return;
  }
  const auto operands = binary(term, fbs::BinaryKind::Mul);
  if (operands && product.factors.size() < kMaxFactors) {
    multiply(operands->first, product);
    multiply(operands->second, product);
  } else {
    product.factors.push_back(term);
  }
}

ProductTerm Expression::product(Term term) const {
  ProductTerm result;
  multiply(term, result);
  return result;
}

void Expression::add_factors(Term term, std::vector<ValueId>& found) const {
  if (found.size() > kMaxFactors) return;
  found.push_back(term.id);
  const Node* made_by = node(term);
  const auto map = made_by == nullptr ? std::nullopt : uniform_map(graph_, *made_by);
  if (map && map->shift == 0) {
    add_factors({map->x}, found);
  } else if (const auto operands = binary(term, fbs::BinaryKind::Mul)) {
    add_factors(operands->first, found);
    add_factors(operands->second, found);
  }
}

std::vector<ValueId> Expression::factors(Term term) const {
  std::vector<ValueId> found;
  add_factors(term, found);
  found.erase(found.begin());
  return found;
}

std::optional<Cubic> Expression::polynomial(Term term, int depth) const {
  if (is_x(term)) return Cubic{0, 1, 0, 0};
  if (depth == kMaxDepth || shape(term) != graph_.shape(x_)) return std::nullopt;
  const LinearTerm inner = linear(term);
  if (!same(inner.argument, term)) {
    const auto argument = polynomial(inner.argument, depth + 1);
    return argument ? std::optional<Cubic>(scaled(*argument, inner.scale, inner.shift)) : std::nullopt;
  }
  for (const auto kind : {fbs::BinaryKind::Add, fbs::BinaryKind::Sub, fbs::BinaryKind::Mul}) {
    const auto operands = binary(term, kind);
    if (!operands) continue;
    const auto a = polynomial(operands->first, depth + 1);
    const auto b = a ? polynomial(operands->second, depth + 1) : std::nullopt;
    if (!b) return std::nullopt;
    if (kind == fbs::BinaryKind::Mul) return lacuna::product(*a, *b);
    return sum(*a, *b, kind == fbs::BinaryKind::Add ? 1 : -1);
  }
  const auto power = with_scalar(term, fbs::BinaryKind::Pow);
  const auto square = unary(term, fbs::UnaryKind::Square);
  const int exponent = square || (power && power->second == 2) ? 2 : power && power->second == 3 ? 3 : 0;
  if (exponent == 0) return std::nullopt;
  const auto base = polynomial(square ? square->argument : power->first, depth + 1);
  auto result = base ? lacuna::product(*base, *base) : std::nullopt;
  if (result && exponent == 3) result = lacuna::product(*result, *base);
  return result;
}

std::optional<Term> Expression::reduction(Term term, fbs::ReduceKind kind, const std::vector<uint32_t>* axes) const {
  const Node* made_by = node(term);
  if (made_by == nullptr || made_by->attrs.type != fbs::OpAttrs::Reduce) return std::nullopt;
  const fbs::ReduceAttrsT& attrs = *made_by->attrs.AsReduce();
  if (attrs.kind != kind || !attrs.keep_dims || (axes != nullptr && attrs.axes != *axes)) return std::nullopt;
  return Term{made_by->inputs[0]};
}

std::optional<Term> Expression::squared(Term term) const {
  if (const auto square = unary(term, fbs::UnaryKind::Square)) return square->argument;
  const auto power = with_scalar(term, fbs::BinaryKind::Pow);
  if (power && power->second == 2) return power->first;
  const auto factors = binary(term, fbs::BinaryKind::Mul);
  if (factors && same(factors->first, factors->second)) return factors->first;
  return std::nullopt;
}

std::optional<Term> Expression::square_root(Term term) const {
  if (const auto root = unary(term, fbs::UnaryKind::Sqrt)) return root->argument;
  const auto power = with_scalar(term, fbs::BinaryKind::Pow);
  if (power && power->second == 0.5) return power->first;
  return std::nullopt;
}

std::optional<Term> Expression::inverse_square_root(Term term) const {
  if (const auto root = unary(term, fbs::UnaryKind::Rsqrt)) return root->argument;
  const auto power = with_scalar(term, fbs::BinaryKind::Pow);
  if (power && power->second == -0.5) return power->first;
  if (const auto inverse = unary(term, fbs::UnaryKind::Reciprocal)) return square_root(inverse->argument);
  const auto quotient = binary(term, fbs::BinaryKind::Div);
  if (quotient && scalar(quotient->first.id) == 1.0) return square_root(quotient->second);
  return std::nullopt;
}

}  // namespace lacuna
