#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "converter/passes/channel_map.h"
#include "converter/passes/passes.h"
#include "converter/passes/permutation.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

namespace {

/// A value that is not computed yet: the transpose of another one.
struct View {
  ValueId source = kNoValue;
  Perm perm;
};

/// What a sweep does at a node that could go on with its transposed operands.
enum class Decision : uint8_t { kDefault, kSink, kStay };

/// A node where the other decision may cost less.
struct Choice {
  size_t node;
  Decision taken;
};

/// A node that was moved in front of the transpose of its operands.
struct Sunk {
  Node node;  ///< its output is not set
  Perm perm;  ///< of the transpose behind it
};

/// One walk over a graph that makes another one: a transpose is not emitted where it stands but kept as a view, and
/// nodes that do not care about the order of dimensions work on the source of the view. Where a node does care, the
/// view becomes a transpose.
class Sweep {
 public:
  Sweep(const Graph& from, const Uses& uses, const std::vector<Decision>& decisions)
      : from_(from), uses_(uses), decisions_(decisions), to_(from) {
    to_.nodes.clear();
  }

  void run();
  Graph& result() { return to_; }
  const std::vector<Choice>& choices() const { return choices_; }

 private:
  /// An operand as a transpose of something that exists.
  View view_of(ValueId id) const;
  bool has_view(ValueId id) const { return views_.count(id) != 0; }
  const Perm& perm_of(ValueId id) const { return views_.at(id).perm; }

  ValueId emit(std::string name, Attrs attrs, std::vector<ValueId> inputs, const Shape& shape,
               ValueId output = kNoValue);
  ValueId emit_reshape(ValueId id, const Shape& shape);
  ValueId emit_transpose(ValueId source, const Perm& perm, const std::string& name, ValueId output = kNoValue);
  ValueId read(ValueId id);
  /// The value whose transpose by `perm` is the operand.
  ValueId read_before(ValueId id, const Perm& perm);
  /// Whether read_before moves elements of a computed value.
  bool moves(ValueId id, const Perm& perm) const;
  /// A view of the operand with ones in front, up to this rank.
  View widened(ValueId id, int rank) const;

  void place(size_t index);
  void place_plain(const Node& node);
  void finish_outputs();
  bool wants_sink(size_t index, bool mixed, bool contested);

  bool sink(size_t index);
  bool is_contested(const Node& node) const;
  std::optional<Sunk> sunk(const Node& node);
  std::optional<Sunk> sunk_first_operand(const Node& node);
  std::optional<Sunk> sunk_affine(const Node& node, const Perm& perm);
  std::optional<Sunk> sunk_normalize(const Node& node, const Perm& perm) const;
  std::optional<Sunk> sunk_reduce(const Node& node, const Perm& perm) const;
  std::optional<Sunk> sunk_gather(const Node& node, const Perm& perm) const;
  std::optional<Sunk> sunk_reshape(const Node& node, const Perm& perm) const;
  bool sink_many(size_t index);
  bool target_of(const Node& node, Perm* perm) const;

  bool reshape_source(const Node& node);
  bool flatten_source(const Node& node);
  void place_fully_connected(Node node);
  void place_matmul(Node node);

  const Graph& from_;
  const Uses& uses_;
  const std::vector<Decision>& decisions_;
  Graph to_;
  std::map<ValueId, View> views_;
  std::map<std::pair<ValueId, Perm>, ValueId> transposes_;
  /// Flattened values whose last dimension is in the order of the view's source: dimensions and perm of the view.
  struct Scramble {
    std::vector<int64_t> dims;  ///< that were flattened
    Perm perm;                  ///< among them
  };
  std::map<ValueId, Scramble> scrambles_;
  std::vector<Choice> choices_;
};

template <class T>
std::vector<T> before_transpose(const std::vector<T>& entries, const Perm& perm) {
  return permute(entries, inverse(perm));
}

Shape with_ones_in_front(const Shape& shape, int rank) {
  Shape result;
  for (int i = shape.rank; i < rank; ++i) result.push_back(1);
  for (const int64_t dim : shape) result.push_back(dim);
  return result;
}

View Sweep::view_of(ValueId id) const {
  const auto found = views_.find(id);
  return found != views_.end() ? found->second : View{id, identity_perm(to_.shape(id).rank)};
}

ValueId Sweep::emit(std::string name, Attrs attrs, std::vector<ValueId> inputs, const Shape& shape, ValueId output) {
  if (output == kNoValue) output = to_.add_value(name, to_.value(inputs.front()).type, shape);
  to_.nodes.push_back(Node{std::move(name), std::move(attrs), std::move(inputs), output});
  return output;
}

ValueId Sweep::emit_reshape(ValueId id, const Shape& shape) {
  return to_.shape(id) == shape ? id : emit(to_.value(id).name, reshape_attrs(shape), {id}, shape);
}

ValueId Sweep::emit_transpose(ValueId source, const Perm& perm, const std::string& name, ValueId output) {
  const Shape shape = permute(to_.shape(source), perm);
  if (moves_only_units(to_.shape(source), perm)) return emit(name, reshape_attrs(shape), {source}, shape, output);
  fbs::TransposeAttrsT attrs;
  attrs.perm = perm;
  return emit(name, make_attrs(std::move(attrs)), {source}, shape, output);
}

ValueId Sweep::read(ValueId id) {
  if (!has_view(id)) return id;
  const View view = views_.at(id);
  if (is_identity(view.perm)) return view.source;
  const auto [entry, is_new] = transposes_.emplace(std::make_pair(view.source, view.perm), id);
  if (is_new) emit_transpose(view.source, view.perm, to_.value(id).name, id);
  return entry->second;
}

ValueId Sweep::read_before(ValueId id, const Perm& perm) {
  const View view = widened(id, static_cast<int>(perm.size()));
  const Perm rest = compose(view.perm, inverse(perm));
  const ValueId source =
      emit_reshape(view.source, with_ones_in_front(to_.shape(view.source), static_cast<int>(perm.size())));
  if (is_identity(rest)) return source;
  const auto [entry, is_new] = transposes_.emplace(std::make_pair(source, rest), kNoValue);
  if (is_new) entry->second = emit_transpose(source, rest, to_.value(id).name);
  return entry->second;
}

View Sweep::widened(ValueId id, int rank) const {
  const View view = view_of(id);
  return {view.source, extend_front(view.perm, rank)};
}

bool Sweep::moves(ValueId id, const Perm& perm) const {
  if (from_.is_constant(id)) return false;
  const View view = widened(id, static_cast<int>(perm.size()));
  const Shape shape = with_ones_in_front(to_.shape(view.source), static_cast<int>(perm.size()));
  return !moves_only_units(shape, compose(view.perm, inverse(perm)));
}

void Sweep::run() {
  for (size_t i = 0; i < from_.nodes.size(); ++i) place(i);
  finish_outputs();
}

void Sweep::finish_outputs() {
  for (ValueId& id : to_.outputs) {
    const ValueId source = read(id);
    // The copy keeps the output's id and name; remove_noops takes it out where it can.
    if (source != id) emit(to_.value(id).name, reshape_attrs(to_.shape(id)), {source}, to_.shape(id), id);
    views_.erase(id);
  }
}

void Sweep::place(size_t index) {
  const Node& node = from_.nodes[index];
  if (node.attrs.type == fbs::OpAttrs::Transpose) {
    const View view = view_of(node.inputs[0]);
    views_[node.output] = {view.source, compose(view.perm, node.attrs.AsTranspose()->perm)};
  } else if (!sink(index)) {
    place_plain(node);
  }
}

void Sweep::place_plain(const Node& node) {
  Node placed = node;
  if (node.attrs.type == fbs::OpAttrs::FullyConnected) return place_fully_connected(std::move(placed));
  if (node.attrs.type == fbs::OpAttrs::MatMul) return place_matmul(std::move(placed));
  for (ValueId& id : placed.inputs) {
    if (id != kNoValue) id = read(id);
  }
  to_.nodes.push_back(std::move(placed));
}

/// Default for an operand that would have to be transposed for it: the node stays.
bool Sweep::wants_sink(size_t index, bool mixed, bool contested) {
  Decision decision = decisions_[index];
  if (decision == Decision::kDefault) decision = mixed ? Decision::kStay : Decision::kSink;
  if (mixed || contested) choices_.push_back({index, decision});
  return decision == Decision::kSink;
}

/// Whether moving the transpose behind the node may make it larger or one of two.
bool Sweep::is_contested(const Node& node) const {
  int64_t moved = 0;
  bool shared = false;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue || !has_view(id)) continue;
    moved += count(from_.shape(id));
    shared = shared || uses_.readers_of(id).size() > 1;
  }
  return shared || count(from_.shape(node.output)) > moved;
}

bool Sweep::sink(size_t index) {
  const Node& node = from_.nodes[index];
  if (node.attrs.type == fbs::OpAttrs::Binary || node.attrs.type == fbs::OpAttrs::Concat) return sink_many(index);
  if (!has_view(node.inputs[0]) || is_identity(perm_of(node.inputs[0]))) return false;
  if (node.attrs.type == fbs::OpAttrs::Reshape && (reshape_source(node) || flatten_source(node))) return true;
  auto moved = sunk_first_operand(node);
  if (!moved) return false;
  const Shape& shape = from_.shape(node.output);
  const Shape before = permute(shape, inverse(moved->perm));
  if (!fits(to_, moved->node, before) || !wants_sink(index, false, is_contested(node))) return false;
  moved->node.output = to_.add_value(to_.value(node.output).name, to_.value(node.output).type, before);
  views_[node.output] = {moved->node.output, moved->perm};
  to_.nodes.push_back(std::move(moved->node));
  return true;
}

/// The node on the source of its first operand's view. Other operands stay as they are.
std::optional<Sunk> Sweep::sunk_first_operand(const Node& node) {
  const View view = views_.at(node.inputs[0]);
  const Perm& perm = view.perm;
  Sunk result{node, perm};
  result.node.inputs[0] = view.source;
  switch (node.attrs.type) {
    case fbs::OpAttrs::Unary:
      return result;
    case fbs::OpAttrs::Softmax: {
      uint32_t& axis = result.node.attrs.AsSoftmax()->axis;
      axis = perm[axis];
      return result;
    }
    case fbs::OpAttrs::Pad: {
      fbs::PadAttrsT& attrs = *result.node.attrs.AsPad();
      attrs.begin = before_transpose(attrs.begin, perm);
      attrs.end = before_transpose(attrs.end, perm);
      return result;
    }
    case fbs::OpAttrs::Slice: {
      fbs::SliceAttrsT& attrs = *result.node.attrs.AsSlice();
      attrs.start = before_transpose(attrs.start, perm);
      attrs.step = before_transpose(attrs.step, perm);
      attrs.sizes = before_transpose(attrs.sizes, perm);
      return result;
    }
    case fbs::OpAttrs::Tile: {
      std::vector<uint32_t>& repeats = result.node.attrs.AsTile()->repeats;
      repeats = before_transpose(repeats, perm);
      return result;
    }
    case fbs::OpAttrs::Expand: {
      std::vector<uint32_t>& shape = result.node.attrs.AsExpand()->shape;
      if (from_.shape(node.output).rank != static_cast<int>(perm.size()) || shape.size() != perm.size()) return {};
      shape = before_transpose(shape, perm);
      return result;
    }
    case fbs::OpAttrs::Resize: {
      fbs::ResizeAttrsT& attrs = *result.node.attrs.AsResize();
      if (!attrs.roi.empty()) return {};
      attrs.sizes = before_transpose(attrs.sizes, perm);
      if (!attrs.scales.empty()) attrs.scales = before_transpose(attrs.scales, perm);
      return result;
    }
    case fbs::OpAttrs::FullyConnected: {
      const bool keeps_last = perm.back() + 1 == perm.size();
      return keeps_last && operand(node, 3) == kNoValue ? std::optional<Sunk>(result) : std::nullopt;
    }
    case fbs::OpAttrs::Affine:
      return sunk_affine(result.node, perm);
    case fbs::OpAttrs::Normalize:
      return sunk_normalize(result.node, perm);
    case fbs::OpAttrs::Reduce:
      return sunk_reduce(result.node, perm);
    case fbs::OpAttrs::Gather:
      return sunk_gather(result.node, perm);
    case fbs::OpAttrs::Reshape:
      return sunk_reshape(node, perm);
    default:
      return {};
  }
}

/// Channels must stay dimension 1, unless they all have the same factors.
std::optional<Sunk> Sweep::sunk_affine(const Node& node, const Perm& perm) {
  Sunk result{node, perm};
  if (perm[1] == 1) return result;
  const auto map = channel_map(to_, from_.nodes[static_cast<size_t>(uses_.producer_of(node.output))], 0);
  if (!map) return {};
  const auto channels = static_cast<size_t>(to_.shape(node.inputs[0])[1]);
  result.node.inputs[1] = add_vector(to_, node.name + "/scale", std::vector<double>(channels, map->scale.front()));
  result.node.inputs[2] = add_vector(to_, node.name + "/shift", std::vector<double>(channels, map->shift.front()));
  return result;
}

std::optional<Sunk> Sweep::sunk_normalize(const Node& node, const Perm& perm) const {
  Sunk result{node, perm};
  fbs::NormalizeAttrsT& attrs = *result.node.attrs.AsNormalize();
  if (attrs.kind == fbs::NormKind::L2) {
    attrs.axis = perm[attrs.axis];
    return result;
  }
  const bool instance = attrs.kind == fbs::NormKind::Instance;
  const uint32_t first = instance ? 0 : attrs.axis;
  const uint32_t last = instance ? 2 : static_cast<uint32_t>(perm.size());
  for (uint32_t i = first; i < last; ++i) {
    if (perm[i] != i) return {};
  }
  return result;
}

/// The transpose of what is left when the source loses `removed` dimensions.
Perm remaining_perm(const Perm& perm, const std::vector<uint32_t>& removed) {
  const auto is_removed = [&](uint32_t i) { return std::find(removed.begin(), removed.end(), i) != removed.end(); };
  Perm result;
  for (const uint32_t i : perm) {
    if (is_removed(i)) continue;
    uint32_t position = i;
    for (const uint32_t axis : removed) position -= axis < i ? 1 : 0;
    result.push_back(position);
  }
  return result;
}

std::optional<Sunk> Sweep::sunk_reduce(const Node& node, const Perm& perm) const {
  Sunk result{node, perm};
  fbs::ReduceAttrsT& attrs = *result.node.attrs.AsReduce();
  for (uint32_t& axis : attrs.axes) axis = perm[axis];
  std::sort(attrs.axes.begin(), attrs.axes.end());
  if (!attrs.keep_dims) result.perm = remaining_perm(perm, attrs.axes);
  return result;
}

std::optional<Sunk> Sweep::sunk_gather(const Node& node, const Perm& perm) const {
  Sunk result{node, perm};
  fbs::GatherAttrsT& attrs = *result.node.attrs.AsGather();
  if (attrs.index_shape.size() > 1) return {};
  attrs.axis = perm[attrs.axis];
  if (attrs.index_shape.empty()) result.perm = remaining_perm(perm, {attrs.axis});
  return result;
}

/// Neighbouring dimensions of a reshape's operand that become neighbouring ones of its result.
struct DimGroup {
  std::vector<int> from;
  std::vector<int> to;
};

std::vector<DimGroup> dim_groups(const Shape& from, const Shape& to) {
  std::vector<DimGroup> groups;
  int i = 0;
  int j = 0;
  while (i < from.rank && j < to.rank) {
    DimGroup group{{i}, {j}};
    int64_t a = from[i++];
    int64_t b = to[j++];
    while (a != b) {
      if (a < b) {
        group.from.push_back(i);
        a *= from[i++];
      } else {
        group.to.push_back(j);
        b *= to[j++];
      }
    }
    groups.push_back(std::move(group));
  }
  if (groups.empty()) return groups;
  for (; i < from.rank; ++i) groups.back().from.push_back(i);  // ones
  for (; j < to.rank; ++j) groups.back().to.push_back(j);
  return groups;
}

/// Where a group's dimensions begin in the source of the view; nothing if they are not neighbours there.
std::optional<int> place_in_source(const DimGroup& group, const Shape& source, const Perm& perm) {
  std::vector<int> places;
  for (const int i : group.from) {
    const auto place = static_cast<int>(perm[static_cast<size_t>(i)]);
    if (source[place] != 1) places.push_back(place);
  }
  if (places.empty()) return static_cast<int>(perm[static_cast<size_t>(group.from.front())]);
  for (size_t k = 1; k < places.size(); ++k) {
    if (places[k] < places[k - 1] || count(source, places[k - 1] + 1, places[k]) != 1) return std::nullopt;
  }
  return places.front();
}

/// A reshape that splits and merges dimensions which are neighbours before the transpose as well.
std::optional<Sunk> Sweep::sunk_reshape(const Node& node, const Perm& perm) const {
  const ValueId id = views_.at(node.inputs[0]).source;
  const Shape& source = to_.shape(id);
  const Shape& shape = from_.shape(node.output);
  std::vector<std::pair<int, DimGroup>> placed;
  for (DimGroup& group : dim_groups(from_.shape(node.inputs[0]), shape)) {
    const auto place = place_in_source(group, source, perm);
    if (!place) return {};
    placed.emplace_back(*place, std::move(group));
  }
  std::sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Shape before;
  Sunk result;
  result.perm.resize(static_cast<size_t>(shape.rank));
  for (const auto& [place, group] : placed) {
    for (const int j : group.to) {
      result.perm[static_cast<size_t>(j)] = static_cast<uint32_t>(before.rank);
      before.push_back(shape[j]);
    }
  }
  if (before.rank != shape.rank) return {};
  result.node = Node{node.name, reshape_attrs(before), {id}, kNoValue};
  return result;
}

/// A reshape behind a transpose that keeps the order of elements.
bool Sweep::reshape_source(const Node& node) {
  const View view = views_.at(node.inputs[0]);
  if (!moves_only_units(to_.shape(view.source), view.perm)) return false;
  Node reshape = node;
  reshape.inputs[0] = view.source;
  to_.nodes.push_back(std::move(reshape));
  return true;
}

/// A flatten that only fully connected nodes read: their weights take the order of the source instead.
bool Sweep::flatten_source(const Node& node) {
  const View view = views_.at(node.inputs[0]);
  const Shape& dims = from_.shape(node.inputs[0]);
  const Shape& shape = from_.shape(node.output);
  const std::vector<DimGroup> groups = dim_groups(dims, shape);
  if (groups.empty() || groups.back().to.size() != 1 || is_output(from_, node.output)) return false;
  const int first = groups.back().from.front();
  for (int i = 0; i < first; ++i) {
    if (view.perm[static_cast<size_t>(i)] != static_cast<uint32_t>(i)) return false;
  }
  for (const int reader : uses_.readers_of(node.output)) {
    const Node& user = from_.nodes[static_cast<size_t>(reader)];
    if (user.attrs.type != fbs::OpAttrs::FullyConnected || operand(user, 3) == node.output ||
        !from_.is_constant(user.inputs[1])) {
      return false;
    }
  }
  Scramble scramble;
  for (int i = first; i < dims.rank; ++i) {
    scramble.dims.push_back(dims[i]);
    scramble.perm.push_back(view.perm[static_cast<size_t>(i)] - static_cast<uint32_t>(first));
  }
  scrambles_[node.output] = std::move(scramble);
  Node reshape = node;
  reshape.inputs[0] = view.source;
  to_.nodes.push_back(std::move(reshape));
  return true;
}

void Sweep::place_fully_connected(Node node) {
  const auto scramble = scrambles_.find(node.inputs[0]);
  if (scramble != scrambles_.end()) {
    const Shape weight = to_.shape(node.inputs[1]);
    std::vector<int64_t> dims = {weight[0]};
    dims.insert(dims.end(), scramble->second.dims.begin(), scramble->second.dims.end());
    const Perm back = extend_front(inverse(scramble->second.perm), static_cast<int>(dims.size()));
    const ValueId split = emit_reshape(node.inputs[1], make_shape(dims));
    node.inputs[1] = emit_reshape(emit_transpose(split, back, to_.value(split).name), weight);
  }
  for (ValueId& id : node.inputs) {
    if (id != kNoValue) id = read(id);
  }
  to_.nodes.push_back(std::move(node));
}

/// A transpose of an operand's matrices is an attribute.
void Sweep::place_matmul(Node node) {
  fbs::MatMulAttrsT& attrs = *node.attrs.AsMatMul();
  for (size_t side = 0; side < 2; ++side) {
    ValueId& id = node.inputs[side];
    Perm swap = identity_perm(to_.shape(id).rank);
    std::swap(swap[swap.size() - 1], swap[swap.size() - 2]);
    if (has_view(id) && perm_of(id) == swap) {
      id = views_.at(id).source;
      bool& flag = side == 0 ? attrs.transpose_a : attrs.transpose_b;
      flag = !flag;
    } else {
      id = read(id);
    }
  }
  to_.nodes.push_back(std::move(node));
}

/// The transpose of the largest operand that has one.
bool Sweep::target_of(const Node& node, Perm* perm) const {
  int64_t largest = 0;
  for (const ValueId id : node.inputs) {
    if (!has_view(id) || is_identity(perm_of(id)) || count(from_.shape(id)) <= largest) continue;
    largest = count(from_.shape(id));
    *perm = extend_front(perm_of(id), from_.shape(node.output).rank);
  }
  return largest != 0;
}

/// Binary and Concat: all operands have to come in one order.
bool Sweep::sink_many(size_t index) {
  const Node& node = from_.nodes[index];
  Perm perm;
  if (!target_of(node, &perm)) return false;
  const bool is_binary = node.attrs.type == fbs::OpAttrs::Binary;
  const auto stays = [&](ValueId id) { return is_binary && count(from_.shape(id)) == 1; };
  const bool mixed =
      std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return !stays(id) && moves(id, perm); });
  if (!wants_sink(index, mixed, is_contested(node))) return false;
  Node moved = node;
  for (ValueId& id : moved.inputs) id = stays(id) ? read(id) : read_before(id, perm);
  if (fbs::ConcatAttrsT* concat = moved.attrs.AsConcat()) concat->axis = perm[concat->axis];
  const Value& value = from_.value(node.output);
  const Shape before = permute(value.shape, inverse(perm));
  moved.output = to_.add_value(value.name, value.type, before);
  views_[node.output] = {moved.output, perm};
  to_.nodes.push_back(std::move(moved));
  return true;
}

/// What transposes cost: elements moved, then their number, then how many nodes stand behind them.
using Cost = std::tuple<int64_t, int64_t, int64_t>;

Cost cost_of(const Graph& graph) {
  std::vector<bool> fixed(graph.values.size());
  for (size_t id = 0; id < fixed.size(); ++id) fixed[id] = graph.values[id].constant != nullptr;
  int64_t elements = 0;
  int64_t transposes = 0;
  int64_t others = 0;
  int64_t others_in_front = 0;
  for (const Node& node : graph.nodes) {
    const bool all_fixed = std::all_of(node.inputs.begin(), node.inputs.end(),
                                       [&](ValueId id) { return id == kNoValue || fixed[static_cast<size_t>(id)]; });
    fixed[static_cast<size_t>(node.output)] = all_fixed;
    if (all_fixed || node.attrs.type == fbs::OpAttrs::Reshape) continue;
    if (node.attrs.type == fbs::OpAttrs::Transpose) {
      elements += count(graph.shape(node.output));
      ++transposes;
      others_in_front += others;
    } else {
      ++others;
    }
  }
  return {elements, transposes, transposes * others - others_in_front};
}

struct Attempt {
  Graph graph;
  Cost cost;
  std::vector<Choice> choices;
};

Attempt attempt(const Graph& graph, const Uses& uses, const std::vector<Decision>& decisions) {
  Sweep sweep(graph, uses, decisions);
  sweep.run();
  const Cost cost = cost_of(sweep.result());
  return {std::move(sweep.result()), cost, sweep.choices()};
}

/// Bounds the search on graphs full of transposes that have to stay.
constexpr int kMaxAttempts = 100;

}  // namespace

// Sinking everything that can be sunk is right where transposes meet their inverse further down, as in models that came
// from a channel-last framework. Where they do not, it may move more elements than before: so single decisions are
// reversed as long as that pays. The cost strictly decreases with each change, which ends the rounds.
bool cancel_transposes(Graph& graph) {
  const bool any = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                               [](const Node& node) { return node.attrs.type == fbs::OpAttrs::Transpose; });
  if (!any) return false;
  const Uses uses(graph);
  std::vector<Decision> decisions(graph.nodes.size(), Decision::kDefault);
  Attempt best = attempt(graph, uses, decisions);
  int attempts = 1;
  for (size_t i = 0; i < best.choices.size() && attempts < kMaxAttempts; ++i, ++attempts) {
    const Choice choice = best.choices[i];
    Decision& decision = decisions[choice.node];
    const Decision previous = decision;
    decision = choice.taken == Decision::kSink ? Decision::kStay : Decision::kSink;
    Attempt other = attempt(graph, uses, decisions);
    if (other.cost < best.cost) {
      best = std::move(other);
    } else {
      decision = previous;
    }
  }
  if (best.cost >= cost_of(graph)) return false;
  graph = std::move(best.graph);
  fold_constants(graph);
  return true;
}

}  // namespace lacuna
