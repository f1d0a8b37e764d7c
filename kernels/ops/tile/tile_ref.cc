#include "kernels/copy/reference.h"

namespace lacuna {

void tile_reference(const RefArgs& args) {
  const Shape& from = args.input(0).shape;
  move_elements(args.input(0), args.output, [&](Shape index) {
    for (int i = 0; i < from.rank; ++i) index[i] %= from[i];
    return index;
  });
}

}  // namespace lacuna
