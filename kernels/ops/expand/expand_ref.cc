#include "kernels/copy/reference.h"

namespace lacuna {

void expand_reference(const RefArgs& args) {
  const Shape& from = args.input(0).shape;
  move_elements(args.input(0), args.output, [&](const Shape& index) {
    Shape source = from;
    for (int i = 0; i < from.rank; ++i) source[i] = from[i] == 1 ? 0 : index[i + index.rank - from.rank];
    return source;
  });
}

}  // namespace lacuna
