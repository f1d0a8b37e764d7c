// The layers that a machine is measured with: those of real networks and sizes between them.
#pragma once

#include <string>
#include <vector>

#include "converter/cost/layer.h"

namespace lacuna {

/// "3x3/2 128 to 256 at 14x14".
std::string name_of(const Layer& layer);

/// A square convolution with "same" padding and a bias; groups = channels makes it depthwise.
Layer make_conv(int64_t channels, int64_t rows, int64_t kernel, int64_t stride, int64_t size, int64_t groups = 1);

/// Fully connected with a bias; `count` rows of x.
Layer make_fully_connected(int64_t columns, int64_t units, int64_t count);

/// Layers of resnet50, mobilenet v1 and v2, efficientnet-lite0 and vision models of phones, plus sizes around them.
/// With `quick` a few small ones, for trying things out.
std::vector<Layer> sweep_layers(bool quick);

/// Parts of the weights that are not zero, lowest first.
std::vector<double> sweep_densities(bool quick);

/// A layer with weights of some density in some packing.
struct SweepPoint {
  Layer layer;
  fbs::Packing packing;
  double density;
};

/// The layers in every packing, at every density where the packing skips zeros.
std::vector<SweepPoint> sweep_points(const std::vector<Layer>& layers, const std::vector<double>& densities);

/// Random weights of the point, packed.
WeightBytes pack_point(const SweepPoint& point);

}  // namespace lacuna
