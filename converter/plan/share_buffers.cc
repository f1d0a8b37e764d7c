#include <algorithm>

#include "converter/ir/operands.h"
#include "converter/plan/plan.h"
#include "kernels/footprint.h"

namespace lacuna {
namespace {

bool same_strides(const Shape& shape, const Shape& a, const Shape& b, int first_dim) {
  for (int i = first_dim; i < shape.rank; ++i) {
    if (shape[i] != 1 && a[i] != b[i]) return false;
  }
  return true;
}

/// Groups values into buffers. A value is a root (owner of its buffer) or lies inside a parent at an element offset.
class Sharing {
 public:
  Sharing(const Graph& graph, std::vector<Shape> strides)
      : graph_(graph), strides_(std::move(strides)), lives_(lives_of(graph)), places_(graph.values.size()) {
    is_graph_input_.resize(graph.values.size());
    for (const ValueId id : graph.inputs) is_graph_input_[static_cast<size_t>(id)] = true;
  }

  void share() {
    for (const Node& node : graph_.nodes) {
      if (node.attrs.type == fbs::OpAttrs::Concat) place_parts(node);
    }
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (is_placed(node.output)) continue;
      if (node.attrs.type == fbs::OpAttrs::Reshape) {
        view_reshape(node);
      } else if (node.attrs.type == fbs::OpAttrs::Slice) {
        view_slice(node);
      } else {
        reuse_operand(node, static_cast<int>(i));
      }
    }
  }

  void write(Plan& plan) const {
    std::vector<int> buffer_of(graph_.values.size(), -1);
    plan.values.resize(graph_.values.size());
    for (size_t i = 0; i < graph_.values.size(); ++i) {
      Placement& placement = plan.values[i];
      placement.strides = strides_[i];
      if (graph_.values[i].constant != nullptr || !lives_[i].used()) continue;
      const Root root = root_of(static_cast<ValueId>(i));
      int& buffer = buffer_of[static_cast<size_t>(root.id)];
      if (buffer < 0) {
        buffer = static_cast<int>(plan.buffers.size());
        plan.buffers.push_back(Buffer{0, 0, lives_[i]});
      }
      Buffer& shared = plan.buffers[static_cast<size_t>(buffer)];
      placement.buffer = buffer;
      const int64_t element = bytes_of(graph_.values[i].dtype);  // that of all values in the buffer
      placement.offset = static_cast<uint64_t>(root.offset * element);
      const auto end = static_cast<size_t>((root.offset + extent_of(static_cast<ValueId>(i))) * element);
      shared.bytes = std::max<uint64_t>(shared.bytes, align_up(end));
      shared.life.first = std::min(shared.life.first, lives_[i].first);
      shared.life.last = std::max(shared.life.last, lives_[i].last);
    }
  }

 private:
  struct Place {
    ValueId parent = kNoValue;
    int64_t offset = 0;  ///< elements from the parent's start
  };
  struct Root {
    ValueId id;
    int64_t offset;
  };

  Root root_of(ValueId id) const {
    Root root{id, 0};
    while (places_[static_cast<size_t>(root.id)].parent != kNoValue) {
      const Place& place = places_[static_cast<size_t>(root.id)];
      root = {place.parent, root.offset + place.offset};
    }
    return root;
  }
  bool is_placed(ValueId id) const { return places_[static_cast<size_t>(id)].parent != kNoValue; }
  const Shape& strides(ValueId id) const { return strides_[static_cast<size_t>(id)]; }
  bool computed(ValueId id) const {
    return id != kNoValue && !graph_.is_constant(id) && !is_graph_input_[static_cast<size_t>(id)];
  }
  int64_t extent_of(ValueId id) const {
    TensorView view;
    view.shape = graph_.shape(id);
    view.strides = strides(id);
    return extent(view);
  }
  void place(ValueId id, ValueId parent, int64_t offset) { places_[static_cast<size_t>(id)] = {parent, offset}; }

  /// Producers of a Concat's operands write straight into its output, where the operand's strides allow.
  void place_parts(const Node& node) {
    const auto axis = static_cast<int>(node.attrs.AsConcat()->axis);
    const ValueId whole = node.output;
    if (!parts_are_apart(node, axis)) return;
    const int first_dim = count(graph_.shape(whole), 0, axis) == 1 ? axis : 0;
    int64_t at = 0;
    for (const ValueId part : node.inputs) {
      const bool once = std::count(node.inputs.begin(), node.inputs.end(), part) == 1;
      const bool fits = same_strides(graph_.shape(part), strides(part), strides(whole), first_dim);
      if (computed(part) && once && fits && !is_placed(part)) place(part, whole, at * strides(whole)[axis]);
      at += graph_.shape(part)[axis];
    }
  }

  /// Whether who opens the file can tell that no part shares bytes with another: some of them may still be written
  /// while others lie in the output already.
  bool parts_are_apart(const Node& node, int axis) const {
    std::vector<Footprint> prints;
    TensorView view;
    view.dtype = graph_.value(node.output).dtype;
    view.strides = strides(node.output);
    int64_t at = 0;
    for (const ValueId part : node.inputs) {
      view.shape = graph_.shape(part);
      const Footprint print = footprint_of(view, at * view.strides[axis] * bytes_of(view.dtype));
      const auto touches = [&](const Footprint& other) { return print.shares_bytes_with(other); };
      if (std::any_of(prints.begin(), prints.end(), touches)) return false;
      prints.push_back(print);
      at += view.shape[axis];
    }
    return true;
  }

  void view_reshape(const Node& node) {
    const ValueId source = node.inputs[0];
    if (graph_.is_constant(source)) return;
    const bool dense = strides(source) == contiguous_strides(graph_.shape(source)) &&
                       strides(node.output) == contiguous_strides(graph_.shape(node.output));
    if (dense) place(node.output, source, 0);
  }

  void view_slice(const Node& node) {
    const ValueId source = node.inputs[0];
    if (graph_.is_constant(source)) return;
    const fbs::SliceAttrsT& attrs = *node.attrs.AsSlice();
    const bool unit_steps = std::all_of(attrs.step.begin(), attrs.step.end(), [](int32_t step) { return step == 1; });
    if (!unit_steps || !same_strides(graph_.shape(node.output), strides(node.output), strides(source), 0)) return;
    int64_t offset = 0;
    for (size_t i = 0; i < attrs.start.size(); ++i) offset += attrs.start[i] * strides(source)[static_cast<int>(i)];
    place(node.output, source, offset);
  }

  /// A result takes the memory of an operand of the same form, where the operator allows it and nothing else lives
  /// there any more.
  void reuse_operand(const Node& node, int step) {
    const std::vector<ValueId> operands = device_operands(node);
    for (const ValueId operand : operands) {
      if (operand == kNoValue || graph_.is_constant(operand) || !may_replace(node, operands, operand)) continue;
      const bool same_form = graph_.shape(operand) == graph_.shape(node.output) &&
                             graph_.value(operand).dtype == graph_.value(node.output).dtype &&
                             strides(operand) == strides(node.output);
      if (same_form && dies_at(operand, step)) {
        place(node.output, operand, 0);
        return;
      }
    }
  }

  /// Whether the node allows it for all inputs that the operand is.
  bool may_replace(const Node& node, const std::vector<ValueId>& operands, ValueId operand) const {
    const OpRun& op = *host_op(node.attrs.type).run;
    const bool replaces = replaces_its_residual(op, node) && graph_.value(operand).dtype == fbs::Dtype::F32;
    for (size_t i = 0; i < operands.size(); ++i) {
      if (operands[i] == operand && op.in_place != InPlace::kAny && !(replaces && i == 1)) return false;
    }
    return true;
  }

  /// By what is known of its weights before they are packed.
  bool replaces_its_residual(const OpRun& op, const Node& node) const {
    const fbs::ConvAttrsT* conv = node.attrs.AsConv();
    if (conv == nullptr) return false;
    const Shape& weight = graph_.shape(operand_with_role(node, Role::kWeight));
    const auto columns = static_cast<uint32_t>(count(weight, 1, weight.rank));
    const fbs::Packing packing = conv->groups > 1 ? fbs::Packing::Depthwise : fbs::Packing::None;  // at most
    return replaces_residual(op, packing, columns, 0);
  }

  /// Whether no value that shares bytes with `id`, `id` included, is alive after `step`, nor any other that the step
  /// reads: in another form, its elements would be overwritten before they are read.
  bool dies_at(ValueId id, int step) const {
    const Root root = root_of(id);
    const std::vector<ValueId> operands = device_operands(graph_.nodes[static_cast<size_t>(step)]);
    for (size_t i = 0; i < graph_.values.size(); ++i) {
      const auto other = static_cast<ValueId>(i);
      if (!lives_[i].used() || graph_.is_constant(other) || other == graph_.nodes[static_cast<size_t>(step)].output)
        continue;
      const Root other_root = root_of(other);
      if (other_root.id != root.id) continue;
      const bool overlaps =
          other_root.offset < root.offset + extent_of(id) && root.offset < other_root.offset + extent_of(other);
      const bool read = other != id && std::count(operands.begin(), operands.end(), other) > 0;
      if (overlaps && (lives_[i].last > step || read)) return false;
    }
    return true;
  }

  const Graph& graph_;
  std::vector<Shape> strides_;
  std::vector<Life> lives_;
  std::vector<Place> places_;
  std::vector<bool> is_graph_input_;
};

}  // namespace

void share_buffers(const Graph& graph, const std::vector<Shape>& strides, Plan& plan) {
  Sharing sharing(graph, strides);
  sharing.share();
  sharing.write(plan);
}

}  // namespace lacuna
