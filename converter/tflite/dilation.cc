#include "converter/tflite/dilation.h"

#include <algorithm>
#include <optional>

namespace lacuna::tflite {

using tflite_fbs::BuiltinOperator;

namespace {

constexpr int64_t kMaxMargin = int64_t{1} << 20;

/// Who reads a tensor.
struct Readers {
  int count = 0;  ///< an output of the graph counts
  uint32_t last = 0;
};

std::map<int, Readers> readers_of(const Subgraph& graph) {
  std::map<int, Readers> readers;
  for (uint32_t i = 0; i < graph.operator_count(); ++i) {
    for (const int tensor : list_of(graph.op(i).inputs())) {
      ++readers[tensor].count;
      readers[tensor].last = i;
    }
  }
  for (const int tensor : graph.outputs()) ++readers[tensor].count;
  return readers;
}

uint32_t size_of(const flatbuffers::Vector<int32_t>* list) { return list == nullptr ? 0 : list->size(); }

/// The constant integers of input i; empty when it is something else.
std::vector<int64_t> constant_ints(const Model& model, const Subgraph& graph, const tflite_fbs::Operator& op,
                                   uint32_t i) {
  const tflite_fbs::Tensor& tensor = graph.tensor(op.inputs()->Get(i));
  if (!is_integer(tensor.type()) || model.data(tensor).size == 0) return {};
  return model.decode(tensor).i64;
}

bool is_op(const Model& model, const tflite_fbs::Operator& op, BuiltinOperator builtin, uint32_t min_inputs) {
  return model.code(op).builtin == builtin && size_of(op.inputs()) >= min_inputs && size_of(op.outputs()) == 1;
}

/// A convolution without padding, stride or dilation.
bool is_plain_convolution(const Model& model, const tflite_fbs::Operator& op) {
  const auto is_plain = [](const auto* options) {
    return options != nullptr && options->padding() == tflite_fbs::Padding::VALID && options->stride_h() == 1 &&
           options->stride_w() == 1 && options->dilation_h_factor() == 1 && options->dilation_w_factor() == 1;
  };
  return (is_op(model, op, BuiltinOperator::CONV_2D, 2) && is_plain(op.builtin_options_as_Conv2DOptions())) ||
         (is_op(model, op, BuiltinOperator::DEPTHWISE_CONV_2D, 2) &&
          is_plain(op.builtin_options_as_DepthwiseConv2DOptions()));
}

/// The only node that reads the only output of `op` as its first operand.
std::optional<uint32_t> only_reader(const Subgraph& graph, const std::map<int, Readers>& readers,
                                    const tflite_fbs::Operator& op) {
  const int tensor = op.outputs()->Get(0);
  const auto found = readers.find(tensor);
  if (found == readers.end() || found->second.count != 1) return std::nullopt;
  const auto* inputs = graph.op(found->second.last).inputs();
  if (size_of(inputs) == 0 || inputs->Get(0) != tensor) return std::nullopt;
  return found->second.last;
}

bool are_margins(const std::vector<int64_t>& list) {
  return list.size() == 4 && std::all_of(list.begin(), list.end(), [](int64_t n) { return n >= 0 && n <= kMaxMargin; });
}

std::optional<DilatedConvolution> match(const Model& model, const Subgraph& graph, const tflite_fbs::Operator& to_batch,
                                        const tflite_fbs::Operator& to_space) {
  const std::vector<int64_t> blocks = constant_ints(model, graph, to_batch, 1);
  const std::vector<int64_t> pads = constant_ints(model, graph, to_batch, 2);
  const std::vector<int64_t> crops = constant_ints(model, graph, to_space, 2);
  if (blocks.size() != 2 || blocks != constant_ints(model, graph, to_space, 1) || !are_margins(pads) ||
      !are_margins(crops) || blocks[0] < 1 || blocks[0] > kMaxMargin || blocks[1] < 1 || blocks[1] > kMaxMargin) {
    return std::nullopt;
  }
  return DilatedConvolution{
      FoldedDilation{
          {blocks[0], blocks[1]}, {pads[0], pads[2]}, {pads[1], pads[3]}, {crops[0], crops[2]}, {crops[1], crops[3]}},
      to_batch.inputs()->Get(0), to_space.outputs()->Get(0)};
}

}  // namespace

DilatedConvolutions find_dilated_convolutions(const Model& model, const Subgraph& graph) {
  DilatedConvolutions found;
  const std::map<int, Readers> readers = readers_of(graph);
  for (uint32_t i = 0; i < graph.operator_count(); ++i) {
    const tflite_fbs::Operator& to_batch = graph.op(i);
    if (!is_op(model, to_batch, BuiltinOperator::SPACE_TO_BATCH_ND, 3)) continue;
    const std::optional<uint32_t> conv = only_reader(graph, readers, to_batch);
    if (!conv.has_value() || *conv <= i || !is_plain_convolution(model, graph.op(*conv))) continue;
    const std::optional<uint32_t> last = only_reader(graph, readers, graph.op(*conv));
    if (!last.has_value() || *last <= *conv) continue;
    const tflite_fbs::Operator& to_space = graph.op(*last);
    if (!is_op(model, to_space, BuiltinOperator::BATCH_TO_SPACE_ND, 3)) continue;
    const std::optional<DilatedConvolution> pattern = match(model, graph, to_batch, to_space);
    if (!pattern.has_value()) continue;
    found.by_convolution.emplace(*conv, *pattern);
    found.absorbed.insert({i, *last});
  }
  return found;
}

}  // namespace lacuna::tflite
