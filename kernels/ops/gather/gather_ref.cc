#include "kernels/copy/reference.h"

namespace lacuna {

void gather_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::GatherAttrs>();
  const auto axis = static_cast<int>(attrs.axis());
  const Shape& from = args.input(0).shape;
  const int indexed = args.output->shape.rank - from.rank + 1;  // rank of the indices
  move_elements(args.input(0), args.output, [&](const Shape& index) {
    int64_t which = 0;
    for (int i = axis; i < axis + indexed; ++i) which = which * args.output->shape[i] + index[i];
    Shape source = from;
    for (int i = 0; i < axis; ++i) source[i] = index[i];
    source[axis] = attrs.indices()->Get(static_cast<uint32_t>(which));
    for (int i = axis + 1; i < from.rank; ++i) source[i] = index[i + indexed - 1];
    return source;
  });
}

}  // namespace lacuna
