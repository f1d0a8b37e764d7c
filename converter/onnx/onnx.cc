#include "converter/onnx/onnx.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <queue>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "converter/onnx/onnx_ops.h"
#include "converter/onnx/tensor_proto.h"

namespace lacuna {

namespace onnx {
namespace {

constexpr int64_t kFirstOpset = 7;
constexpr int64_t kLastOpset = 28;

ModelProto read_model(const std::string& path) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  const uint64_t bytes = regular ? std::filesystem::file_size(path, error) : 0;
  std::ifstream file(path, std::ios::binary);
  if (!regular || error || !file) malformed(path + ": cannot read this file");
  if (bytes == 0) malformed(path + ": the file is empty");
  if (bytes > static_cast<uint64_t>(std::numeric_limits<int>::max())) {
    malformed(path + ": an ONNX file has less than 2 GiB; save larger models with external data");
  }
  ModelProto model;
  google::protobuf::io::IstreamInputStream stream(&file);
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(std::numeric_limits<int>::max());
  if (!model.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage()) {
    malformed(path + ": this is not a whole ONNX model; the file is damaged, cut short or of another kind");
  }
  if (!model.has_graph()) malformed(path + ": the model has no graph");
  return model;
}

int64_t opset_of(const ModelProto& model, const std::string& path) {
  for (const OperatorSetIdProto& opset : model.opset_import()) {
    if (!opset.domain().empty() && opset.domain() != "ai.onnx") continue;
    if (opset.version() >= kFirstOpset && opset.version() <= kLastOpset) return opset.version();
    unsupported(path + ": uses ONNX opset " + std::to_string(opset.version()) + "; Lacuna reads " +
                std::to_string(kFirstOpset) + " to " + std::to_string(kLastOpset) +
                ": export with one of these, or convert with onnx.version_converter");
  }
  malformed(path + ": the model does not say which ONNX opset it uses");
}

/// Names that nodes of nested graphs read from outside of them.
void collect_captures(const GraphProto& graph, std::set<std::string>& captures) {
  std::set<std::string> read;
  std::set<std::string> own;
  for (const TensorProto& tensor : graph.initializer()) own.insert(tensor.name());
  for (const SparseTensorProto& tensor : graph.sparse_initializer()) own.insert(tensor.values().name());
  for (const ValueInfoProto& input : graph.input()) own.insert(input.name());
  for (const ValueInfoProto& output : graph.output()) read.insert(output.name());
  for (const NodeProto& node : graph.node()) {
    read.insert(node.input().begin(), node.input().end());
    own.insert(node.output().begin(), node.output().end());
    for (const AttributeProto& attr : node.attribute()) {
      if (attr.has_g()) collect_captures(attr.g(), read);
      for (const GraphProto& nested : attr.graphs()) collect_captures(nested, read);
    }
  }
  std::set_difference(read.begin(), read.end(), own.begin(), own.end(), std::inserter(captures, captures.end()));
}

/// Everything that has to be there before the node runs.
std::set<std::string> dependencies(const NodeProto& node) {
  std::set<std::string> names(node.input().begin(), node.input().end());
  for (const AttributeProto& attr : node.attribute()) {
    if (attr.has_g()) collect_captures(attr.g(), names);
    for (const GraphProto& nested : attr.graphs()) collect_captures(nested, names);
  }
  names.erase("");
  return names;
}

std::string label(const NodeProto& node) {
  const std::string& domain = node.domain();
  const std::string op = domain.empty() || domain == "ai.onnx" ? node.op_type() : domain + "::" + node.op_type();
  if (!node.name().empty()) return op + " '" + node.name() + "'";
  return node.output_size() != 0 ? op + " of '" + node.output(0) + "'" : op;
}

class Importer {
 public:
  Importer(ModelProto& model, const std::string& path, const ImportOptions& options)
      : model_(model), path_(path), options_(options) {
    const std::filesystem::path file(path);
    state_.graph.name = file.filename().string();
    state_.folder = file.parent_path().string();
    state_.opset = opset_of(model, path);
    for (const FunctionProto& function : model.functions()) functions_.insert({function.domain(), function.name()});
  }

  Graph run() {
    GraphProto& graph = *model_.mutable_graph();
    refuse_quantized(graph);
    Scope scope;
    import_initializers(graph, scope);
    release_initializers(graph);
    import_inputs(graph, scope);
    import_nodes(graph, scope);
    import_outputs(graph, scope);
    if (!problems_.empty()) {
      std::string text = path_ + " uses what Lacuna does not have (" + std::to_string(problems_.size()) + "):";
      for (const std::string& problem : problems_) text += "\n  " + problem;
      if (skipped_ != 0) text += "\n  (" + std::to_string(skipped_) + " nodes that depend on these were not looked at)";
      unsupported(text);
    }
    return std::move(state_.graph);
  }

 private:
  /// What a name stands for.
  struct Binding {
    ValueId id = kNoValue;  ///< kNoValue: could not be made
    std::string problem;    ///< why, unless it has been reported
  };

  struct Scope {
    const Scope* parent = nullptr;
    std::unordered_map<std::string, Binding> bindings;
  };

  [[noreturn]] void fail(const std::string& message) const { malformed(path_ + ": " + message); }

  Binding* find(Scope& scope, const std::string& name) {
    for (Scope* at = &scope; at != nullptr; at = const_cast<Scope*>(at->parent)) {
      const auto found = at->bindings.find(name);
      if (found != at->bindings.end()) return &found->second;
    }
    return nullptr;
  }

  void bind(Scope& scope, const std::string& name, Binding binding) {
    if (!scope.bindings.emplace(name, std::move(binding)).second) fail("two values are called '" + name + "'");
  }

  void refuse_quantized(const GraphProto& graph) const {
    for (const NodeProto& node : graph.node()) {
      if (!is_quantized_op(node.op_type())) continue;
      unsupported(path_ + " is a quantised model (" + label(node) +
                  "), which Lacuna does not support: convert the float model that it was made from.");
    }
  }

  void import_initializers(const GraphProto& graph, Scope& scope) {
    for (const TensorProto& proto : graph.initializer()) {
      if (proto.name().empty()) fail("an initializer has no name");
      add_initializer(scope, proto.name(), in_file([&] { return decode_tensor(proto, state_.folder); }));
    }
    for (const SparseTensorProto& proto : graph.sparse_initializer()) {
      if (proto.values().name().empty()) fail("a sparse initializer has no name");
      add_initializer(scope, proto.values().name(),
                      in_file([&] { return decode_sparse_tensor(proto, state_.folder, state_.budget); }));
    }
  }

  void add_initializer(Scope& scope, const std::string& name, Tensor tensor) {
    bind(scope, name, {state_.graph.add_constant(name, std::move(tensor)), ""});
  }

  /// Gives back the memory of the encoded weights.
  static void release_initializers(GraphProto& graph) {
    google::protobuf::RepeatedPtrField<TensorProto> initializers;
    graph.mutable_initializer()->Swap(&initializers);
  }

  /// Runs what knows nothing of the file, and puts the file's name in front of its error.
  template <class Function>
  auto in_file(Function function) const -> decltype(function()) {
    try {
      return function();
    } catch (const Error& error) {
      throw Error(error.code, path_ + ": " + error.what());
    }
  }

  void import_inputs(const GraphProto& graph, Scope& scope) {
    std::set<std::string> unknown_shapes;
    std::string names;
    std::set<std::string> known_names;
    for (const ValueInfoProto& info : graph.input()) {
      if (info.name().empty()) fail("an input has no name");
      const auto initializer = scope.bindings.find(info.name());
      // Before IR version 4 initializers had to be listed among the inputs.
      if (initializer != scope.bindings.end() && state_.graph.is_constant(initializer->second.id)) continue;
      known_names.insert(info.name());
      names += (names.empty() ? "" : ", ") + info.name();
      import_input(info, scope, unknown_shapes);
    }
    for (const auto& [name, shape] : options_.input_shapes) {
      if (known_names.count(name) == 0) {
        throw Error(ExitCode::kUsage, path_ + ": --input-shape names '" + name + "', but the inputs are: " + names);
      }
    }
    if (unknown_shapes.empty()) return;
    std::string text = path_ + ": sizes of these inputs are not fixed in the model; give them as";
    for (const std::string& name : unknown_shapes) text += "\n  --input-shape " + name;
    throw Error(ExitCode::kUsage, text);
  }

  void import_input(const ValueInfoProto& info, Scope& scope, std::set<std::string>& unknown_shapes) {
    const std::string what = "input '" + info.name() + "'";
    const auto type = static_cast<DataType>(info.type().tensor_type().elem_type());
    if (!is_float(type) && !is_integer(type)) {
      bind(scope, info.name(),
           {kNoValue, what + " is " + (info.type().has_tensor_type() ? name_of(type) : "not a tensor") +
                          ": Lacuna runs fp32; move what turns it into floats into the application"});
      return;
    }
    const auto given = options_.input_shapes.find(info.name());
    const TensorShapeProto& proto = info.type().tensor_type().shape();
    const bool has_shape = info.type().tensor_type().has_shape();
    if (given != options_.input_shapes.end()) {
      if (has_shape && proto.dim_size() != given->second.rank) {
        throw Error(ExitCode::kUsage, path_ + ": --input-shape gives " + what + " " +
                                          std::to_string(given->second.rank) + " dimensions, but the model has " +
                                          std::to_string(proto.dim_size()));
      }
      for (const int64_t dim : given->second) {
        if (dim <= 0) throw Error(ExitCode::kUsage, path_ + ": --input-shape gives " + what + " a size below 1");
      }
      add_input(scope, info.name(), type, dims_of<int64_t>(given->second));
      return;
    }
    std::vector<int64_t> dims;
    std::string pattern = has_shape ? "" : "N,C,H,W";
    bool known = has_shape;
    for (int i = 0; i < proto.dim_size(); ++i) {
      const TensorShapeProto::Dimension& dim = proto.dim(i);
      const bool fixed = dim.has_dim_value() && dim.dim_value() > 0;
      if (dim.has_dim_value() && (dim.dim_value() < -1 || (dim.dim_value() == 0 && i != 0))) {
        fail(what + " has a dimension " + std::to_string(dim.dim_value()));
      }
      known = known && (fixed || i == 0);
      dims.push_back(fixed ? dim.dim_value() : 1);
      const std::string symbol = dim.dim_param().empty() ? "?" : dim.dim_param();
      pattern += (i != 0 ? "," : "") + (fixed || i == 0 ? std::to_string(dims.back()) : symbol);
    }
    if (known) {
      add_input(scope, info.name(), type, dims);
    } else {
      unknown_shapes.insert(info.name() + "=" + pattern +
                            (has_shape ? "" : "  (the model does not even give its rank)"));
      bind(scope, info.name(), {kNoValue, ""});
    }
  }

  /// Integers and booleans come as fp32 numbers.
  void add_input(Scope& scope, const std::string& name, DataType type, const std::vector<int64_t>& dims) {
    const Shape shape = in_file([&] { return checked_shape(dims, "input '" + name + "'"); });
    const ValueId id = state_.graph.add_input(name, shape);
    if (!is_float(type)) state_.graph.value(id).meaning = type == DataType::kBool ? Meaning::kTruth : Meaning::kInteger;
    bind(scope, name, {id, ""});
  }

  /// Nodes sorted so that each comes after what it depends on; otherwise in the file's order.
  std::vector<int> execution_order(const GraphProto& graph, Scope& scope) {
    std::unordered_map<std::string, int> producer;
    for (int i = 0; i < graph.node_size(); ++i) {
      for (const std::string& name : graph.node(i).output()) {
        if (!name.empty() && (!producer.emplace(name, i).second || scope.bindings.count(name) != 0)) {
          fail("two values are called '" + name + "'");
        }
      }
    }
    std::vector<std::vector<int>> readers(static_cast<size_t>(graph.node_size()));
    std::vector<size_t> waits_for(readers.size(), 0);
    for (int i = 0; i < graph.node_size(); ++i) {
      for (const std::string& name : dependencies(graph.node(i))) {
        const auto found = producer.find(name);
        if (found != producer.end()) {
          readers[static_cast<size_t>(found->second)].push_back(i);
          ++waits_for[static_cast<size_t>(i)];
        } else if (find(scope, name) == nullptr) {
          fail(label(graph.node(i)) + " reads '" + name + "', which nothing produces");
        }
      }
    }
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (int i = 0; i < graph.node_size(); ++i) {
      if (waits_for[static_cast<size_t>(i)] == 0) ready.push(i);
    }
    std::vector<int> order;
    while (!ready.empty()) {
      order.push_back(ready.top());
      ready.pop();
      for (const int reader : readers[static_cast<size_t>(order.back())]) {
        if (--waits_for[static_cast<size_t>(reader)] == 0) ready.push(reader);
      }
    }
    if (order.size() != waits_for.size()) {
      const auto stuck = std::find_if(waits_for.begin(), waits_for.end(), [](size_t n) { return n != 0; });
      fail("the graph has a cycle; it holds up " + label(graph.node(static_cast<int>(stuck - waits_for.begin()))));
    }
    return order;
  }

  void import_nodes(const GraphProto& graph, Scope& scope) {
    for (const int i : execution_order(graph, scope)) import_node(graph.node(i), scope);
  }

  /// Binds the outputs that are not bound yet. Reading one reports `problem`, unless that is empty.
  void bind_missing(const NodeProto& node, Scope& scope, const std::function<std::string(int)>& problem) {
    for (int i = 0; i < node.output_size(); ++i) {
      if (!node.output(i).empty() && scope.bindings.count(node.output(i)) == 0) {
        bind(scope, node.output(i), {kNoValue, problem(i)});
      }
    }
  }

  /// Reads a name. Reports why it could not be made when that is still to be done.
  ValueId read(Scope& scope, const std::string& name, bool* skip) {
    if (name.empty()) return kNoValue;
    Binding& binding = *find(scope, name);
    if (binding.id != kNoValue) return binding.id;
    if (!binding.problem.empty()) problems_.push_back(std::move(binding.problem));
    binding.problem.clear();
    *skip = true;
    return kNoValue;
  }

  void import_node(const NodeProto& node, Scope& scope) {
    bool skip = false;
    std::vector<ValueId> inputs;
    std::string shapes;
    for (const std::string& name : node.input()) {
      inputs.push_back(read(scope, name, &skip));
      shapes += " " + (inputs.back() != kNoValue ? to_string(state_.graph.shape(inputs.back())) : "-");
    }
    const std::string where = label(node) + shapes;
    const bool own_domain = node.domain().empty() || node.domain() == "ai.onnx";
    const Handler handler = own_domain ? find_handler(node.op_type()) : nullptr;
    if (functions_.count({node.domain(), node.op_type()}) != 0) {
      problems_.push_back(where + ": a function that the model defines; export with functions inlined (onnx.inliner)");
    } else if (handler == nullptr) {
      problems_.push_back(where + ": " + hint_for(node.op_type()));
    } else if (skip) {
      ++skipped_;
    } else {
      call(handler, node, std::move(inputs), where, scope);
    }
    bind_missing(node, scope, [](int) { return std::string(); });
  }

  void call(Handler handler, const NodeProto& node, std::vector<ValueId> inputs, const std::string& where,
            Scope& scope) {
    NodeContext context(state_, node, std::move(inputs),
                        [this, &scope](const GraphProto& graph, const std::vector<ValueId>& values) {
                          return import_nested(graph, values, scope);
                        });
    try {
      handler(context);
    } catch (const Error& error) {
      if (error.code != ExitCode::kUnsupported) throw Error(error.code, path_ + ": " + where + ": " + error.what());
      problems_.push_back(where + ": " + error.what());
      return;
    }
    for (size_t i = 0; i < context.output_count(); ++i) {
      if (!context.has_output(i) || !context.output(i).has_value()) continue;
      bind(scope, node.output(static_cast<int>(i)), {*context.output(i), ""});
    }
    bind_missing(node, scope,
                 [&where](int i) { return where + ": its output " + std::to_string(i) + " is not supported"; });
  }

  std::vector<ValueId> import_nested(const GraphProto& graph, const std::vector<ValueId>& inputs, const Scope& parent) {
    Scope scope;
    scope.parent = &parent;
    if (static_cast<size_t>(graph.input_size()) != inputs.size()) fail("a nested graph has another number of inputs");
    for (int i = 0; i < graph.input_size(); ++i)
      bind(scope, graph.input(i).name(), {inputs[static_cast<size_t>(i)], ""});
    import_initializers(graph, scope);
    import_nodes(graph, scope);
    std::vector<ValueId> outputs;
    bool skip = false;
    for (const ValueInfoProto& info : graph.output()) {
      if (find(scope, info.name()) == nullptr) fail("nothing produces '" + info.name() + "' of a nested graph");
      outputs.push_back(read(scope, info.name(), &skip));
    }
    return outputs;
  }

  void import_outputs(const GraphProto& graph, Scope& scope) {
    if (graph.output_size() == 0) fail("the graph has no output");
    std::unordered_set<std::string> names;
    for (const ValueInfoProto& info : graph.output()) {
      if (!names.insert(info.name()).second) fail("two outputs are called '" + info.name() + "'");
      if (scope.bindings.count(info.name()) == 0) fail("nothing produces the output '" + info.name() + "'");
      bool skip = false;
      const ValueId id = read(scope, info.name(), &skip);
      if (skip) continue;
      if (state_.graph.value(id).type != ElementType::kF32) {
        problems_.push_back("output '" + info.name() + "' is a constant of integers: drop it from the model's outputs");
      } else {
        state_.graph.outputs.push_back(own_output(info.name(), id));
      }
    }
  }

  /// An output is computed and has memory of its own: a constant, an input or a second name of an output is copied.
  ValueId own_output(const std::string& name, ValueId id) {
    Graph& graph = state_.graph;
    const auto listed = [id](const std::vector<ValueId>& ids) { return std::count(ids.begin(), ids.end(), id) != 0; };
    if (!graph.is_constant(id) && !listed(graph.inputs) && !listed(graph.outputs)) return id;
    const Shape shape = graph.shape(id);
    const ValueId copy = graph.add_value(name, ElementType::kF32, shape);
    graph.nodes.push_back(Node{name, make_attrs(fbs::UnaryAttrsT()), {id}, copy});
    return copy;
  }

  ModelProto& model_;
  const std::string path_;
  const ImportOptions& options_;
  ImportState state_;
  std::set<std::pair<std::string, std::string>> functions_;  ///< domain, name
  std::vector<std::string> problems_;
  size_t skipped_ = 0;
};

/// Reads a varint at `*at`. False when the bytes end inside of it.
bool read_varint(const std::string& bytes, size_t* at, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && *at < bytes.size(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes[(*at)++]);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

}  // namespace
}  // namespace onnx

bool looks_like_onnx(const std::string& bytes) {
  // Wire types of ModelProto's fields by number: 0 is a varint, 2 has a length.
  static constexpr int kWireTypes[] = {-1, 0,  2,  2,  2,  0,  2, 2,  2,  -1, -1, -1, -1, -1,
                                       2,  -1, -1, -1, -1, -1, 2, -1, -1, -1, -1, 2,  2};
  size_t at = 0;
  size_t fields = 0;
  while (at < bytes.size()) {
    uint64_t tag = 0;
    if (!onnx::read_varint(bytes, &at, &tag)) break;
    const uint64_t field = tag >> 3;
    if (field >= std::size(kWireTypes) || kWireTypes[field] != static_cast<int>(tag & 7)) return false;
    uint64_t value = 0;
    if (!onnx::read_varint(bytes, &at, &value)) break;
    ++fields;
    if ((tag & 7) == 0) continue;
    if (value > bytes.size() - at) break;  // `bytes` end here, or the file is cut short
    at += static_cast<size_t>(value);
  }
  return fields != 0;
}

Graph import_onnx(const std::string& path, const ImportOptions& options) {
  onnx::ModelProto model = onnx::read_model(path);
  return onnx::Importer(model, path, options).run();
}

}  // namespace lacuna
