// Operands of a node by role.
#pragma once

#include <algorithm>

#include "converter/ir/graph.h"

namespace lacuna {

/// The description of operand i; operators with any number of inputs repeat their last one.
inline const Operand& operand_of(const OpHost& op, size_t i) {
  return op.operands[std::min(i, op.operands.size() - 1)];
}

/// The first operand with this role; kNoValue when the node has none.
inline ValueId operand_with_role(const Node& node, Role role) {
  const OpHost& op = host_op(node.attrs.type);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (operand_of(op, i).role == role) return node.inputs[i];
  }
  return kNoValue;
}

/// Operands that stay operands on the device: all but weights and biases; trailing omitted ones are dropped.
inline std::vector<ValueId> device_operands(const Node& node) {
  const OpHost& op = host_op(node.attrs.type);
  std::vector<ValueId> ids;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Role role = operand_of(op, i).role;
    if (role != Role::kWeight && role != Role::kBias) ids.push_back(node.inputs[i]);
  }
  while (!ids.empty() && ids.back() == kNoValue) ids.pop_back();
  return ids;
}

}  // namespace lacuna
