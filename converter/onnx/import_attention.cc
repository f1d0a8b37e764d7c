// Attention: softmax(scale Q K^T + mask) V.
#include <cmath>

#include "converter/ir/truths.h"
#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

enum Operand : size_t { kQuery, kKey, kValue, kMask, kPastKey, kPastValue, kLengths };
enum Output : size_t { kY, kPresentKey, kPresentValue, kScores };

/// [batch, heads, steps, size] of [batch, steps, heads * size], which is what rank 3 means.
ValueId split_heads(NodeContext& node, Operand operand, const char* heads_attr, const std::string& suffix) {
  const Shape shape = node.shape(operand);
  if (shape.rank == 4) return node.input(operand);
  if (shape.rank != 3) malformed("query, key and value need 3 or 4 dimensions");
  const int64_t heads = node.int_attr(heads_attr);
  if (heads < 1 || shape[2] % heads != 0) malformed(std::string(heads_attr) + " does not divide " + to_string(shape));
  const ValueId split =
      node.reshape(node.input(operand), make_shape({shape[0], shape[1], heads, shape[2] / heads}), suffix + "/split");
  return node.transpose(split, {0, 2, 1, 3}, suffix + "/heads");
}

/// Heads of keys and values, each as often as queries share it.
ValueId repeat_heads(NodeContext& node, ValueId x, int64_t heads, const std::string& suffix) {
  const Shape shape = node.graph().shape(x);
  if (shape[1] == heads) return x;
  if (heads % shape[1] != 0) malformed("heads of queries are no multiple of those of keys and values");
  const ValueId one = node.reshape(x, make_shape({shape[0], shape[1], 1, shape[2], shape[3]}), suffix + "/one");
  const ValueId all =
      node.expand(one, make_shape({shape[0], shape[1], heads / shape[1], shape[2], shape[3]}), suffix + "/all");
  return node.reshape(all, make_shape({shape[0], heads, shape[2], shape[3]}), suffix + "/repeated");
}

ValueId matmul(NodeContext& node, ValueId a, ValueId b, bool transpose_b, float alpha, const std::string& suffix) {
  fbs::MatMulAttrsT attrs;
  attrs.transpose_b = transpose_b;
  attrs.alpha = alpha;
  return node.emit(make_attrs(std::move(attrs)), {a, b}, suffix);
}

/// A truth for each place that takes part, as what is added to the scores.
ValueId as_bias(NodeContext& node, ValueId mask) {
  if (!node.is_integer(mask) && !node.is_whole(mask)) return mask;
  return select(node, mask, node.add_scalar(0, "/mask/in"), node.add_scalar(-kInfinity, "/mask/out"));
}

/// Query i sees keys 0 to i + past.
ValueId causal_bias(NodeContext& node, int64_t queries, int64_t keys, int64_t past) {
  const Shape shape = make_shape({queries, keys});
  return node.add_folded(
      ElementType::kF32, shape,
      [&] {
        Tensor bias(ElementType::kF32, shape);
        for (int64_t i = 0; i < queries; ++i) {
          for (int64_t j = i + past + 1; j < keys; ++j) bias.f32[static_cast<size_t>(i * keys + j)] = -kInfinity;
        }
        return bias;
      },
      "/causal");
}

void check_variant(NodeContext& node) {
  if (node.has_input(kLengths)) unsupported("lengths of keys are not supported; give them as a mask");
  if (node.int_attr("left_window_size", -1) != -1 || node.int_attr("right_window_size", -1) != -1) {
    unsupported("windows of attention are not supported; give them as a mask");
  }
}

/// Keys or values behind those of earlier runs, which is an output as well.
ValueId behind_past(NodeContext& node, ValueId x, Operand past, Output present, const std::string& suffix) {
  if (node.has_input(past)) x = node.concat({node.input(past), x}, 2, suffix + "/present");
  node.set_output(x, present);
  return x;
}

/// What the softmax takes. Sets the output that shows it on its way.
ValueId make_scores(NodeContext& node, ValueId query, ValueId key, int64_t past) {
  enum Shown : int64_t { kProduct, kCapped, kBiased };
  const int64_t shown = node.int_attr("qk_matmul_output_mode", 0);
  const auto show = [&](Shown stage, ValueId scores) {
    if (shown == stage) node.set_output(scores, kScores);
  };
  const Shape q = node.graph().shape(query), k = node.graph().shape(key);
  const float scale = node.float_attr("scale", 1 / std::sqrt(static_cast<float>(q[3])));
  ValueId scores = matmul(node, query, key, true, scale, "/scores");
  show(kProduct, scores);
  const float cap = node.float_attr("softcap", 0);
  if (cap != 0) {
    const ValueId part = node.binary(fbs::BinaryKind::Mul, scores, node.add_scalar(1 / cap, "/1/cap"), {}, "/part");
    const ValueId bent = node.unary(fbs::UnaryKind::Tanh, part, "/bent");
    scores = node.binary(fbs::BinaryKind::Mul, bent, node.add_scalar(cap, "/cap"), {}, "/capped");
  }
  show(kCapped, scores);
  if (node.has_input(kMask)) {
    scores = node.binary(fbs::BinaryKind::Add, scores, as_bias(node, node.input(kMask)), {}, "/masked");
  }
  if (node.int_attr("is_causal", 0) != 0) {
    scores = node.binary(fbs::BinaryKind::Add, scores, causal_bias(node, q[2], k[2], past), {}, "/past");
  }
  show(kBiased, scores);
  return scores;
}

}  // namespace

void import_attention(NodeContext& node) {
  check_variant(node);
  const ValueId query = split_heads(node, kQuery, "q_num_heads", "/query");
  const int64_t heads = node.graph().shape(query)[1];
  ValueId key = split_heads(node, kKey, "kv_num_heads", "/key");
  ValueId value = split_heads(node, kValue, "kv_num_heads", "/value");
  key = behind_past(node, key, kPastKey, kPresentKey, "/key");
  value = behind_past(node, value, kPastValue, kPresentValue, "/value");
  key = repeat_heads(node, key, heads, "/key");
  value = repeat_heads(node, value, heads, "/value");
  const int64_t past = node.has_input(kPastKey) ? node.shape(kPastKey)[2] : 0;
  fbs::SoftmaxAttrsT softmax;
  softmax.axis = 3;
  const ValueId weights = node.emit(make_attrs(std::move(softmax)), {make_scores(node, query, key, past)}, "/weights");
  if (node.int_attr("qk_matmul_output_mode", 0) == 3) node.set_output(weights, kScores);
  ValueId y = matmul(node, weights, value, false, 1, "/heads");
  if (node.rank(kQuery) == 3) {
    const Shape shape = node.graph().shape(y);
    y = node.transpose(y, {0, 2, 1, 3}, "/turned");
    y = node.reshape(y, make_shape({shape[0], shape[2], shape[1] * shape[3]}), "/joined");
  }
  node.set_output(y);
}

}  // namespace lacuna::onnx
