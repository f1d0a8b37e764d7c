// Expand: a copy whose source stands still along the dimensions that are broadcast.
#include "kernels/copy/copy.h"
#include "kernels/copy/shape_attrs.h"

namespace lacuna {
namespace {

/// Dimension i of a shape that is aligned to the end of `rank` dimensions.
int64_t aligned_dim(const Shape& shape, int i, int rank) {
  const int at = i + shape.rank - rank;
  return at < 0 ? 1 : shape[at];
}

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const Shape& x = step.inputs[0].shape;
  Shape wanted;
  LACUNA_RETURN_IF_ERROR(read_shape(step.attrs_as<fbs::ExpandAttrs>().shape(), &wanted, error));
  *output = {};
  const int rank = x.rank > wanted.rank ? x.rank : wanted.rank;
  for (int i = 0; i < rank; ++i) {
    const int64_t from = aligned_dim(x, i, rank);
    const int64_t to = aligned_dim(wanted, i, rank);
    if (from != to && from != 1 && to != 1) {
      return fail(error, LACUNA_ERROR_MEANING, "dimension %d: %lld elements cannot be broadcast to %lld", i,
                  static_cast<long long>(from), static_cast<long long>(to));
    }
    LACUNA_RETURN_IF_ERROR(push_dim(from == 1 ? to : from, output, error));
  }
  return LACUNA_OK;
}

Binding bind(const OpStep& step, const BindContext& context, void* state) {
  const TensorView& x = step.inputs[0];
  const TensorView& y = step.outputs[0];
  CopyBox box = {x.data, y.data, 0, {}};
  for (int i = 0; i < y.shape.rank; ++i) {
    const int from = i + x.shape.rank - y.shape.rank;
    box.add(y.shape[i], from < 0 || x.shape[from] == 1 ? 0 : x.strides[from], y.strides[i]);
  }
  return bind_copy(box, context, state);
}

}  // namespace

extern const OpRun kExpandRun = {
    "Expand", 1, 1, Layout::kStrided, Layout::kStrided, infer, nullptr, copy_state_bytes, nullptr, bind, run_copy_state,
};

}  // namespace lacuna
