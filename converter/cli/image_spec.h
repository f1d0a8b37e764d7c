// The option --image of convert: how a picture becomes the model's first input.
#pragma once

#include <string>

#include "converter/ir/graph.h"
#include "lacuna_generated.h"

namespace lacuna {

/// Reads "mean=127,127,127;std=128,128,128;resize=256;filter=bicubic;labels=FILE". mean and std (in units of 0..255,
/// one number a channel) are required; resize is the short side in pixels before the middle is cut out, fit=letterbox
/// keeps the whole picture instead, filter is bilinear (default), linear, area or bicubic, order is rgb (default) or
/// bgr, labels a text file with one class name a line. Throws Error: kUsage for a wrong text, kMalformed for a labels
/// file that cannot be read.
fbs::PreprocessingT parse_image_spec(const std::string& text);

/// Throws Error(kUsage) when the first input of the graph is no picture of that many channels, or when there are more
/// labels than the first output has elements.
void check_image_spec(const fbs::PreprocessingT& image, const Graph& graph);

}  // namespace lacuna
