#include <map>
#include <string>

#include "converter/passes/passes.h"
#include "converter/passes/rewrite.h"

namespace lacuna {

namespace {

/// Larger constants are told apart by their ids: comparing them costs more than they are likely to save.
constexpr int64_t kMaxComparedElements = 4096;

template <class T>
void put(std::string& key, const T& number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <class T>
void put(std::string& key, const std::vector<T>& elements) {
  key.append(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T));
}

std::string constant_key(const Tensor& tensor) {
  std::string key;
  put(key, tensor.type);
  put(key, tensor.shape.rank);
  for (const int64_t dim : tensor.shape) put(key, dim);
  put(key, tensor.f32);
  put(key, tensor.i64);
  return key;
}

std::string node_key(const Node& node) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(flatbuffers::Offset<flatbuffers::Table>(node.attrs.Pack(builder).o));
  std::string key;
  put(key, node.attrs.type);
  for (const ValueId id : node.inputs) put(key, id);
  return key.append(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
}

/// Equal small constants get one id, so that nodes which read them compare equal.
bool merge_constants(Graph& graph) {
  std::map<std::string, ValueId> first_with;
  bool changed = false;
  for (Node& node : graph.nodes) {
    for (ValueId& id : node.inputs) {
      if (!graph.is_constant(id) || count(graph.shape(id)) > kMaxComparedElements) continue;
      const ValueId first = first_with.emplace(constant_key(graph.constant(id)), id).first->second;
      changed = changed || first != id;
      id = first;
    }
  }
  return changed;
}

}  // namespace

bool merge_duplicates(Graph& graph) {
  bool changed = merge_constants(graph);
  std::map<std::string, ValueId> first_with;
  changed = rewrite_each(graph,
                         [&](Graph& g, const Uses&, size_t i) {
                           Node& node = g.nodes[i];
                           const auto [entry, is_new] = first_with.emplace(node_key(node), node.output);
                           const ValueId first = entry->second;
                           if (is_new || first == node.output) return false;
                           if (is_output(g, node.output)) {
                             if (node.attrs.type == fbs::OpAttrs::Reshape) return false;
                             node.attrs = reshape_attrs(g.shape(first));
                             node.inputs = {first};
                             return true;
                           }
                           replace_value(g, node.output, first);
                           erase_node(g, i);
                           return true;
                         }) ||
            changed;
  return changed;
}

}  // namespace lacuna
