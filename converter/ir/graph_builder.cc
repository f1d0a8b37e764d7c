#include "converter/ir/graph_builder.h"

#include <algorithm>

#include "converter/ir/host_arithmetic.h"
#include "sdk/format/limits.h"

namespace lacuna {

namespace {

constexpr uint64_t kMaxFoldedMacs = uint64_t{20} << 30;
/// Constants among them, many of which go again.
constexpr size_t kMostValues = size_t{1} << 18;
constexpr int64_t kMostElements = std::numeric_limits<int32_t>::max();

/// Operators that only move elements: their references take both element types.
bool moves_elements(fbs::OpAttrs type) {
  switch (type) {
    case fbs::OpAttrs::Concat:
    case fbs::OpAttrs::Slice:
    case fbs::OpAttrs::Gather:
    case fbs::OpAttrs::Reshape:
    case fbs::OpAttrs::Transpose:
    case fbs::OpAttrs::Expand:
    case fbs::OpAttrs::Tile:
      return true;
    default:
      return false;
  }
}

/// Functions of integers that give integers in fp32 as well.
bool keeps_whole(const Attrs& attrs) {
  if (attrs.type == fbs::OpAttrs::Reduce) {
    const fbs::ReduceKind kind = attrs.AsReduce()->kind;
    return kind == fbs::ReduceKind::Sum || kind == fbs::ReduceKind::Max || kind == fbs::ReduceKind::Min;
  }
  if (attrs.type == fbs::OpAttrs::Unary) {
    const fbs::UnaryKind kind = attrs.AsUnary()->function.kind();
    return kind == fbs::UnaryKind::Abs || kind == fbs::UnaryKind::Neg || kind == fbs::UnaryKind::Sign ||
           kind == fbs::UnaryKind::Clamp;
  }
  return attrs.type == fbs::OpAttrs::Binary && attrs.AsBinary()->kind <= fbs::BinaryKind::Max &&
         attrs.AsBinary()->kind != fbs::BinaryKind::Div;
}

bool is_empty(const Shape& shape) { return count(shape) == 0; }

void check_size(const Shape& shape) {
  int64_t elements = 1;
  for (const int64_t dim : shape) {
    if (dim < 0) malformed("a tensor " + to_string(shape) + " has a negative dimension");
    if (dim == 0) unsupported("zero-sized tensors are not supported");
    if (dim > kMostElements / elements) {
      throw Error(ExitCode::kResourceLimit, "a tensor " + to_string(shape) + " has 2^31 elements or more");
    }
    elements *= dim;
  }
}

int32_t as_int32(int64_t x) {
  if (x < std::numeric_limits<int32_t>::min() || x > std::numeric_limits<int32_t>::max()) {
    malformed(std::to_string(x) + " is no position inside a tensor");
  }
  return static_cast<int32_t>(x);
}

}  // namespace

int checked_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    malformed("axis " + std::to_string(axis) + " is outside of " + std::to_string(rank) + " dimensions");
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

ValueId GraphBuilder::emit(Attrs attrs, std::vector<ValueId> inputs, const std::string& suffix) {
  const bool whole =
      std::any_of(inputs.begin(), inputs.end(), [this](ValueId id) { return id != kNoValue && is_whole(id); });
  if (whole) {
    for (ValueId& id : inputs) id = id == kNoValue ? id : as_computed(id, suffix);
  }
  const ElementType type = graph_.value(inputs.front()).type;
  bool all_constant = true;
  std::vector<Shape> shapes;
  for (const ValueId id : inputs) {
    if (id == kNoValue) continue;
    if (is_integer(id) && !moves_elements(attrs.type)) {
      unsupported("integer tensors are only supported where they fold into shapes and indices");
    }
    if (graph_.value(id).type != type) malformed("operands have different element types");
    check_size(graph_.shape(id));
    all_constant = all_constant && graph_.is_constant(id);
    shapes.push_back(graph_.shape(id));
  }
  const Node node{name_ + suffix, attrs, inputs, kNoValue};
  const Shape shape = infer_shape(graph_, node);
  check_size(shape);
  if (all_constant) {
    budget_.take(type, shape, name_);
    const OpHost& op = host_op(attrs.type);
    const PackedAttrs packed(attrs);
    if (op.macs != nullptr && op.macs(packed.table(), shapes, shape) > kMaxFoldedMacs) {
      unsupported("it computes a constant and would take too long; fold constants before the export");
    }
  }
  const Meaning meaning = whole ? meaning_of(attrs, inputs) : Meaning::kNumber;
  const ValueId result = append(graph_, std::move(attrs), std::move(inputs), name_ + suffix);
  graph_.value(result).meaning = meaning;
  return result;
}

ValueId GraphBuilder::as_computed(ValueId id, const std::string& suffix) {
  if (!is_integer(id)) return id;
  const Tensor& tensor = graph_.constant(id);
  const ValueId result = add_folded(
      ElementType::kF32, tensor.shape, [&] { return host_cast(tensor, ElementType::kF32); }, suffix + "/whole");
  graph_.value(result).meaning = Meaning::kInteger;
  return result;
}

Meaning GraphBuilder::meaning_of(const Attrs& attrs, const std::vector<ValueId>& inputs) const {
  const Meaning first = graph_.value(inputs.front()).meaning;
  if (moves_elements(attrs.type)) return first;
  const bool whole =
      keeps_whole(attrs) && std::all_of(inputs.begin(), inputs.end(), [this](ValueId id) { return is_whole(id); });
  return whole ? Meaning::kInteger : Meaning::kNumber;
}

ValueId GraphBuilder::add_constant(Tensor tensor, const std::string& suffix) {
  return graph_.add_constant(name_ + suffix, std::move(tensor));
}

ValueId GraphBuilder::add_folded(ElementType type, const Shape& shape, const std::function<Tensor()>& make,
                                 const std::string& suffix) {
  Shape some = shape;  // no dimension empty: even a shape without elements is bounded
  for (int i = 0; i < some.rank; ++i) some[i] = some[i] == 0 ? 1 : some[i];
  check_size(some);
  if (some != shape) return add_constant(Tensor(type, shape), suffix);
  budget_.take(type, shape, name_);
  return add_constant(make(), suffix);
}

ValueId GraphBuilder::unary(const fbs::Activation& function, ValueId x, const std::string& suffix) {
  fbs::UnaryAttrsT attrs;
  attrs.function = function;
  return emit(make_attrs(std::move(attrs)), {x}, suffix);
}

ValueId GraphBuilder::binary(fbs::BinaryKind kind, ValueId a, ValueId b, const fbs::Activation& activation,
                             const std::string& suffix) {
  fbs::BinaryAttrsT attrs;
  attrs.kind = kind;
  attrs.activation = activation;
  return emit(make_attrs(std::move(attrs)), {a, b}, suffix);
}

ValueId GraphBuilder::reduce(fbs::ReduceKind kind, ValueId x, std::vector<uint32_t> axes, bool keep_dims,
                             const std::string& suffix) {
  fbs::ReduceAttrsT attrs;
  attrs.kind = kind;
  attrs.axes = std::move(axes);
  attrs.keep_dims = keep_dims;
  return emit(make_attrs(std::move(attrs)), {x}, suffix);
}

ValueId GraphBuilder::reshape(ValueId x, const Shape& shape, const std::string& suffix) {
  if (graph_.shape(x) == shape) return x;
  if (count(graph_.shape(x)) != count(shape)) {
    malformed("cannot give " + to_string(graph_.shape(x)) + " the shape " + to_string(shape));
  }
  if (graph_.is_constant(x)) {
    const auto make = [&] {
      Tensor result = graph_.constant(x);
      result.shape = shape;
      return result;
    };
    return add_folded(graph_.value(x).type, shape, make, suffix);
  }
  fbs::ReshapeAttrsT attrs;
  attrs.shape = dims_of<uint32_t>(shape);
  return emit(make_attrs(std::move(attrs)), {x}, suffix);
}

ValueId GraphBuilder::transpose(ValueId x, std::vector<uint32_t> perm, const std::string& suffix) {
  fbs::TransposeAttrsT attrs;
  attrs.perm = std::move(perm);
  return emit(make_attrs(std::move(attrs)), {x}, suffix);
}

ValueId GraphBuilder::expand(ValueId x, const Shape& shape, const std::string& suffix) {
  if (graph_.shape(x) == shape) return x;
  check_size(shape);
  fbs::ExpandAttrsT attrs;
  attrs.shape = dims_of<uint32_t>(shape);
  return emit(make_attrs(std::move(attrs)), {x}, suffix);
}

ValueId GraphBuilder::slice(ValueId x, const std::vector<int64_t>& start, const std::vector<int64_t>& step,
                            const Shape& sizes, const std::string& suffix) {
  const Shape& shape = graph_.shape(x);
  const ElementType type = graph_.value(x).type;
  const auto nothing = [&] { return Tensor(type, sizes); };
  if (is_empty(sizes)) return add_folded(type, sizes, nothing, suffix);
  check_size(sizes);
  fbs::SliceAttrsT attrs;
  bool whole = true;
  for (int i = 0; i < shape.rank; ++i) {
    const auto d = static_cast<size_t>(i);
    const int64_t first = as_int32(start[d]);
    const int64_t last = first + (sizes[i] - 1) * as_int32(step[d]);
    if (first < 0 || first >= shape[i] || last < 0 || last >= shape[i]) {
      malformed("positions " + std::to_string(first) + " to " + std::to_string(last) + " are outside of dimension " +
                std::to_string(i) + " of " + to_string(shape));
    }
    whole = whole && first == 0 && sizes[i] == shape[i];
    attrs.start.push_back(static_cast<int32_t>(first));
    attrs.step.push_back(static_cast<int32_t>(step[d]));
    attrs.sizes.push_back(static_cast<uint32_t>(sizes[i]));
  }
  if (whole) return x;
  return emit(make_attrs(std::move(attrs)), {x}, suffix);
}

ValueId GraphBuilder::element(ValueId x, int axis, int64_t index, const std::string& suffix) {
  std::vector<int64_t> dims = dims_of<int64_t>(graph_.shape(x));
  std::vector<int64_t> start(dims.size(), 0);
  const std::vector<int64_t> step(dims.size(), 1);
  start[static_cast<size_t>(axis)] = index;
  dims[static_cast<size_t>(axis)] = 1;
  const ValueId part = slice(x, start, step, make_shape(dims), suffix + "/slice");
  dims.erase(dims.begin() + axis);
  return reshape(part, make_shape(dims), suffix);
}

std::vector<ValueId> GraphBuilder::join_in_parts(const std::vector<ValueId>& values, int axis,
                                                 const std::string& suffix) {
  std::vector<ValueId> parts;
  for (size_t first = 0; first < values.size(); first += kMaxStepInputs) {
    const size_t last = std::min(values.size(), first + kMaxStepInputs);
    const std::vector<ValueId> part(values.begin() + static_cast<std::ptrdiff_t>(first),
                                    values.begin() + static_cast<std::ptrdiff_t>(last));
    parts.push_back(concat(part, axis, suffix + "/part_" + std::to_string(parts.size())));
  }
  return parts;
}

ValueId GraphBuilder::concat(std::vector<ValueId> values, int axis, const std::string& suffix) {
  const auto nothing = [this](ValueId id) { return is_empty(graph_.shape(id)); };
  const auto kept = std::remove_if(values.begin(), values.end(), nothing);
  if (kept != values.begin()) values.erase(kept, values.end());
  while (values.size() > kMaxStepInputs) values = join_in_parts(values, axis, suffix);
  if (values.size() == 1) return values.front();
  fbs::ConcatAttrsT attrs;
  attrs.axis = static_cast<uint32_t>(axis);
  return emit(make_attrs(std::move(attrs)), std::move(values), suffix);
}

ValueId GraphBuilder::pad(fbs::PadMode mode, ValueId x, const std::vector<int64_t>& begin,
                          const std::vector<int64_t>& end, float value, const std::string& suffix) {
  const auto is_zero = [](int64_t n) { return n == 0; };
  if (std::all_of(begin.begin(), begin.end(), is_zero) && std::all_of(end.begin(), end.end(), is_zero)) return x;
  fbs::PadAttrsT attrs;
  attrs.mode = mode;
  for (const int64_t n : begin) attrs.begin.push_back(as_int32(n));
  for (const int64_t n : end) attrs.end.push_back(as_int32(n));
  attrs.value = value;
  return emit(make_attrs(std::move(attrs)), {x}, suffix);
}

ValueId GraphBuilder::lookup(ValueId table, ValueId places, const std::string& suffix) {
  const Meaning meaning = is_integer(table) ? Meaning::kInteger : graph_.value(table).meaning;
  const ValueId y = emit(make_attrs(fbs::LookupAttrsT()), {table, places}, suffix);
  graph_.value(y).meaning = meaning;
  return y;
}

void GraphBuilder::check_turn() const {
  if (graph_.nodes.size() <= kMaxSteps && graph_.values.size() <= kMostValues) return;
  unsupported("with all turns of its loops the network has more than the " + std::to_string(kMaxSteps) +
              " steps of a file; export with fewer turns, or run it in parts");
}

std::vector<int64_t> GraphBuilder::index_list(int64_t n) {
  if (n > kMostElements) throw Error(ExitCode::kResourceLimit, "it takes 2^31 elements or more");
  budget_.take(ElementType::kI64, make_shape({n}), name_);
  std::vector<int64_t> list;
  list.reserve(static_cast<size_t>(n));
  return list;
}

ValueId GraphBuilder::gather(ValueId x, int axis, const std::vector<int64_t>& indices, const Shape& index_shape,
                             const std::string& suffix) {
  fbs::GatherAttrsT attrs;
  attrs.axis = static_cast<uint32_t>(axis);
  for (const int64_t index : indices) {
    if (index < 0 || index >= graph_.shape(x)[axis]) {
      malformed("index " + std::to_string(index) + " is outside of dimension " + std::to_string(axis) + " of " +
                to_string(graph_.shape(x)));
    }
    attrs.indices.push_back(static_cast<uint32_t>(index));
  }
  attrs.index_shape = dims_of<uint32_t>(index_shape);
  return emit(make_attrs(std::move(attrs)), {x}, suffix);
}

}  // namespace lacuna
