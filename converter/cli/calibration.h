// The option --calibrate of prune: samples from pictures or arrays.
#pragma once

#include <memory>
#include <string>

#include "converter/cli/console.h"
#include "converter/ir/graph.h"
#include "converter/prune/samples.h"
#include "lacuna_generated.h"

namespace lacuna {

/// Samples for the only input of `graph`. `path` is a folder of pictures (JPEG, PNG, PPM), which `image` turns into
/// inputs, or of .npy files of one sample each, or an .npy file with samples along its first dimension. Files that
/// cannot be used are named and left out. Throws Error: kUsage when pictures come without `image` or shapes do not fit,
/// kMalformed when there is nothing to read.
std::unique_ptr<prune::Samples> read_samples(const std::string& path, const Graph& graph,
                                             const fbs::PreprocessingT* image, const Progress& progress);

}  // namespace lacuna
