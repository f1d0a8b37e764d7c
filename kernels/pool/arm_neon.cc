#include "kernels/simd/vec_neon.h"
// The tier's Vec comes first.
#include "kernels/pool/pool_impl.h"

namespace lacuna {

void pool_max_f32__neon(const PoolRow& row, float* scratch, float* y) { pool_max(row, scratch, y); }

void pool_average_f32__neon(const PoolRow& row, float* scratch, float* y) { pool_average(row, scratch, y); }

}  // namespace lacuna
