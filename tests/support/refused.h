// Whether an operator refuses attributes, as it must with those of a damaged file.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "converter/ir/graph.h"

namespace lacuna {

/// Whether infer says MEANING for attributes as a file has them and contiguous inputs; checks that a text comes with
/// every error.
inline bool refused_table(fbs::OpAttrs type, const void* attrs, const std::vector<Shape>& shapes) {
  std::vector<TensorView> inputs(shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    inputs[i].shape = shapes[i];
    inputs[i].present = true;
  }
  OpStep step;
  step.attrs = attrs;
  step.inputs = {inputs.data(), inputs.size()};
  Shape output;
  lacuna_error error = {};
  const lacuna_status status = find_op(type)->infer(step, &output, &error);
  CHECK((status == LACUNA_OK) == (std::strlen(error.message) == 0));
  return status == LACUNA_ERROR_MEANING;
}

template <class AttrsT>
bool refused(const AttrsT& attrs, const std::vector<Shape>& shapes) {
  const Attrs chosen = make_attrs(attrs);
  return refused_table(chosen.type, PackedAttrs(chosen).table(), shapes);
}

}  // namespace lacuna
