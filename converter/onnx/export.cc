#include "converter/onnx/export.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "converter/ir/operands.h"
#include "converter/onnx/tensor_proto.h"
#include "converter/passes/rewrite.h"
#include "converter/passes/unfuse.h"
#include "onnx_subset.pb.h"
#include "sdk/base/half.h"

namespace lacuna {
namespace onnx {
namespace {

constexpr int64_t kOpset = 17, kIrVersion = 8;

template <class T>
std::vector<int64_t> widened(const std::vector<T>& numbers) {
  return {numbers.begin(), numbers.end()};
}

class Exporter {
 public:
  Exporter(Graph& graph, const ExportOptions& options) : graph_(graph), options_(options) {
    model_.set_ir_version(kIrVersion);
    model_.set_producer_name("lacuna");
    model_.add_opset_import()->set_version(kOpset);
    out_ = model_.mutable_graph();
    out_->set_name(graph.name);
    names_.resize(graph.values.size());
  }

  std::string run() {
    for (const ValueId id : graph_.inputs) claim(id);
    for (const ValueId id : graph_.outputs) claim(id);
    for (const Node& node : graph_.nodes) claim(node.output);
    for (const ValueId id : graph_.inputs) add_input(id);
    for (const ValueId id : graph_.outputs) describe(id, DataType::kFloat, out_->add_output());
    for (const Node& node : graph_.nodes) add(node);
    return model_.SerializeAsString();
  }

 private:
  /// An operator under construction.
  struct Made {
    NodeProto* proto;
    Made& set(const char* name, int64_t value) {
      AttributeProto* attr = add(name, AttributeProto::INT);
      attr->set_i(value);
      return *this;
    }
    Made& set(const char* name, float value) {
      AttributeProto* attr = add(name, AttributeProto::FLOAT);
      attr->set_f(value);
      return *this;
    }
    Made& set(const char* name, const std::string& value) {
      AttributeProto* attr = add(name, AttributeProto::STRING);
      attr->set_s(value);
      return *this;
    }
    Made& set(const char* name, const std::vector<int64_t>& values) {
      AttributeProto* attr = add(name, AttributeProto::INTS);
      for (const int64_t value : values) attr->add_ints(value);
      return *this;
    }

   private:
    AttributeProto* add(const char* name, AttributeProto::AttributeType type) {
      AttributeProto* attr = proto->add_attribute();
      attr->set_name(name);
      attr->set_type(type);
      return attr;
    }
  };

  [[noreturn]] void refuse(const Node& node, const std::string& what) const {
    unsupported(describe_node(node) + ": " + what + " cannot be written as ONNX of opset " + std::to_string(kOpset));
  }
  std::string describe_node(const Node& node) const { return lacuna::describe(graph_, node); }

  static std::string unique(const std::string& wish, std::set<std::string>& used) {
    const std::string base = wish.empty() ? "unnamed" : wish;
    std::string name = base;
    for (int i = 1; !used.insert(name).second; ++i) name = base + "_" + std::to_string(i);
    return name;
  }
  std::string unique(const std::string& wish) { return unique(wish, used_); }

  void claim(ValueId id) {
    std::string& name = names_[static_cast<size_t>(id)];
    if (name.empty()) name = unique(graph_.value(id).name);
  }

  /// An input keeps the kind of type that the source has; what reads integers and booleans reads floats here.
  void add_input(ValueId id) {
    const Meaning meaning = graph_.value(id).meaning;
    if (meaning == Meaning::kNumber) return describe(id, DataType::kFloat, out_->add_input());
    describe(id, meaning == Meaning::kTruth ? DataType::kBool : DataType::kInt64, out_->add_input());
    std::string& name = names_[static_cast<size_t>(id)];
    const std::string number = unique(name + "/number");
    make("Cast", number, {name}, number).set("to", int64_t{1});
    name = number;
  }

  void describe(ValueId id, DataType element_type, ValueInfoProto* info) const {
    info->set_name(names_[static_cast<size_t>(id)]);
    TypeProto::Tensor* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(static_cast<int32_t>(element_type));
    TensorShapeProto* shape = type->mutable_shape();  // there for a scalar too: none at all would mean any rank
    for (const int64_t dim : graph_.shape(id)) shape->add_dim()->set_dim_value(dim);
  }

  TensorProto* add_initializer(const std::string& name, DataType type, const Shape& shape) {
    TensorProto* tensor = out_->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(static_cast<int32_t>(type));
    for (const int64_t dim : shape) tensor->add_dims(dim);
    return tensor;
  }

  /// Little-endian, as every machine is that this runs on.
  template <class T>
  static void set_data(TensorProto* tensor, const std::vector<T>& numbers) {
    tensor->mutable_raw_data()->assign(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
  }

  std::string floats(const std::string& wish, const Shape& shape, const std::vector<float>& numbers) {
    std::string name = unique(wish);
    set_data(add_initializer(name, DataType::kFloat, shape), numbers);
    return name;
  }
  std::string scalar(const Node& node, const char* suffix, float number) {
    return floats(node.name + suffix, Shape(), {number});
  }
  std::string ints(const Node& node, const char* suffix, const std::vector<int64_t>& numbers) {
    std::string name = unique(node.name + suffix);
    set_data(add_initializer(name, DataType::kInt64, make_shape({static_cast<int64_t>(numbers.size())})), numbers);
    return name;
  }

  std::string weight(const std::string& wish, const Shape& shape, const std::vector<float>& numbers) {
    if (!options_.half_weights) return floats(wish, shape, numbers);
    std::vector<uint16_t> halves;
    for (const float number : numbers) halves.push_back(half_from_float(number));
    const std::string stored = unique(wish + "/f16");
    set_data(add_initializer(stored, DataType::kFloat16, shape), halves);
    std::string name = unique(wish);
    make("Cast", name, {stored}, name).set("to", int64_t{1});
    return name;
  }

  std::string name_of(ValueId id) {
    if (id == kNoValue) return "";
    std::string& name = names_[static_cast<size_t>(id)];
    if (!name.empty()) return name;
    const Value& value = graph_.value(id);  // a constant, used for the first time
    if (value.type == ElementType::kI64) {
      name = unique(value.name);
      set_data(add_initializer(name, DataType::kInt64, value.shape), value.constant->i64);
    } else {
      name = floats(value.name, value.shape, value.constant->f32);
    }
    return name;
  }

  std::string weight_of(const Node& node) {
    const ValueId id = node.inputs[1];
    std::string& name = names_[static_cast<size_t>(id)];
    if (name.empty()) name = weight(graph_.value(id).name, graph_.shape(id), graph_.constant(id).f32);
    return name;
  }

  Made make(const char* op, const std::string& node_name, const std::vector<std::string>& inputs,
            const std::string& output) {
    NodeProto* proto = out_->add_node();
    proto->set_op_type(op);
    proto->set_name(unique(node_name, used_by_nodes_));
    for (const std::string& input : inputs) proto->add_input(input);
    proto->add_output(output);
    return {proto};
  }

  /// The node that makes the output of `node`.
  Made make(const char* op, const Node& node, const std::vector<std::string>& inputs) {
    return make(op, node.name, inputs, names_[static_cast<size_t>(node.output)]);
  }

  /// A node whose output other nodes of `node` read.
  std::string step(const char* op, const Node& node, const char* suffix, const std::vector<std::string>& inputs) {
    std::string name = unique(node.name + suffix);
    make(op, name, inputs, name);
    return name;
  }

  std::string in(const Node& node, size_t i) { return name_of(operand(node, i)); }

  std::vector<std::string> all_inputs(const Node& node) {
    std::vector<std::string> names;
    for (const ValueId id : node.inputs) names.push_back(name_of(id));
    return names;
  }

  /// Operators that have nothing to do with a scalar, for which some readers refuse their empty lists.
  bool moves_scalar(const Node& node) const {
    using Op = fbs::OpAttrs;
    const Op type = node.attrs.type;
    const bool by_dimension =
        type == Op::Pad || type == Op::Resize || type == Op::Slice || type == Op::Tile || type == Op::Transpose;
    return by_dimension && graph_.shape(node.inputs[0]).rank == 0;
  }

  void add(const Node& node) {
    using Op = fbs::OpAttrs;
    if (moves_scalar(node)) {
      make("Identity", node, {in(node, 0)});
      return;
    }
    switch (node.attrs.type) {
      case Op::Conv:
        return add_conv(node, *node.attrs.AsConv());
      case Op::FullyConnected:
        return add_fully_connected(node);
      case Op::MatMul:
        return add_matmul(node, *node.attrs.AsMatMul());
      case Op::Binary:
        return add_binary(node, node.attrs.AsBinary()->kind);
      case Op::Unary:
        return add_unary(node, node.attrs.AsUnary()->function);
      case Op::Affine:
        return add_affine(node);
      case Op::Pool:
        return add_pool(node, *node.attrs.AsPool());
      case Op::Reduce:
        return add_reduce(node, *node.attrs.AsReduce());
      case Op::Softmax:
        make(node.attrs.AsSoftmax()->log ? "LogSoftmax" : "Softmax", node, {in(node, 0)})
            .set("axis", int64_t{node.attrs.AsSoftmax()->axis});
        return;
      case Op::Normalize:
        return add_normalize(node, *node.attrs.AsNormalize());
      case Op::Pad:
        return add_pad(node, *node.attrs.AsPad());
      case Op::Resize:
        return add_resize(node, *node.attrs.AsResize());
      case Op::Concat:
        make("Concat", node, all_inputs(node)).set("axis", int64_t{node.attrs.AsConcat()->axis});
        return;
      case Op::Slice:
        return add_slice(node, *node.attrs.AsSlice());
      case Op::Lookup:
        make("Gather", node, {in(node, 0), step_to_integer(node)});
        return;
      case Op::Gather:
        return add_gather(node, *node.attrs.AsGather());
      case Op::Reshape:
        make("Reshape", node, {in(node, 0), ints(node, "/shape", dims_of<int64_t>(graph_.shape(node.output)))});
        return;
      case Op::Transpose:
        make("Transpose", node, {in(node, 0)}).set("perm", widened(node.attrs.AsTranspose()->perm));
        return;
      case Op::Expand:
        make("Expand", node, {in(node, 0), ints(node, "/shape", dims_of<int64_t>(graph_.shape(node.output)))});
        return;
      case Op::Tile:
        make("Tile", node, {in(node, 0), ints(node, "/repeats", widened(node.attrs.AsTile()->repeats))});
        return;
      case Op::DepthToSpace:
        make("DepthToSpace", node, {in(node, 0)})
            .set("blocksize", int64_t{node.attrs.AsDepthToSpace()->block})
            .set("mode", std::string(node.attrs.AsDepthToSpace()->channel_first ? "CRD" : "DCR"));
        return;
      case Op::SpaceToDepth:
        make("SpaceToDepth", node, {in(node, 0)}).set("blocksize", int64_t{node.attrs.AsSpaceToDepth()->block});
        return;
      case Op::NONE:
        break;
    }
    refuse(node, "this operator");
  }

  static std::vector<int64_t> pads(const std::vector<uint32_t>& begin, const std::vector<uint32_t>& end) {
    std::vector<int64_t> both = widened(begin);
    both.insert(both.end(), end.begin(), end.end());
    return both;
  }

  void add_conv(const Node& node, const fbs::ConvAttrsT& attrs) {
    std::vector<std::string> inputs = {in(node, 0), weight_of(node)};
    if (operand(node, 2) != kNoValue) inputs.push_back(in(node, 2));
    make("Conv", node, inputs)
        .set("kernel_shape", widened(attrs.kernel))
        .set("strides", widened(attrs.stride))
        .set("dilations", widened(attrs.dilation))
        .set("pads", pads(attrs.pads_begin, attrs.pads_end))
        .set("group", int64_t{attrs.groups});
  }

  void add_fully_connected(const Node& node) {
    const bool has_bias = operand(node, 2) != kNoValue;
    if (graph_.shape(node.inputs[0]).rank == 2) {
      std::vector<std::string> inputs = {in(node, 0), weight_of(node)};
      if (has_bias) inputs.push_back(in(node, 2));
      make("Gemm", node, inputs).set("transB", int64_t{1});
      return;
    }
    const Tensor& w = graph_.constant(node.inputs[1]);
    const auto units = static_cast<size_t>(w.shape[0]), columns = static_cast<size_t>(w.shape[1]);
    std::vector<float> turned(w.f32.size());
    for (size_t i = 0; i < units; ++i) {
      for (size_t j = 0; j < columns; ++j) turned[j * units + i] = w.f32[i * columns + j];
    }
    const std::string matrix = weight(graph_.value(node.inputs[1]).name, make_shape({w.shape[1], w.shape[0]}), turned);
    if (has_bias) {
      make("Add", node, {step("MatMul", node, "/product", {in(node, 0), matrix}), in(node, 2)});
    } else {
      make("MatMul", node, {in(node, 0), matrix});
    }
  }

  std::string turned(const Node& node, size_t i, bool transpose) {
    if (!transpose) return in(node, i);
    std::vector<int64_t> perm;
    const int rank = graph_.shape(node.inputs[i]).rank;
    for (int d = 0; d < rank; ++d) perm.push_back(d);
    std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    std::string name = unique(node.name + "/transposed");
    make("Transpose", name, {in(node, i)}, name).set("perm", perm);
    return name;
  }

  void add_matmul(const Node& node, const fbs::MatMulAttrsT& attrs) {
    const std::vector<std::string> sides = {turned(node, 0, attrs.transpose_a), turned(node, 1, attrs.transpose_b)};
    if (attrs.alpha == 1) {
      make("MatMul", node, sides);
    } else {
      make("Mul", node, {step("MatMul", node, "/product", sides), scalar(node, "/alpha", attrs.alpha)});
    }
  }

  /// A truth is a number.
  void add_truth(const char* op, const Node& node, const std::vector<std::string>& sides) {
    make("Cast", node, {step(op, node, "/truth", sides)}).set("to", int64_t{1});
  }

  /// Cut towards zero, as the device cuts it.
  std::string step_to_integer(const Node& node) {
    std::string name = unique(node.name + "/places");
    make("Cast", name, {in(node, 1)}, name).set("to", int64_t{7});
    return name;
  }

  void add_mask(const Node& node, const std::vector<std::string>& sides) {
    const std::string nothing = scalar(node, "/nothing", 0);
    make("Where", node, {step("Equal", node, "/masked", {sides[0], nothing}), nothing, sides[1]});
  }

  void add_binary(const Node& node, fbs::BinaryKind kind) {
    const std::vector<std::string> sides = {in(node, 0), in(node, 1)};
    switch (kind) {
      case fbs::BinaryKind::Add:
        make("Add", node, sides);
        return;
      case fbs::BinaryKind::Sub:
        make("Sub", node, sides);
        return;
      case fbs::BinaryKind::Mul:
        make("Mul", node, sides);
        return;
      case fbs::BinaryKind::Div:
        make("Div", node, sides);
        return;
      case fbs::BinaryKind::Min:
        make("Min", node, sides);
        return;
      case fbs::BinaryKind::Max:
        make("Max", node, sides);
        return;
      case fbs::BinaryKind::Pow:
        make("Pow", node, sides);
        return;
      case fbs::BinaryKind::Prelu:
        make("PRelu", node, sides);
        return;
      case fbs::BinaryKind::SquaredDifference: {
        const std::string difference = step("Sub", node, "/difference", sides);
        make("Mul", node, {difference, difference});
        return;
      }
      case fbs::BinaryKind::Mod:
        make("Mod", node, sides).set("fmod", int64_t{1});
        return;
      case fbs::BinaryKind::Less:
        return add_truth("Less", node, sides);
      case fbs::BinaryKind::LessOrEqual:
        return add_truth("LessOrEqual", node, sides);
      case fbs::BinaryKind::Equal:
        return add_truth("Equal", node, sides);
      case fbs::BinaryKind::Mask:
        add_mask(node, sides);
        return;
    }
  }

  void add_clamp(const Node& node, float low, float high) {
    if (low == 0 && std::isinf(high)) {
      make("Relu", node, {in(node, 0)});
      return;
    }
    std::vector<std::string> inputs = {in(node, 0), std::isinf(low) ? "" : scalar(node, "/min", low)};
    if (!std::isinf(high)) inputs.push_back(scalar(node, "/max", high));
    make("Clip", node, inputs);
  }

  void add_unary(const Node& node, const fbs::Activation& f) {
    using Kind = fbs::UnaryKind;
    const std::string x = in(node, 0);
    const auto plain = [&](const char* op) { return make(op, node, {x}); };
    switch (f.kind()) {
      case Kind::Identity:
        plain("Identity");
        return;
      case Kind::Clamp:
        return add_clamp(node, f.alpha(), f.beta());
      case Kind::LeakyRelu:
        plain("LeakyRelu").set("alpha", f.alpha());
        return;
      case Kind::Elu:
        plain("Elu").set("alpha", f.alpha());
        return;
      case Kind::Selu:
        plain("Selu").set("alpha", f.alpha()).set("gamma", f.beta());
        return;
      case Kind::Celu:
        plain("Celu").set("alpha", f.alpha());
        return;
      case Kind::Sigmoid:
        plain("Sigmoid");
        return;
      case Kind::Tanh:
        plain("Tanh");
        return;
      case Kind::HardSigmoid:
        plain("HardSigmoid").set("alpha", f.alpha()).set("beta", f.beta());
        return;
      case Kind::HardSwish:
        plain("HardSwish");
        return;
      case Kind::Silu: {
        const bool scaled = f.alpha() != 0 && f.alpha() != 1;
        const std::string inner = scaled ? step("Mul", node, "/scaled", {x, scalar(node, "/alpha", f.alpha())}) : x;
        make("Mul", node, {x, step("Sigmoid", node, "/sigmoid", {inner})});
        return;
      }
      case Kind::Mish:
        make("Mul", node, {x, step("Tanh", node, "/tanh", {step("Softplus", node, "/softplus", {x})})});
        return;
      case Kind::Gelu:
      case Kind::GeluTanh: {
        const std::string one = scalar(node, "/one", 1), half = scalar(node, "/half", 0.5f);
        std::string part;
        if (f.kind() == Kind::Gelu) {
          part = step("Erf", node, "/erf", {step("Mul", node, "/scaled", {x, scalar(node, "/scale", 0.70710678f)})});
        } else {
          const std::string cube = step("Mul", node, "/cube", {x, step("Mul", node, "/square", {x, x})});
          const std::string bent = step("Mul", node, "/bent", {cube, scalar(node, "/bend", 0.044715f)});
          const std::string inner =
              step("Mul", node, "/inner", {step("Add", node, "/sum", {x, bent}), scalar(node, "/scale", 0.79788456f)});
          part = step("Tanh", node, "/tanh", {inner});
        }
        make("Mul", node, {step("Mul", node, "/halved", {x, half}), step("Add", node, "/shifted", {part, one})});
        return;
      }
      case Kind::Erf:
        plain("Erf");
        return;
      case Kind::Softplus:
        plain("Softplus");
        return;
      case Kind::Softsign:
        plain("Softsign");
        return;
      case Kind::ThresholdedRelu:
        plain("ThresholdedRelu").set("alpha", f.alpha());
        return;
      case Kind::Sqrt:
        plain("Sqrt");
        return;
      case Kind::Rsqrt:
        make("Reciprocal", node, {step("Sqrt", node, "/sqrt", {x})});
        return;
      case Kind::Reciprocal:
        plain("Reciprocal");
        return;
      case Kind::Square:
        make("Mul", node, {x, x});
        return;
      case Kind::Exp:
        plain("Exp");
        return;
      case Kind::Log:
        plain("Log");
        return;
      case Kind::Abs:
        plain("Abs");
        return;
      case Kind::Neg:
        plain("Neg");
        return;
      case Kind::Sign:
        plain("Sign");
        return;
      case Kind::Floor:
        plain("Floor");
        return;
      case Kind::Ceil:
        plain("Ceil");
        return;
      case Kind::Round:
        plain("Round");
        return;
      case Kind::Sin:
        plain("Sin");
        return;
      case Kind::Cos:
        plain("Cos");
        return;
    }
  }

  void add_affine(const Node& node) {
    const int rank = graph_.shape(node.output).rank;
    const auto column = [&](size_t i, const char* suffix) {
      const Tensor& numbers = graph_.constant(node.inputs[i]);
      Shape shape = make_shape({count(numbers.shape)});
      for (int d = 2; d < rank; ++d) shape.push_back(1);
      return floats(node.name + suffix, shape, numbers.f32);
    };
    make("Add", node, {step("Mul", node, "/scaled", {in(node, 0), column(1, "/scale")}), column(2, "/shift")});
  }

  void add_pool(const Node& node, const fbs::PoolAttrsT& attrs) {
    const bool is_max = attrs.kind == fbs::PoolKind::Max;
    Made made = make(is_max ? "MaxPool" : "AveragePool", node, {in(node, 0)});
    made.set("kernel_shape", widened(attrs.kernel))
        .set("strides", widened(attrs.stride))
        .set("pads", pads(attrs.pads_begin, attrs.pads_end))
        .set("ceil_mode", int64_t{attrs.ceil_mode});
    if (is_max) {
      made.set("dilations", widened(attrs.dilation));
      return;
    }
    made.set("count_include_pad", int64_t{attrs.count_include_pad});
    for (const uint32_t dilation : attrs.dilation) {
      if (dilation != 1) refuse(node, "an average over a dilated window");
    }
  }

  /// ONNX takes no axes for all of them.
  void add_reduce_of_nothing(const Node& node, fbs::ReduceKind kind) {
    const std::string x = in(node, 0);
    switch (kind) {
      case fbs::ReduceKind::L1:
      case fbs::ReduceKind::L2:
        make("Abs", node, {x});
        return;
      case fbs::ReduceKind::SumSquare:
        make("Mul", node, {x, x});
        return;
      case fbs::ReduceKind::LogSum:
        make("Log", node, {x});
        return;
      default:
        make("Identity", node, {x});
    }
  }

  void add_reduce(const Node& node, const fbs::ReduceAttrsT& attrs) {
    static constexpr const char* kOps[] = {"ReduceMean",   "ReduceMax",      "ReduceMin", "ReduceSum",
                                           "ReduceProd",   "ReduceL1",       "ReduceL2",  "ReduceSumSquare",
                                           "ReduceLogSum", "ReduceLogSumExp"};
    const std::vector<int64_t> axes = widened(attrs.axes);
    if (axes.empty()) return add_reduce_of_nothing(node, attrs.kind);
    const bool axes_are_input = attrs.kind == fbs::ReduceKind::Sum;
    std::vector<std::string> inputs = {in(node, 0)};
    if (axes_are_input) inputs.push_back(ints(node, "/axes", axes));
    Made made = make(kOps[static_cast<size_t>(attrs.kind)], node, inputs);
    made.set("keepdims", int64_t{attrs.keep_dims});
    if (!axes_are_input) made.set("axes", axes);
  }

  void add_normalize(const Node& node, const fbs::NormalizeAttrsT& attrs) {
    const Shape& x = graph_.shape(node.inputs[0]);
    if (attrs.kind == fbs::NormKind::L2) {
      const std::string squares = unique(node.name + "/squares");
      make("ReduceSumSquare", squares, {in(node, 0)}, squares)
          .set("axes", std::vector<int64_t>{attrs.axis})
          .set("keepdims", int64_t{1});
      const std::string bounded = step("Max", node, "/bounded", {squares, scalar(node, "/epsilon", attrs.epsilon)});
      make("Div", node, {in(node, 0), step("Sqrt", node, "/norm", {bounded})});
      return;
    }
    const bool layer = attrs.kind == fbs::NormKind::Layer;
    Shape shape;
    for (int d = static_cast<int>(attrs.axis); d < x.rank && layer; ++d) shape.push_back(x[d]);
    if (!layer) shape.push_back(x[1]);
    const auto numbers = [&](size_t i, const char* suffix, float fallback) {
      if (operand(node, i) != kNoValue) return in(node, i);
      return floats(node.name + suffix, shape, std::vector<float>(static_cast<size_t>(count(shape)), fallback));
    };
    Made made = make(layer ? "LayerNormalization" : "InstanceNormalization", node,
                     {in(node, 0), numbers(1, "/scale", 1), numbers(2, "/shift", 0)});
    made.set("epsilon", attrs.epsilon);
    if (layer) made.set("axis", int64_t{attrs.axis});
  }

  void add_pad(const Node& node, const fbs::PadAttrsT& attrs) {
    static constexpr const char* kModes[] = {"constant", "reflect", "edge"};
    if (attrs.mode == fbs::PadMode::Wrap) refuse(node, "padding that wraps around");
    std::vector<int64_t> both = widened(attrs.begin);
    both.insert(both.end(), attrs.end.begin(), attrs.end.end());
    make("Pad", node, {in(node, 0), ints(node, "/pads", both), scalar(node, "/value", attrs.value)})
        .set("mode", std::string(kModes[static_cast<size_t>(attrs.mode)]));
  }

  void add_resize(const Node& node, const fbs::ResizeAttrsT& attrs) {
    static constexpr const char* kModes[] = {"nearest", "linear", "cubic"};
    static constexpr const char* kCoordinates[] = {
        "half_pixel", "", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize", "half_pixel"};
    static constexpr const char* kNearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    const bool for_nearest = attrs.coordinates == fbs::CoordinateMode::TfHalfPixelForNn;
    if (attrs.antialias) refuse(node, "resizing with antialiasing");
    if (attrs.coordinates == fbs::CoordinateMode::HalfPixelSymmetric) refuse(node, "half_pixel_symmetric");
    if (for_nearest && (attrs.mode != fbs::ResizeMode::Nearest || attrs.nearest != fbs::NearestMode::Floor)) {
      refuse(node, "tf_half_pixel_for_nn");
    }
    const Shape &x = graph_.shape(node.inputs[0]), &y = graph_.shape(node.output);
    bool by_scales = attrs.scales.size() == static_cast<size_t>(x.rank);
    for (int d = 0; by_scales && d < x.rank; ++d) {
      by_scales =
          std::floor(static_cast<float>(x[d]) * attrs.scales[static_cast<size_t>(d)]) == static_cast<float>(y[d]);
    }
    std::vector<std::string> inputs = {in(node, 0), ""};
    if (attrs.coordinates == fbs::CoordinateMode::TfCropAndResize) {
      inputs[1] = floats(node.name + "/roi", make_shape({static_cast<int64_t>(attrs.roi.size())}), attrs.roi);
    }
    if (by_scales) {
      inputs.push_back(floats(node.name + "/scales", make_shape({x.rank}), attrs.scales));
    } else {
      inputs.push_back("");
      inputs.push_back(ints(node, "/sizes", dims_of<int64_t>(y)));
    }
    Made made = make("Resize", node, inputs);
    made.set("mode", std::string(kModes[static_cast<size_t>(attrs.mode)]))
        .set("coordinate_transformation_mode", std::string(kCoordinates[static_cast<size_t>(attrs.coordinates)]))
        .set("nearest_mode",
             std::string(for_nearest ? "round_prefer_ceil" : kNearest[static_cast<size_t>(attrs.nearest)]))
        .set("cubic_coeff_a", attrs.cubic_a)
        .set("exclude_outside", int64_t{attrs.exclude_outside})
        .set("extrapolation_value", attrs.extrapolation);
  }

  void add_slice(const Node& node, const fbs::SliceAttrsT& attrs) {
    std::vector<int64_t> starts, ends, axes, steps;
    for (size_t d = 0; d < attrs.start.size(); ++d) {
      const int64_t end = attrs.start[d] + static_cast<int64_t>(attrs.step[d]) * attrs.sizes[d];
      starts.push_back(attrs.start[d]);
      ends.push_back(end < 0 ? std::numeric_limits<int64_t>::min() : end);
      axes.push_back(static_cast<int64_t>(d));
      steps.push_back(attrs.step[d]);
    }
    make("Slice", node,
         {in(node, 0), ints(node, "/starts", starts), ints(node, "/ends", ends), ints(node, "/axes", axes),
          ints(node, "/steps", steps)});
  }

  void add_gather(const Node& node, const fbs::GatherAttrsT& attrs) {
    const std::string indices = unique(node.name + "/indices");
    set_data(add_initializer(indices, DataType::kInt64, make_shape(attrs.index_shape)), widened(attrs.indices));
    make("Gather", node, {in(node, 0), indices}).set("axis", int64_t{attrs.axis});
  }

  Graph& graph_;
  const ExportOptions& options_;
  ModelProto model_;
  GraphProto* out_;
  std::vector<std::string> names_;       ///< by value; empty for a constant that is not used yet
  std::set<std::string> used_;           ///< names of values
  std::set<std::string> used_by_nodes_;  ///< which have names of their own
};

}  // namespace
}  // namespace onnx

std::string export_onnx(Graph graph, const ExportOptions& options) {
  unfuse(graph);
  return onnx::Exporter(graph, options).run();
}

}  // namespace lacuna
