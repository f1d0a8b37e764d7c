#include "kernels/op_host.h"

namespace lacuna {

void reshape_reference(const RefArgs& args) {
  args.output->f32 = args.input(0).f32;
  args.output->i64 = args.input(0).i64;
}

}  // namespace lacuna
