// The tensors that a command gives a model.
#pragma once

#include <string>
#include <vector>

#include "converter/cli/model_file.h"

namespace lacuna {

/// The arrays of `--input [NAME=]FILE.npy` options, in the order of the model's inputs: named ones go to their input,
/// the others fill the rest in order. A file that is a picture becomes the first input as the model wants it. Throws
/// Error: kUsage for too many, too few or an unknown name; kMalformed for a file that cannot be read or has another
/// shape than its input.
std::vector<Tensor> read_inputs(const ModelFile& model, const std::vector<std::string>& options);

/// Uniform numbers in [-1, 1), the same for the same seed on every machine.
std::vector<Tensor> random_inputs(const ModelFile& model, uint32_t seed);

}  // namespace lacuna
