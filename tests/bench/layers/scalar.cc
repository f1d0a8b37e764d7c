#include "kernels/simd/vec_scalar.h"
// The tier's Vec comes first.
#include "tests/bench/layers/peak_impl.h"

namespace lacuna {

int64_t peak_scalar(int64_t rounds, float* result) { return multiply_in_registers(rounds, result); }

}  // namespace lacuna
