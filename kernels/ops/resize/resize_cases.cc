#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

using Attrs = fbs::ResizeAttrsT;
constexpr auto kNearest = fbs::ResizeMode::Nearest;
constexpr auto kLinear = fbs::ResizeMode::Linear;
constexpr auto kCubic = fbs::ResizeMode::Cubic;
constexpr auto kHalfPixel = fbs::CoordinateMode::HalfPixel;
constexpr auto kAlignCorners = fbs::CoordinateMode::AlignCorners;
constexpr auto kAsymmetric = fbs::CoordinateMode::Asymmetric;
constexpr auto kCrop = fbs::CoordinateMode::TfCropAndResize;

Attrs attrs_of(fbs::ResizeMode mode, fbs::CoordinateMode coordinates, const Shape& sizes) {
  Attrs attrs;
  attrs.mode = mode;
  attrs.coordinates = coordinates;
  attrs.sizes = dims_of<uint32_t>(sizes);
  return attrs;
}

OpCase resize_case(std::mt19937& rng, const std::string& name, const Shape& shape, Attrs attrs) {
  OpCase op_case = mover_case(name, std::move(attrs), {random_tensor(rng, shape)});
  op_case.tolerance = 1e-5;
  return op_case;
}

/// Sizes from scales, as ONNX rounds them.
OpCase scaled_case(std::mt19937& rng, const std::string& name, const Shape& shape, std::vector<float> scales,
                   Attrs attrs) {
  attrs.sizes.clear();
  for (int i = 0; i < shape.rank; ++i) {
    const float size = static_cast<float>(shape[i]) * scales[static_cast<size_t>(i)];
    attrs.sizes.push_back(static_cast<uint32_t>(size));
  }
  attrs.scales = std::move(scales);
  return resize_case(rng, name, shape, std::move(attrs));
}

Attrs nearest(Attrs attrs, fbs::NearestMode mode) {
  attrs.nearest = mode;
  return attrs;
}
Attrs antialias(Attrs attrs) {
  attrs.antialias = true;
  return attrs;
}
Attrs exclude_outside(Attrs attrs) {
  attrs.exclude_outside = true;
  return attrs;
}
Attrs crop(Attrs attrs, std::vector<float> roi) {
  attrs.roi = std::move(roi);
  attrs.extrapolation = 10;
  return attrs;
}

/// Every mode in every coordinate mode, up and down by odd factors.
void add_coordinate_cases(std::mt19937& rng, std::vector<OpCase>* cases) {
  for (const fbs::ResizeMode mode : fbs::EnumValuesResizeMode()) {
    for (const fbs::CoordinateMode coordinates : fbs::EnumValuesCoordinateMode()) {
      Attrs attrs = attrs_of(mode, coordinates, make_shape({1, 2, 13, 4}));
      if (coordinates == kCrop) attrs = crop(attrs, {0, 0, 0.1f, 0.2f, 1, 1, 0.9f, 0.7f});
      cases->push_back(
          resize_case(rng, std::string(fbs::EnumNameResizeMode(mode)) + "_" + fbs::EnumNameCoordinateMode(coordinates),
                      make_shape({1, 2, 5, 9}), attrs));
    }
  }
}

OpCase random_case(std::mt19937& rng, int number) {
  const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 1, 5)), 9);
  const Shape sizes = random_shape(rng, shape.rank, 12);
  const auto mode = static_cast<fbs::ResizeMode>(random_int(rng, 0, 2));
  const auto coordinates = static_cast<fbs::CoordinateMode>(random_int(rng, 0, 4));
  Attrs attrs = attrs_of(mode, coordinates, sizes);
  attrs.nearest = static_cast<fbs::NearestMode>(random_int(rng, 0, 3));
  attrs.antialias = mode != kNearest && random_int(rng, 0, 1) != 0;
  attrs.exclude_outside = mode == kCubic && random_int(rng, 0, 1) != 0;
  attrs.cubic_a = random_int(rng, 0, 1) != 0 ? -0.5f : -0.75f;
  OpCase op_case = resize_case(rng, "random_" + std::to_string(number), shape, attrs);
  op_case.tolerance = 1e-4;  // weights may nearly cancel before they are normalised
  return op_case;
}

}  // namespace

std::vector<OpCase> resize_cases(std::mt19937& rng) {
  const Shape planes = make_shape({1, 3, 6, 7});
  const Shape doubled = make_shape({1, 3, 12, 14});
  const Shape one_pixel = make_shape({1, 2, 1, 1});
  const std::vector<float> by_0_6 = {1, 1, 0.6f, 0.6f};
  std::vector<OpCase> cases = {
      resize_case(rng, "rank_0", Shape{}, attrs_of(kLinear, kHalfPixel, Shape{})),
      resize_case(rng, "unchanged", planes, attrs_of(kCubic, kHalfPixel, planes)),
      resize_case(rng, "nearest_by_2", planes, attrs_of(kNearest, kAsymmetric, doubled)),
      resize_case(rng, "linear_by_2", planes, attrs_of(kLinear, kHalfPixel, doubled)),
      resize_case(rng, "cubic_by_2", planes, attrs_of(kCubic, kHalfPixel, doubled)),
      resize_case(rng, "linear_align_corners_by_2", planes, attrs_of(kLinear, kAlignCorners, doubled)),
      resize_case(rng, "linear_to_a_third", make_shape({1, 2, 9, 12}),
                  attrs_of(kLinear, kHalfPixel, make_shape({1, 2, 3, 4}))),
      resize_case(rng, "nearest_to_a_third", make_shape({1, 2, 9, 12}),
                  attrs_of(kNearest, kHalfPixel, make_shape({1, 2, 3, 4}))),
      resize_case(rng, "align_corners_to_size_1", planes, attrs_of(kLinear, kAlignCorners, make_shape({1, 3, 1, 1}))),
      resize_case(rng, "one_pixel_linear", one_pixel, attrs_of(kLinear, kHalfPixel, make_shape({1, 2, 5, 3}))),
      resize_case(rng, "one_pixel_cubic", one_pixel, attrs_of(kCubic, kHalfPixel, make_shape({1, 2, 5, 3}))),
      resize_case(rng, "only_height", planes, attrs_of(kLinear, kHalfPixel, make_shape({1, 3, 9, 7}))),
      resize_case(rng, "only_width", planes, attrs_of(kLinear, kHalfPixel, make_shape({1, 3, 6, 20}))),
      resize_case(rng, "channels_and_batch", make_shape({2, 3, 2, 5}),
                  attrs_of(kLinear, kHalfPixel, make_shape({3, 5, 2, 5}))),
      resize_case(rng, "trilinear", make_shape({1, 2, 3, 4, 5}),
                  attrs_of(kLinear, kHalfPixel, make_shape({1, 2, 6, 7, 11}))),
      resize_case(rng, "rank_1_wide", make_shape({37}), attrs_of(kCubic, kHalfPixel, make_shape({101}))),
      resize_case(rng, "rows_of_vectors_and_rest", make_shape({1, 1, 3, 17}),
                  attrs_of(kLinear, kHalfPixel, make_shape({1, 1, 7, 43}))),
      resize_case(rng, "cubic_exclude_outside", planes, exclude_outside(attrs_of(kCubic, kHalfPixel, doubled))),
      resize_case(rng, "linear_antialias_to_a_third", make_shape({1, 2, 15, 21}),
                  antialias(attrs_of(kLinear, kHalfPixel, make_shape({1, 2, 5, 7})))),
      resize_case(rng, "cubic_antialias_to_one_pixel", make_shape({1, 2, 11, 8}),
                  antialias(attrs_of(kCubic, kHalfPixel, one_pixel))),
      resize_case(rng, "cubic_antialias_exclude_outside", make_shape({1, 2, 11, 8}),
                  exclude_outside(antialias(attrs_of(kCubic, kHalfPixel, make_shape({1, 2, 4, 5}))))),
      resize_case(rng, "antialias_up_is_plain", planes, antialias(attrs_of(kCubic, kHalfPixel, doubled))),
      resize_case(rng, "crop_beyond_all_sides", planes,
                  crop(attrs_of(kLinear, kCrop, make_shape({1, 3, 8, 9})), {0, 0, -0.5f, -0.3f, 1, 1, 1.5f, 1.2f})),
      resize_case(rng, "crop_all_outside", planes,
                  crop(attrs_of(kNearest, kCrop, make_shape({1, 3, 3, 3})), {0, 0, 2, 2, 1, 1, 3, 3})),
      resize_case(rng, "crop_mirrored", planes,
                  crop(attrs_of(kLinear, kCrop, make_shape({1, 3, 6, 7})), {0, 0, 1.2f, 1, 1, 1, 0, -0.2f})),
      resize_case(rng, "crop_to_one_pixel", planes,
                  crop(attrs_of(kCubic, kCrop, make_shape({1, 3, 1, 1})), {0, 0, 0.2f, 0.3f, 1, 1, 0.9f, 1})),
      scaled_case(rng, "scale_that_does_not_divide", make_shape({1, 2, 7, 9}), by_0_6,
                  attrs_of(kLinear, kHalfPixel, {})),
      scaled_case(rng, "scale_that_keeps_the_size", make_shape({1, 2, 5, 5}), {1, 1, 1.1f, 1.1f},
                  attrs_of(kLinear, kAsymmetric, {})),
      scaled_case(rng, "symmetric_scale_that_does_not_divide", make_shape({1, 2, 7, 9}), by_0_6,
                  attrs_of(kCubic, fbs::CoordinateMode::HalfPixelSymmetric, {})),
      resize_case(rng, "several_tasks_linear", make_shape({1, 8, 30, 31}),
                  attrs_of(kLinear, kHalfPixel, make_shape({1, 8, 60, 63}))),
      resize_case(rng, "several_tasks_nearest", make_shape({1, 8, 30, 31}),
                  attrs_of(kNearest, kAsymmetric, make_shape({1, 8, 60, 62}))),
  };
  for (const fbs::NearestMode mode : fbs::EnumValuesNearestMode()) {
    cases.push_back(resize_case(rng, std::string("nearest_halves_") + fbs::EnumNameNearestMode(mode),
                                make_shape({1, 1, 8, 12}),
                                nearest(attrs_of(kNearest, kHalfPixel, make_shape({1, 1, 4, 6})), mode)));
  }
  add_coordinate_cases(rng, &cases);
  for (int i = 0; i < 24; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
