#include "kernels/copy/reference.h"

namespace lacuna {

void transpose_reference(const RefArgs& args) {
  const auto* perm = args.attrs_as<fbs::TransposeAttrs>().perm();
  move_elements(args.input(0), args.output, [&](const Shape& index) {
    Shape source = index;
    for (int i = 0; i < index.rank; ++i) source[static_cast<int>(perm->Get(static_cast<uint32_t>(i)))] = index[i];
    return source;
  });
}

}  // namespace lacuna
