// Nothing but the scalar tier's functions; vec_test.cc calls them.
#include "kernels/simd/vec_scalar.h"
// The tier's Vec comes first.
#include "tests/kernels/simd/vec_functions_impl.h"

namespace lacuna {

extern const VecFunctions kVecScalar = kFunctions;

}  // namespace lacuna
