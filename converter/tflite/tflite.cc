#include "converter/tflite/tflite.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <unordered_map>

#include "converter/tflite/dilation.h"
#include "converter/tflite/tflite_ops.h"

namespace lacuna {

namespace tflite {
namespace {

using tflite_fbs::BuiltinOperator;
using tflite_fbs::TensorType;

bool is_small_integer(TensorType type) {
  return type == TensorType::INT8 || type == TensorType::UINT8 || type == TensorType::INT16 ||
         type == TensorType::INT4 || type == TensorType::UINT4 || type == TensorType::INT2;
}

/// What to give for --input-shape, such as 1,?,?,3: a free batch is 1, other free dimensions are for the user to
/// choose.
std::string shape_pattern(const std::vector<int>& dims) {
  std::string text;
  for (size_t i = 0; i < dims.size(); ++i) {
    text += (i != 0 ? "," : "") + (dims[i] != -1 ? std::to_string(dims[i]) : i == 0 ? "1" : "?");
  }
  return text;
}

/// Messages of its errors do not name the file.
class Importer {
 public:
  Importer(const std::string& path, const ImportOptions& options) : state_(path), options_(options) {
    state_.graph.name = std::filesystem::path(path).filename().string();
    state_.budget = MemoryBudget((uint64_t{2} << 30) + kBudgetPerFileByte * model().file_bytes());
  }

  Graph run() {
    refuse_quantized();
    const Entered main(*this, 0);
    import_inputs();
    import_nodes();
    import_outputs();
    if (!problems_.empty()) {
      std::string text = "uses what Lacuna does not have (" + std::to_string(problems_.size()) + "):";
      for (const std::string& problem : problems_) text += "\n  " + problem;
      unsupported(text);
    }
    return std::move(state_.graph);
  }

 private:
  /// What the file itself holds may be kept twice as fp32: as stored and reordered.
  static constexpr uint64_t kBudgetPerFileByte = 8;

  /// Branches and bodies of loops that stand inside one another.
  static constexpr int kMostNested = 16;

  /// What is known of a graph while it is imported.
  struct Scope {
    Scope(const Model& model, int index)
        : graph(model.subgraph(index)),
          values(graph.tensor_count(), kNoValue),
          dilated(find_dilated_convolutions(model, graph)) {}

    Subgraph graph;
    std::vector<ValueId> values;  ///< by tensor
    DilatedConvolutions dilated;
  };

  /// Is inside of a graph while it exists.
  class Entered {
   public:
    Entered(Importer& importer, int index)
        : importer_(importer), outer_(importer.scope_), scope_(importer.model(), index) {
      if (importer.nested_ == kMostNested) unsupported("branches and loops are nested too deeply");
      importer.scope_ = &scope_;
      ++importer.nested_;
    }
    ~Entered() {
      importer_.scope_ = outer_;
      --importer_.nested_;
    }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

   private:
    Importer& importer_;
    Scope* const outer_;
    Scope scope_;
  };

  const Model& model() const { return state_.model; }
  const Subgraph& graph() const { return scope_->graph; }
  ValueId& value_of(int tensor) { return scope_->values[static_cast<size_t>(tensor)]; }

  void refuse_quantized() const {
    for (int i = 0; i < model().subgraph_count(); ++i) {
      const Subgraph graph = model().subgraph(i);
      for (uint32_t node = 0; node < graph.operator_count(); ++node) {
        for (const auto* list : {graph.op(node).inputs(), graph.op(node).outputs()}) refuse_quantized(graph, list);
      }
    }
  }

  static void refuse_quantized(const Subgraph& graph, const flatbuffers::Vector<int32_t>* list) {
    for (const int index : list_of(list)) {
      if (index == -1) continue;
      const tflite_fbs::Tensor& tensor = graph.tensor(index);
      if (!is_small_integer(tensor.type()) || !is_quantized(tensor)) continue;
      unsupported("this is a quantised model (tensor '" + name_of(tensor) + "' is " +
                  tflite_fbs::EnumNameTensorType(tensor.type()) +
                  "), which Lacuna does not support: convert the float model that it was made from.");
    }
  }

  // ---- Inputs

  void import_inputs() {
    std::string names;
    std::string unknown;
    for (const int index : graph().inputs()) {
      const tflite_fbs::Tensor& tensor = graph().tensor(index);
      if (value_of(index) != kNoValue) malformed("two inputs are tensor " + std::to_string(index));
      names += (names.empty() ? "" : ", ") + name_of(tensor);
      const bool given = options_.input_shapes.count(name_of(tensor)) != 0;
      const std::vector<int> dims = dims_of_input(tensor);
      if (!given && std::count(dims.begin() + (dims.empty() ? 0 : 1), dims.end(), -1) != 0) {
        unknown += "\n  --input-shape " + name_of(tensor) + "=" + shape_pattern(dims);
        continue;
      }
      import_input(index, tensor, given ? given_shape(tensor, dims.size()) : fixed_shape(tensor, dims));
    }
    for (const auto& [name, shape] : options_.input_shapes) {
      if ((", " + names + ", ").find(", " + name + ", ") == std::string::npos) {
        throw Error(ExitCode::kUsage, "--input-shape names '" + name + "', but the inputs are: " + names);
      }
    }
    if (!unknown.empty()) {
      throw Error(ExitCode::kUsage, "sizes of these inputs are not fixed in the model; give them as" + unknown);
    }
  }

  void import_input(int index, const tflite_fbs::Tensor& tensor, const Shape& shape) {
    const std::string what = "input '" + name_of(tensor) + "'";
    if (!is_float(tensor.type()) && !is_integer(tensor.type())) {
      problems_.push_back(what + " is " + tflite_fbs::EnumNameTensorType(tensor.type()) +
                          ": Lacuna runs fp32; move what turns it into floats into the application");
    }
    const ValueId id = value_of(index) = state_.graph.add_input(name_of(tensor), shape);
    set_meaning(id, tensor.type());
  }

  /// Dimensions as the model gives them, -1 for a free one.
  static std::vector<int> dims_of_input(const tflite_fbs::Tensor& tensor) {
    std::vector<int> dims = list_of(tensor.shape());
    std::vector<int> signature = list_of(tensor.shape_signature());
    if (signature.empty()) return dims;
    if (signature.size() != dims.size()) malformed("input '" + name_of(tensor) + "' has two different ranks");
    return signature;
  }

  static Shape fixed_shape(const tflite_fbs::Tensor& tensor, std::vector<int> dims) {
    shape_of(tensor);  // for its checks of rank
    if (!dims.empty() && dims[0] == -1) dims[0] = 1;
    return checked_shape(name_of(tensor), make_shape(dims), ExitCode::kMalformed);
  }

  Shape given_shape(const tflite_fbs::Tensor& tensor, size_t rank) const {
    const Shape& shape = options_.input_shapes.at(name_of(tensor));
    if (static_cast<size_t>(shape.rank) != rank && rank != 0) {
      throw Error(ExitCode::kUsage, "--input-shape gives input '" + name_of(tensor) + "' " +
                                        std::to_string(shape.rank) + " dimensions, but the model has " +
                                        std::to_string(rank));
    }
    return checked_shape(name_of(tensor), shape, ExitCode::kUsage);
  }

  static Shape checked_shape(const std::string& name, const Shape& shape, ExitCode code) {
    int64_t elements = 1;
    for (const int64_t dim : shape) {
      if (dim <= 0) throw Error(code, "input '" + name + "' has a dimension of " + std::to_string(dim));
      if (dim > std::numeric_limits<int32_t>::max() / elements) {
        throw Error(ExitCode::kResourceLimit, "input '" + name + "' has 2^31 elements or more");
      }
      elements *= dim;
    }
    return shape;
  }

  // ---- Nodes

  void import_nodes() {
    for (uint32_t i = 0; i < graph().operator_count(); ++i) {
      if (scope_->dilated.absorbed.count(i) == 0) import_node(i);
    }
  }

  /// The outputs of another graph of the file with these inputs.
  std::vector<ValueId> import_nested(int index, const std::vector<ValueId>& inputs) {
    const size_t problems = problems_.size();
    const Entered entered(*this, index);
    const std::vector<int> names = graph().inputs();
    if (names.size() != inputs.size()) malformed("subgraph " + std::to_string(index) + " has another number of inputs");
    for (size_t i = 0; i < names.size(); ++i) {
      graph().tensor(names[i]);
      value_of(names[i]) = inputs[i];
    }
    import_nodes();
    std::vector<ValueId> outputs;
    for (const int tensor : graph().outputs()) outputs.push_back(read(tensor, false));
    if (problems_.size() != problems) unsupported("its subgraph " + std::to_string(index) + " has the problems above");
    return outputs;
  }

  void import_node(uint32_t index) {
    const tflite_fbs::Operator& op = graph().op(index);
    const OpCode code = model().code(op);
    std::vector<int> inputs = list_of(op.inputs());
    std::vector<int> outputs = list_of(op.outputs());
    if (outputs.empty()) malformed("node " + std::to_string(index) + " " + code.name() + " has no output");
    const auto dilated = scope_->dilated.by_convolution.find(index);
    const bool is_dilated = dilated != scope_->dilated.by_convolution.end();
    if (is_dilated) {
      inputs[0] = dilated->second.input;
      outputs[0] = dilated->second.output;
    }
    const std::string name = name_of(graph().tensor(outputs[0]));
    std::string where = "node " + std::to_string(index) + " " + code.name() + " '" + name + "'";
    try {
      check_outputs(outputs);
      const Handler handler = find_handler(code);
      std::vector<ValueId> values;
      for (const int tensor : inputs) {
        values.push_back(starts_at_zero(code, tensor) ? kNoValue : read(tensor, handler == nullptr));
        where += " " + (values.back() == kNoValue ? "-" : to_string(state_.graph.shape(values.back())));
      }
      if (handler == nullptr) unsupported(hint_for(code));
      std::vector<TensorType> types;
      for (const int tensor : outputs) types.push_back(graph().tensor(tensor).type());
      NodeContext node(state_, op, std::move(values), std::move(types), name,
                       [this](int graph, const std::vector<ValueId>& given) { return import_nested(graph, given); });
      if (is_dilated) node.folded_dilation = dilated->second.folded;
      const size_t first_own_value = state_.graph.values.size();
      handler(node);
      bind_outputs(node, outputs, first_own_value);
    } catch (const Error& error) {
      // Behind a node that is missing, shapes are only what the file says they are.
      const bool follows = error.code == ExitCode::kMalformed && !problems_.empty();
      if (error.code == ExitCode::kUnsupported) {
        problems_.push_back(where + ": " + error.what());
      } else if (!follows) {
        throw Error(error.code, where + ": " + error.what());
      }
      for (const int tensor : outputs) bind_placeholder(tensor);
    }
  }

  /// The state of a layer that sees whole sequences: TFLite goes on from the run before unless it is told to reset.
  bool starts_at_zero(const OpCode& code, int tensor) {
    return code.builtin == BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM && tensor != -1 &&
           graph().tensor(tensor).is_variable();
  }

  void check_outputs(const std::vector<int>& outputs) {
    for (const int tensor : outputs) {
      graph().tensor(tensor);
      if (value_of(tensor) != kNoValue) malformed("tensor " + std::to_string(tensor) + " is written twice");
    }
  }

  /// The value of a tensor; constants are made when they are first read. `lenient`: for messages only.
  ValueId read(int index, bool lenient) {
    if (index == -1) return kNoValue;
    const tflite_fbs::Tensor& tensor = graph().tensor(index);
    if (value_of(index) != kNoValue) return value_of(index);
    if (tensor.is_variable()) {
      unsupported("tensor '" + name_of(tensor) +
                  "' keeps state between runs, which is not supported; give and take the state as input and output");
    }
    const bool is_constant =
        model().data(tensor).size != 0 || (is_integer(tensor.type()) && count(shape_of(tensor)) == 0);
    if (!is_constant) {
      if (lenient) return kNoValue;
      malformed("it reads tensor '" + name_of(tensor) + "', which nothing has written");
    }
    if (lenient) return kNoValue;
    const ElementType type = is_float(tensor.type()) ? ElementType::kF32 : ElementType::kI64;
    const auto made = constants_.find(&tensor);
    if (made != constants_.end()) return value_of(index) = made->second;
    state_.budget.take(type, shape_of(tensor), "tensor '" + name_of(tensor) + "'");
    return value_of(index) = constants_[&tensor] = state_.graph.add_constant(name_of(tensor), model().decode(tensor));
  }

  /// The output's values get the names of the tensors, unless they have been there before the node.
  void bind_outputs(const NodeContext& node, const std::vector<int>& outputs, size_t first_own_value) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      const ValueId id = node.output(i);
      if (id == kNoValue) malformed("it has " + std::to_string(outputs.size()) + " outputs");
      value_of(outputs[i]) = id;
      if (static_cast<size_t>(id) >= first_own_value) state_.graph.value(id).name = name_of(graph().tensor(outputs[i]));
    }
  }

  /// Stands for what could not be made, so that the nodes behind it are looked at too.
  void bind_placeholder(int index) {
    if (index < 0 || static_cast<uint32_t>(index) >= graph().tensor_count() || value_of(index) != kNoValue) return;
    const tflite_fbs::Tensor& tensor = graph().tensor(index);
    std::vector<int> dims = list_of(tensor.shape());
    dims.resize(std::min(dims.size(), static_cast<size_t>(kMaxRank)));
    for (int& dim : dims) dim = std::clamp(dim, 1, 1 << 12);
    value_of(index) = state_.graph.add_value(name_of(tensor), ElementType::kF32, make_shape(dims));
    set_meaning(value_of(index), tensor.type());
  }

  /// Of a value that is not known: integers and booleans are fp32 numbers.
  void set_meaning(ValueId id, TensorType type) {
    if (!is_integer(type)) return;
    state_.graph.value(id).meaning = type == TensorType::BOOL ? Meaning::kTruth : Meaning::kInteger;
  }

  // ---- Outputs

  void import_outputs() {
    const std::vector<int> outputs = graph().outputs();
    if (outputs.empty()) malformed("the model has no output");
    for (const int index : outputs) {
      const std::string name = name_of(graph().tensor(index));
      const ValueId id = read_output(index, name);
      if (state_.graph.value(id).type != ElementType::kF32) {
        problems_.push_back("output '" + name + "' holds integers: drop it from the model's outputs");
      } else {
        state_.graph.outputs.push_back(own_output(name, id));
      }
    }
  }

  ValueId read_output(int index, const std::string& name) {
    try {
      return read(index, false);
    } catch (const Error& error) {
      throw Error(error.code, "output '" + name + "': " + error.what());
    }
  }

  /// An output is computed and has memory of its own: a constant, an input or a second name of an output is copied.
  ValueId own_output(const std::string& name, ValueId id) {
    Graph& graph = state_.graph;
    const auto listed = [id](const std::vector<ValueId>& ids) { return std::count(ids.begin(), ids.end(), id) != 0; };
    if (!graph.is_constant(id) && !listed(graph.inputs) && !listed(graph.outputs)) {
      graph.value(id).name = name;
      return id;
    }
    fbs::UnaryAttrsT attrs;
    Node copy{name, make_attrs(std::move(attrs)), {id}, graph.add_value(name, ElementType::kF32, graph.shape(id))};
    graph.nodes.push_back(std::move(copy));
    return graph.nodes.back().output;
  }

  ImportState state_;
  const ImportOptions& options_;
  Scope* scope_ = nullptr;  ///< of the graph that is being imported
  int nested_ = 0;
  std::unordered_map<const tflite_fbs::Tensor*, ValueId> constants_;  ///< one for all turns of a loop
  std::vector<std::string> problems_;
};

}  // namespace
}  // namespace tflite

bool looks_like_tflite(const std::string& bytes) {
  return bytes.size() >= 8 && bytes.compare(4, 4, tflite_fbs::ModelIdentifier()) == 0;
}

Graph import_tflite(const std::string& path, const ImportOptions& options) {
  try {
    return tflite::Importer(path, options).run();
  } catch (const Error& error) {
    throw Error(error.code, path + ": " + error.what());
  }
}

}  // namespace lacuna
