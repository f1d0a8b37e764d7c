// Appends nodes to a graph on behalf of one node of a source model, with the checks that untrusted models need.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "converter/ir/graph.h"
#include "converter/ir/memory_budget.h"

namespace lacuna {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// `axis` in [-rank, rank) as [0, rank). Throws kMalformed.
int checked_axis(int64_t axis, int rank);

/// Every function returns the value that it made. Names are the builder's with `suffix`.
class GraphBuilder {
 public:
  /// Graph and budget are borrowed.
  GraphBuilder(Graph& graph, MemoryBudget& budget, std::string name)
      : graph_(graph), budget_(budget), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }
  MemoryBudget& budget() { return budget_; }
  /// Borrowed from the graph: emitting moves it.
  const Shape& shape_of(ValueId id) const { return graph_.shape(id); }
  bool is_integer(ValueId id) const { return graph_.value(id).type == ElementType::kI64; }
  /// Computed in fp32, but an integer or a boolean of the source model.
  bool is_whole(ValueId id) const { return graph_.value(id).meaning != Meaning::kNumber; }

  /// Appends a node, or a constant when all inputs are constant. Throws Error: kMalformed for inputs that do not fit;
  /// kUnsupported for integers in arithmetic and for constants that take too long; kResourceLimit. Constant integers
  /// beside computed ones become fp32.
  ValueId emit(Attrs attrs, std::vector<ValueId> inputs, const std::string& suffix = "");
  ValueId add_constant(Tensor tensor, const std::string& suffix = "");
  ValueId add_scalar(float value, const std::string& suffix = "") {
    return add_constant(Tensor(Shape(), std::vector<float>{value}), suffix);
  }
  /// A constant whose shape is known before it is made: `make` is called once memory is granted.
  /// Unlike the inputs of nodes it may have no elements, as an empty list of a shape computation has.
  ValueId add_folded(ElementType type, const Shape& shape, const std::function<Tensor()>& make,
                     const std::string& suffix = "");

  /// A constant integer as an fp32 number that stands for one, what is no constant integer as it is.
  ValueId as_computed(ValueId id, const std::string& suffix = "");

  ValueId unary(const fbs::Activation& function, ValueId x, const std::string& suffix = "");
  ValueId unary(fbs::UnaryKind kind, ValueId x, const std::string& suffix = "") {
    return unary(fbs::Activation(kind, 0, 0), x, suffix);
  }
  ValueId binary(fbs::BinaryKind kind, ValueId a, ValueId b, const fbs::Activation& activation = {},
                 const std::string& suffix = "");
  ValueId reduce(fbs::ReduceKind kind, ValueId x, std::vector<uint32_t> axes, bool keep_dims,
                 const std::string& suffix = "");
  /// x itself when it has this shape. Throws kMalformed when the number of elements differs.
  ValueId reshape(ValueId x, const Shape& shape, const std::string& suffix = "");
  ValueId transpose(ValueId x, std::vector<uint32_t> perm, const std::string& suffix = "");
  /// x itself when it has this shape.
  ValueId expand(ValueId x, const Shape& shape, const std::string& suffix = "");
  /// x itself when all of it is taken. Throws kMalformed when a place is outside of x.
  ValueId slice(ValueId x, const std::vector<int64_t>& start, const std::vector<int64_t>& step, const Shape& sizes,
                const std::string& suffix = "");
  /// Element `index` of dimension `axis`, which is dropped. Throws as slice.
  ValueId element(ValueId x, int axis, int64_t index, const std::string& suffix);
  /// Any number of values: more than a step of the format takes are joined in parts first.
  ValueId concat(std::vector<ValueId> values, int axis, const std::string& suffix = "");
  ValueId pad(fbs::PadMode mode, ValueId x, const std::vector<int64_t>& begin, const std::vector<int64_t>& end,
              float value = 0, const std::string& suffix = "");
  /// Throws kUnsupported when the graph has become too large for another turn of a loop.
  void check_turn() const;
  /// Rows of `table` at `places`, which the network computes.
  ValueId lookup(ValueId table, ValueId places, const std::string& suffix = "");
  /// An empty list with room for `n` indices, once memory is granted.
  std::vector<int64_t> index_list(int64_t n);
  /// Throws kMalformed for indices outside of dimension `axis`.
  ValueId gather(ValueId x, int axis, const std::vector<int64_t>& indices, const Shape& index_shape,
                 const std::string& suffix = "");

 private:
  Meaning meaning_of(const Attrs& attrs, const std::vector<ValueId>& inputs) const;
  std::vector<ValueId> join_in_parts(const std::vector<ValueId>& values, int axis, const std::string& suffix);

  Graph& graph_;
  MemoryBudget& budget_;
  std::string name_;
};

}  // namespace lacuna
