#include "kernels/copy/reference.h"

namespace lacuna {

void slice_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::SliceAttrs>();
  move_elements(args.input(0), args.output, [&](Shape index) {
    for (int i = 0; i < index.rank; ++i) {
      const auto at = static_cast<uint32_t>(i);
      index[i] = attrs.start()->Get(at) + index[i] * attrs.step()->Get(at);
    }
    return index;
  });
}

}  // namespace lacuna
