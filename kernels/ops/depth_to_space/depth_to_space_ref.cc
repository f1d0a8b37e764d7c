#include "kernels/copy/reference.h"

namespace lacuna {

void depth_to_space_reference(const RefArgs& args) {
  const auto& attrs = args.attrs_as<fbs::DepthToSpaceAttrs>();
  const auto b = static_cast<int64_t>(attrs.block());
  const int64_t channels = args.output->shape[1];
  move_elements(args.input(0), args.output, [&](Shape index) {
    const int64_t c = index[1], dy = index[2] % b, dx = index[3] % b;
    index[1] = attrs.channel_first() ? (c * b + dy) * b + dx : (dy * b + dx) * channels + c;
    index[2] /= b;
    index[3] /= b;
    return index;
  });
}

}  // namespace lacuna
