#include "kernels/copy/reference.h"

namespace lacuna {

void space_to_depth_reference(const RefArgs& args) {
  const auto b = static_cast<int64_t>(args.attrs_as<fbs::SpaceToDepthAttrs>().block());
  const int64_t channels = args.input(0).shape[1];
  move_elements(args.input(0), args.output, [&](Shape index) {
    const int64_t block = index[1] / channels;
    index[1] %= channels;
    index[2] = index[2] * b + block / b;
    index[3] = index[3] * b + block % b;
    return index;
  });
}

}  // namespace lacuna
