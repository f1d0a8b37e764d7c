#include "kernels/simd/vec_avx2.h"
// The tier's Vec comes first.
#include "kernels/winograd/winograd_impl.h"

namespace lacuna {

void winograd3_input_f32__avx2(const WinogradInput& input) { transform_input<3>(input); }
void winograd3_weights_f32__avx2(const WinogradWeights& weights) { transform_weights<3>(weights); }
void winograd3_output_f32__avx2(const WinogradOutput& output) { transform_output<3>(output); }
void winograd4_input_f32__avx2(const WinogradInput& input) { transform_input<4>(input); }
void winograd4_weights_f32__avx2(const WinogradWeights& weights) { transform_weights<4>(weights); }
void winograd4_output_f32__avx2(const WinogradOutput& output) { transform_output<4>(output); }

}  // namespace lacuna
