// Reads a graph as expressions, so that patterns match however an exporter wrote them: fused activations count as
// functions of their own, constants may stand on either side, and scalar factors anywhere in a product.
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "converter/passes/channel_map.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

/// A value, or what its node computes before the node's activation.
struct Term {
  ValueId id = kNoValue;
  bool before_activation = false;
};

struct UnaryTerm {
  fbs::Activation function;
  Term argument;
};

/// argument * scale + shift
struct LinearTerm {
  Term argument;
  double scale = 1;
  double shift = 0;
};

/// factor * factors[0] * factors[1] ...
struct ProductTerm {
  double factor = 1;
  std::vector<Term> factors;
};

/// Coefficients of 1, x, x^2 and x^3.
using Cubic = std::array<double, 4>;

class Expression {
 public:
  /// `x` is the value that the expression is about: what makes it is not looked at.
  Expression(const Graph& graph, const Uses& uses, ValueId x = kNoValue) : graph_(graph), uses_(uses), x_(x) {}
  Expression about(ValueId x) const { return Expression(graph_, uses_, x); }

  std::optional<UnaryTerm> unary(Term term) const;
  std::optional<UnaryTerm> unary(Term term, fbs::UnaryKind kind) const;
  std::optional<std::pair<Term, Term>> binary(Term term, fbs::BinaryKind kind) const;
  /// A Binary node with a constant of one element, as (computed operand, constant); the constant on the right for
  /// functions that do not commute.
  std::optional<std::pair<Term, double>> with_scalar(Term term, fbs::BinaryKind kind) const;
  /// The term itself when it is no linear function of another one.
  LinearTerm linear(Term term) const;
  ProductTerm product(Term term) const;
  /// All values that are multiplied, at any depth, on the way to the term.
  std::vector<ValueId> factors(Term term) const;
  /// The term as a polynomial of x.
  std::optional<Cubic> polynomial(Term term) const { return polynomial(term, 0); }
  /// A reduction over `axes` that keeps them as ones, or over whichever axes when that is null.
  std::optional<Term> reduction(Term term, fbs::ReduceKind kind, const std::vector<uint32_t>* axes) const;
  /// x of x^2, however it is written.
  std::optional<Term> squared(Term term) const;
  std::optional<Term> square_root(Term term) const;
  /// x of 1 / sqrt(x).
  std::optional<Term> inverse_square_root(Term term) const;

  /// The node whose result, before activation, the term is; null if it has another activation or no node.
  const Node* node(Term term) const;
  const Shape& shape(Term term) const { return graph_.shape(term.id); }
  const Graph& graph() const { return graph_; }

 private:
  bool is_x(Term term) const { return term.id == x_ && !term.before_activation; }
  void multiply(Term term, ProductTerm& product) const;
  void add_factors(Term term, std::vector<ValueId>& found) const;
  std::optional<Cubic> polynomial(Term term, int depth) const;
  std::optional<double> scalar(ValueId id) const;

  const Graph& graph_;
  const Uses& uses_;
  ValueId x_;
};

inline bool same(Term a, Term b) { return a.id == b.id && a.before_activation == b.before_activation; }

/// Equal as far as constants rounded to float can tell.
bool near(double a, double b);

}  // namespace lacuna
