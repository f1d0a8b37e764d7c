// Resize and Upsample.
#include <algorithm>
#include <cmath>
#include <map>

#include "converter/onnx/node_context.h"

namespace lacuna::onnx {

namespace {

template <class Value>
Value lookup(const std::map<std::string, Value>& table, const std::string& name, const char* what) {
  const auto found = table.find(name);
  if (found == table.end()) malformed(std::string(what) + " is '" + name + "'");
  return found->second;
}

fbs::ResizeMode mode_of(const std::string& mode) {
  return lookup<fbs::ResizeMode>({{"nearest", fbs::ResizeMode::Nearest},
                                  {"linear", fbs::ResizeMode::Linear},
                                  {"bilinear", fbs::ResizeMode::Linear},
                                  {"cubic", fbs::ResizeMode::Cubic}},
                                 mode, "mode");
}

fbs::CoordinateMode coordinates_of(const std::string& mode) {
  return lookup<fbs::CoordinateMode>({{"half_pixel", fbs::CoordinateMode::HalfPixel},
                                      {"half_pixel_symmetric", fbs::CoordinateMode::HalfPixelSymmetric},
                                      {"pytorch_half_pixel", fbs::CoordinateMode::PytorchHalfPixel},
                                      {"align_corners", fbs::CoordinateMode::AlignCorners},
                                      {"asymmetric", fbs::CoordinateMode::Asymmetric},
                                      {"tf_crop_and_resize", fbs::CoordinateMode::TfCropAndResize},
                                      {"tf_half_pixel_for_nn", fbs::CoordinateMode::TfHalfPixelForNn}},
                                     mode, "coordinate_transformation_mode");
}

fbs::NearestMode nearest_of(const std::string& mode) {
  return lookup<fbs::NearestMode>({{"round_prefer_floor", fbs::NearestMode::RoundPreferFloor},
                                   {"round_prefer_ceil", fbs::NearestMode::RoundPreferCeil},
                                   {"floor", fbs::NearestMode::Floor},
                                   {"ceil", fbs::NearestMode::Ceil}},
                                  mode, "nearest_mode");
}

uint32_t checked_size(double size) {
  if (!(size >= 1) || size > std::numeric_limits<int32_t>::max()) {
    malformed("a dimension would get the size " + std::to_string(size));
  }
  return static_cast<uint32_t>(size);
}

/// Sizes from scales: the resized dimensions round down. `roi` has starts and ends of all dimensions, or is empty.
void set_scales(const Shape& x, const std::vector<int>& axes, const std::vector<float>& scales,
                fbs::ResizeAttrsT* attrs) {
  if (scales.size() != axes.size()) malformed("there are " + std::to_string(scales.size()) + " scales");
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<size_t>(axes[i]);
    attrs->scales[d] = scales[i];
    const double covered =
        attrs->roi.empty() ? 1 : static_cast<double>(attrs->roi[d + attrs->sizes.size()] - attrs->roi[d]);
    const double size = static_cast<double>(x[axes[i]]) * covered * static_cast<double>(scales[i]);
    attrs->sizes[d] = checked_size(std::floor(size));
  }
}

void set_sizes(const Shape& x, const std::vector<int>& axes, const std::vector<int64_t>& sizes,
               const std::string& policy, fbs::ResizeAttrsT* attrs) {
  if (sizes.size() != axes.size()) malformed("there are " + std::to_string(sizes.size()) + " sizes");
  std::vector<double> scales;
  for (size_t i = 0; i < axes.size(); ++i) {
    scales.push_back(checked_size(static_cast<double>(sizes[i])) / static_cast<double>(x[axes[i]]));
  }
  const bool stretch = policy == "stretch";
  if (!stretch && policy != "not_larger" && policy != "not_smaller") {
    malformed("keep_aspect_ratio_policy is '" + policy + "'");
  }
  if (scales.empty()) return;
  const double common = policy == "not_larger" ? *std::min_element(scales.begin(), scales.end())
                                               : *std::max_element(scales.begin(), scales.end());
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<size_t>(axes[i]);
    attrs->scales[d] = static_cast<float>(stretch ? scales[i] : common);
    attrs->sizes[d] = stretch ? static_cast<uint32_t>(sizes[i])
                              : checked_size(std::floor(common * static_cast<double>(x[axes[i]]) + 0.5));
  }
}

std::vector<int> axes_of(const NodeContext& node, int rank) {
  std::vector<int> axes;
  if (const auto list = node.ints_attr("axes"); list.has_value() && !list->empty()) {
    checked_axes(*list, rank);
    for (const int64_t axis : *list) axes.push_back(checked_axis(axis, rank));
    return axes;
  }
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

std::vector<float> full_roi(const NodeContext& node, const std::vector<int>& axes, size_t rank) {
  const std::vector<float> given = node.floats(1, "region of interest");
  if (given.size() != 2 * axes.size()) malformed("roi has " + std::to_string(given.size()) + " entries");
  std::vector<float> roi(2 * rank, 0.0f);
  std::fill(roi.begin() + static_cast<ptrdiff_t>(rank), roi.end(), 1.0f);
  for (size_t i = 0; i < axes.size(); ++i) {
    roi[static_cast<size_t>(axes[i])] = given[i];
    roi[rank + static_cast<size_t>(axes[i])] = given[axes.size() + i];
  }
  return roi;
}

fbs::ResizeAttrsT same_size(const Shape& x) {
  fbs::ResizeAttrsT attrs;
  attrs.sizes = dims_of<uint32_t>(x);
  attrs.scales.assign(attrs.sizes.size(), 1.0f);
  return attrs;
}

bool is_given(const NodeContext& node, size_t i) { return node.has_input(i) && count(node.shape(i)) != 0; }

}  // namespace

/// Upsample, and Resize of opset 10: the pixel of the origin, rounded down.
void import_upsample(NodeContext& node) {
  const Shape x = node.shape(0);
  fbs::ResizeAttrsT attrs = same_size(x);
  attrs.mode = mode_of(node.string_attr("mode", "nearest"));
  attrs.coordinates = fbs::CoordinateMode::Asymmetric;
  attrs.nearest = fbs::NearestMode::Floor;
  const std::vector<float> scales = node.has_attr("scales") ? *node.floats_attr("scales") : node.floats(1, "scales");
  set_scales(x, axes_of(node, x.rank), scales, &attrs);
  node.set_output(node.emit(make_attrs(std::move(attrs)), {node.input(0)}));
}

void import_resize(NodeContext& node) {
  if (node.opset() < 11) return import_upsample(node);
  const Shape x = node.shape(0);
  const std::vector<int> axes = axes_of(node, x.rank);
  fbs::ResizeAttrsT attrs = same_size(x);
  attrs.mode = mode_of(node.string_attr("mode", "nearest"));
  attrs.coordinates = coordinates_of(node.string_attr("coordinate_transformation_mode", "half_pixel"));
  attrs.nearest = nearest_of(node.string_attr("nearest_mode", "round_prefer_floor"));
  attrs.cubic_a = node.float_attr("cubic_coeff_a", -0.75f);
  attrs.exclude_outside = node.int_attr("exclude_outside", 0) != 0;
  attrs.extrapolation = node.float_attr("extrapolation_value", 0);
  attrs.antialias = node.int_attr("antialias", 0) != 0;
  if (attrs.coordinates == fbs::CoordinateMode::TfCropAndResize) attrs.roi = full_roi(node, axes, attrs.sizes.size());
  if (is_given(node, 3)) {
    const std::string policy = node.string_attr("keep_aspect_ratio_policy", "stretch");
    set_sizes(x, axes, node.ints(3, "sizes"), policy, &attrs);
  } else if (is_given(node, 2)) {
    set_scales(x, axes, node.floats(2, "scales"), &attrs);
  } else {
    malformed("neither scales nor sizes are given");
  }
  node.set_output(node.emit(make_attrs(std::move(attrs)), {node.input(0)}));
}

}  // namespace lacuna::onnx
