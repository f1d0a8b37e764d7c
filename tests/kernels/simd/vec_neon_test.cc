// Nothing but the NEON tier's functions; vec_test.cc calls them on machines that have it.
#if __ARM_ARCH >= 7
#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "tests/kernels/simd/vec_functions_impl.h"

namespace lacuna {

extern const VecFunctions kVecNeon = kFunctions;

}  // namespace lacuna
#endif
