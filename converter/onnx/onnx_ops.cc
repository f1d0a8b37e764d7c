#include "converter/onnx/onnx_ops.h"

#include <map>
#include <set>

namespace lacuna::onnx {

#define LACUNA_ONNX_OP(op_type, handler) void handler(NodeContext& node);
#include "converter/onnx/onnx_ops.inc"
#undef LACUNA_ONNX_OP

Handler find_handler(const std::string& op_type) {
  static const std::map<std::string, Handler> handlers = {
#define LACUNA_ONNX_OP(op_type, handler) {op_type, handler},
#include "converter/onnx/onnx_ops.inc"
#undef LACUNA_ONNX_OP
  };
  const auto found = handlers.find(op_type);
  return found == handlers.end() ? nullptr : found->second;
}

bool is_quantized_op(const std::string& op_type) {
  return op_type.rfind("QLinear", 0) == 0 || op_type.rfind("Quantize", 0) == 0 || op_type.rfind("Dequantize", 0) == 0 ||
         op_type.rfind("DynamicQuantize", 0) == 0 || op_type == "ConvInteger" || op_type == "MatMulInteger" ||
         op_type == "QGemm" || op_type == "QAttention";
}

std::string hint_for(const std::string& op_type) {
  static const std::set<std::string> kPostProcessing = {"NonMaxSuppression", "TopK",   "ArgMax",   "ArgMin",
                                                        "NonZero",           "Unique", "RoiAlign", "MaxRoiPool",
                                                        "StringNormalizer"};
  static const std::set<std::string> kSequence = {
      "SequenceAt",         "SequenceConstruct", "SequenceEmpty", "SequenceInsert",     "SplitToSequence",
      "ConcatFromSequence", "SequenceMap",       "Optional",      "OptionalGetElement", "OptionalHasElement"};
  static const std::set<std::string> kRandom = {"RandomNormal",      "RandomNormalLike", "RandomUniform",
                                                "RandomUniformLike", "Bernoulli",        "Multinomial"};
  if (kPostProcessing.count(op_type) != 0) return "end the model before it and do this step in the application";
  if (kSequence.count(op_type) != 0) return "export without sequences and optionals";
  if (kRandom.count(op_type) != 0) return "export for inference, without random operators";
  return "Lacuna has no such operator; end the model before it or export it in terms of other operators";
}

}  // namespace lacuna::onnx
