// Einsum of two operands that is a batched matrix product up to the order of dimensions.
#include <algorithm>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

struct Equation {
  std::string a, b, y;  ///< one letter a dimension
};

Equation parse(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  const size_t comma = text.find(',');
  const size_t arrow = text.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || comma > arrow ||
      text.find(',', comma + 1) != std::string::npos) {
    unsupported("only equations of two operands and an explicit result are supported, not '" + text + "'");
  }
  Equation equation{text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1), text.substr(arrow + 2)};
  for (std::string labels : {equation.a, equation.b, equation.y}) {
    std::sort(labels.begin(), labels.end());
    const bool letters = std::all_of(labels.begin(), labels.end(), [](char c) { return std::isalpha(c) != 0; });
    if (!letters || std::adjacent_find(labels.begin(), labels.end()) != labels.end()) {
      unsupported("diagonals and ellipses are not supported: '" + text + "'");
    }
  }
  return equation;
}

bool contains(const std::string& labels, char label) { return labels.find(label) != std::string::npos; }

/// Labels of `from` that are (not) in each of the others.
std::string select(const std::string& from, const std::string& p, bool in_p, const std::string& q, bool in_q) {
  std::string result;
  for (const char label : from) {
    if (contains(p, label) == in_p && contains(q, label) == in_q) result += label;
  }
  return result;
}

ValueId permute(NodeContext& node, ValueId x, const std::string& from, const std::string& to,
                const std::string& suffix) {
  if (from == to) return x;
  std::vector<uint32_t> perm;
  for (const char label : to) perm.push_back(static_cast<uint32_t>(from.find(label)));
  return node.transpose(x, perm, suffix);
}

int64_t size_of(const NodeContext& node, size_t i, const std::string& labels, const std::string& group) {
  int64_t size = 1;
  for (const char label : group) size *= node.shape(i)[static_cast<int>(labels.find(label))];
  return size;
}

}  // namespace

void import_einsum(NodeContext& node) {
  const Equation eq = parse(node.string_attr("equation", ""));
  if (node.input_count() != 2 || static_cast<int>(eq.a.size()) != node.rank(0) ||
      static_cast<int>(eq.b.size()) != node.rank(1)) {
    malformed("the equation does not fit the operands");
  }
  const std::string batch = select(eq.a, eq.b, true, eq.y, true);
  const std::string rows = select(eq.a, eq.b, false, eq.y, true);
  const std::string inner = select(eq.a, eq.b, true, eq.y, false);
  const std::string columns = select(eq.b, eq.a, false, eq.y, true);
  if (batch.size() + rows.size() + inner.size() != eq.a.size() ||
      batch.size() + inner.size() + columns.size() != eq.b.size() ||
      batch.size() + rows.size() + columns.size() != eq.y.size()) {
    unsupported("an equation with sums over one operand alone is not supported");
  }
  for (const char label : batch + inner) {
    if (size_of(node, 0, eq.a, {label}) != size_of(node, 1, eq.b, {label})) malformed("dimensions of one label differ");
  }
  const int64_t batches = size_of(node, 0, eq.a, batch);
  const int64_t m = size_of(node, 0, eq.a, rows);
  const int64_t k = size_of(node, 0, eq.a, inner);
  const int64_t n = size_of(node, 1, eq.b, columns);
  const ValueId a = permute(node, node.input(0), eq.a, batch + rows + inner, "/a");
  const ValueId b = permute(node, node.input(1), eq.b, batch + inner + columns, "/b");
  const ValueId y = node.emit(
      make_attrs(fbs::MatMulAttrsT()),
      {node.reshape(a, make_shape({batches, m, k}), "/rows"), node.reshape(b, make_shape({batches, k, n}), "/columns")},
      "/product");
  Shape shape;
  for (const char label : batch + rows) shape.push_back(size_of(node, 0, eq.a, {label}));
  for (const char label : columns) shape.push_back(size_of(node, 1, eq.b, {label}));
  node.set_output(permute(node, node.reshape(y, shape, "/split"), batch + rows + columns, eq.y, "/order"));
}

}  // namespace lacuna::onnx
