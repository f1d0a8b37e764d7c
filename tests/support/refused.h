// Whether an operator refuses attributes, as it must with those of a damaged file.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "converter/ir/graph.h"

namespace lacuna {

/// Whether infer says MEANING for these attributes and contiguous inputs; checks that a text comes with every error.
template <class AttrsT>
bool refused(const AttrsT& attrs, const std::vector<Shape>& shapes) {
  const Attrs chosen = make_attrs(attrs);
  const PackedAttrs packed(chosen);
  std::vector<TensorView> inputs(shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    inputs[i].shape = shapes[i];
    inputs[i].present = true;
  }
  OpStep step;
  step.attrs = packed.table();
  step.inputs = {inputs.data(), inputs.size()};
  Shape output;
  lacuna_error error = {};
  const lacuna_status status = find_op(chosen.type)->infer(step, &output, &error);
  CHECK((status == LACUNA_OK) == (std::strlen(error.message) == 0));
  return status == LACUNA_ERROR_MEANING;
}

}  // namespace lacuna
