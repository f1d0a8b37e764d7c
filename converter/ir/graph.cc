#include "converter/ir/graph.h"

#include <flatbuffers/flatbuffers.h>

#include "converter/ir/operands.h"

namespace lacuna {

ValueId Graph::add_value(const std::string& value_name, ElementType type, const Shape& shape) {
  values.push_back(Value{value_name, type, shape, nullptr});
  return static_cast<ValueId>(values.size()) - 1;
}

ValueId Graph::add_input(const std::string& value_name, const Shape& shape) {
  inputs.push_back(add_value(value_name, ElementType::kF32, shape));
  return inputs.back();
}

ValueId Graph::add_constant(const std::string& value_name, Tensor tensor) {
  const ValueId id = add_value(value_name, tensor.type, tensor.shape);
  value(id).constant = std::make_shared<const Tensor>(std::move(tensor));
  return id;
}

PackedAttrs::PackedAttrs(const Attrs& attrs) {
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(false);
  const flatbuffers::Offset<void> root = attrs.Pack(builder);
  builder.Finish(flatbuffers::Offset<flatbuffers::Table>(root.o));
  buffer_ = builder.Release();
  table_ = flatbuffers::GetRoot<flatbuffers::Table>(buffer_.data());
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank; ++i) text += (i != 0 ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

std::string describe(const Graph& graph, const Node& node) {
  std::string text = std::string(fbs::EnumNameOpAttrs(node.attrs.type)) + " '" + node.name + "'";
  for (const ValueId id : node.inputs) text += id == kNoValue ? " -" : " " + to_string(graph.shape(id));
  return text;
}

Shape infer_shape(const Graph& graph, const Node& node) {
  const OpHost& op = host_op(node.attrs.type);
  std::vector<TensorView> views;
  for (const ValueId id : device_operands(node)) {
    TensorView view;
    if (id != kNoValue) {
      view.shape = graph.shape(id);
      view.strides = contiguous_strides(view.shape);
      view.present = true;
    }
    views.push_back(view);
  }
  const PackedAttrs attrs(node.attrs);
  OpStep step;
  step.attrs = attrs.table();
  step.inputs = {views.data(), views.size()};
  Shape output;
  lacuna_error error = {};
  if (static_cast<int>(views.size()) < op.run->min_inputs) {
    malformed(describe(graph, node) + ": too few inputs");
  }
  if (op.run->infer(step, &output, &error) != LACUNA_OK) malformed(describe(graph, node) + ": " + error.message);
  return output;
}

Tensor evaluate(const Attrs& attrs, const std::vector<const Tensor*>& inputs, const Shape& output_shape) {
  Tensor output(inputs.front()->type, output_shape);
  const PackedAttrs packed(attrs);
  host_op(attrs.type).reference(RefArgs{packed.table(), inputs, &output});
  return output;
}

ValueId append(Graph& graph, Attrs attrs, std::vector<ValueId> inputs, const std::string& name,
               const std::string& output_name) {
  Node node{name, std::move(attrs), std::move(inputs), kNoValue};
  const Shape shape = infer_shape(graph, node);
  const std::string& value_name = output_name.empty() ? name : output_name;
  bool all_constant = true;
  std::vector<const Tensor*> tensors;
  for (const ValueId id : node.inputs) {
    all_constant = all_constant && (id == kNoValue || graph.is_constant(id));
    tensors.push_back(graph.is_constant(id) ? &graph.constant(id) : nullptr);
  }
  if (all_constant) return graph.add_constant(value_name, evaluate(node.attrs, tensors, shape));
  node.output = graph.add_value(value_name, graph.value(node.inputs.front()).type, shape);
  graph.nodes.push_back(std::move(node));
  return graph.nodes.back().output;
}

Uses::Uses(const Graph& graph) : producer(graph.values.size(), -1), readers(graph.values.size()) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    producer[static_cast<size_t>(graph.nodes[i].output)] = static_cast<int>(i);
    for (const ValueId id : graph.nodes[i].inputs) {
      if (id != kNoValue) readers[static_cast<size_t>(id)].push_back(static_cast<int>(i));
    }
  }
}

void replace_value(Graph& graph, ValueId from, ValueId to) {
  for (Node& node : graph.nodes) {
    for (ValueId& id : node.inputs) {
      if (id == from) id = to;
    }
  }
  for (ValueId& id : graph.outputs) {
    if (id == from) id = to;
  }
}

}  // namespace lacuna
