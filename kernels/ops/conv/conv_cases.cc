#include "kernels/weight_cases.h"

namespace lacuna {
namespace {

using Sizes = std::vector<uint32_t>;

/// A convolution to be: sizes are per spatial dimension.
struct Spec {
  std::string name;
  std::vector<int64_t> x;  ///< [N, C, spatial...]
  uint32_t out_channels;
  Sizes kernel;
  Sizes stride = {};    ///< empty: ones
  Sizes dilation = {};  ///< empty: ones
  Sizes begin = {};     ///< empty: no pads
  Sizes end = {};       ///< empty: like `begin`
  uint32_t groups = 1;
  double density = 0.3;
  fbs::Activation activation = {};
  bool bias = true;
  bool residual = false;
};

OpCase make_case(std::mt19937& rng, const Spec& spec) {
  fbs::ConvAttrsT attrs;
  const Sizes ones(spec.kernel.size(), 1), zeros(spec.kernel.size(), 0);
  attrs.out_channels = spec.out_channels;
  attrs.groups = spec.groups;
  attrs.kernel = spec.kernel;
  attrs.stride = spec.stride.empty() ? ones : spec.stride;
  attrs.dilation = spec.dilation.empty() ? ones : spec.dilation;
  attrs.pads_begin = spec.begin.empty() ? zeros : spec.begin;
  attrs.pads_end = spec.end.empty() ? attrs.pads_begin : spec.end;
  attrs.activation = spec.activation;

  Shape weight = make_shape({int64_t{spec.out_channels}, spec.x[1] / spec.groups});
  Shape y = make_shape({spec.x[0], int64_t{spec.out_channels}});
  for (size_t i = 0; i < spec.kernel.size(); ++i) {
    weight.push_back(spec.kernel[i]);
    const int64_t reach = (int64_t{spec.kernel[i]} - 1) * attrs.dilation[i] + 1;
    y.push_back((spec.x[i + 2] + attrs.pads_begin[i] + attrs.pads_end[i] - reach) / attrs.stride[i] + 1);
  }
  OpCase op_case;
  op_case.name = spec.name;
  op_case.attrs = make_attrs(std::move(attrs));
  op_case.inputs = {random_tensor(rng, make_shape(spec.x)), random_weight(rng, weight, spec.density),
                    spec.bias ? random_tensor(rng, make_shape({int64_t{spec.out_channels}})) : Tensor(),
                    spec.residual ? random_tensor(rng, y) : Tensor()};
  op_case.constant = {false, true, true, false};
  return op_case;
}

std::vector<Spec> pointwise() {
  std::vector<Spec> specs = {
      {"pointwise", {1, 12, 9, 9}, 20, {1, 1}},
      {"one_pixel", {1, 37, 1, 1}, 19, {1, 1}},
      {"one_pixel_batch_2_hardswish", {2, 300, 1, 1}, 70, {1, 1}, {}, {}, {}, {}, 1, 0.2, hard_swish(), true, true},
      {"one_channel_in_and_out", {1, 1, 5, 5}, 1, {1, 1}, {}, {}, {}, {}, 1, 1.0},
      {"seven_by_seven", {1, 40, 7, 7}, 33, {1, 1}},
      {"batch_2", {2, 16, 6, 10}, 24, {1, 1}},
      {"k_300_over_block", {1, 300, 5, 5}, 17, {1, 1}, {}, {}, {}, {}, 1, 0.3, relu(), true, true},
      {"k_700_density_1_gap_over_255", {1, 700, 4, 5}, 6, {1, 1}, {}, {}, {}, {}, 1, 0.005},
      {"one_pixel_k_700_density_1", {1, 700, 1, 1}, 6, {1, 1}, {}, {}, {}, {}, 1, 0.005},
      {"density_10", {1, 64, 14, 14}, 48, {1, 1}, {}, {}, {}, {}, 1, 0.1},
      {"all_zero_weights", {1, 20, 6, 6}, 9, {1, 1}, {}, {}, {}, {}, 1, 0.0},
      {"full_rows", {1, 130, 8, 9}, 9, {1, 1}, {}, {}, {}, {}, 1, 1.0},
      {"residual", {1, 16, 13, 11}, 16, {1, 1}, {}, {}, {}, {}, 1, 0.4, {}, true, true},
      {"residual_relu6", {2, 16, 13, 11}, 16, {1, 1}, {}, {}, {}, {}, 1, 0.4, relu6(), true, true},
      {"hardswish", {1, 10, 12, 12}, 14, {1, 1}, {}, {}, {}, {}, 1, 0.4, hard_swish()},
      {"no_bias", {1, 10, 6, 7}, 14, {1, 1}, {}, {}, {}, {}, 1, 0.4, relu(), false},
      {"pointwise_stride_2", {1, 12, 9, 13}, 16, {1, 1}, {2, 2}},
      {"pointwise_padded", {1, 5, 4, 4}, 6, {1, 1}, {}, {}, {1, 1}},
      {"wide_tiles", {1, 150, 14, 14}, 20, {1, 1}, {}, {}, {}, {}, 1, 0.1, relu(), true, true},
      {"wide_tiles_stride_2", {1, 70, 27, 29}, 16, {1, 1}, {2, 2}, {}, {1, 1}, {}, 1, 0.2},
      {"wide_tiles_stride_3", {1, 9, 34, 31}, 16, {1, 1}, {3, 3}, {}, {1, 2}},
      {"pointwise_group_4", {1, 24, 6, 6}, 12, {1, 1}, {}, {}, {}, {}, 4},
      {"rows_not_times_8_group_2", {1, 6, 5, 5}, 22, {1, 1}, {}, {}, {}, {}, 2},
  };
  for (const int64_t pixels : {1, 2, 15, 16, 17, 31, 33, 47, 48, 49, 63, 64, 65, 97, 130}) {
    specs.push_back({"tail_of_" + std::to_string(pixels) + "_pixels", {1, 9, 1, pixels}, 11, {1, 1}});
  }
  return specs;
}

std::vector<Spec> windows() {
  return {
      {"same_3x3", {1, 8, 10, 10}, 12, {3, 3}, {}, {}, {1, 1}},
      {"same_3x3_narrow", {1, 8, 30, 3}, 12, {3, 3}, {}, {}, {1, 1}},
      {"same_3x3_wide", {1, 3, 2, 150}, 9, {3, 3}, {}, {}, {1, 1}},
      {"same_3x3_seven_by_seven", {1, 70, 7, 7}, 20, {3, 3}, {}, {}, {1, 1}, {}, 1, 0.2},
      {"same_5x5_batch_2_residual", {2, 6, 9, 8}, 10, {5, 5}, {}, {}, {2, 2}, {}, 1, 0.3, relu(), true, true},
      {"valid_3x3", {1, 5, 9, 20}, 7, {3, 3}},
      {"stride_2_odd_width", {1, 6, 13, 15}, 10, {3, 3}, {2, 2}, {}, {1, 1}},
      {"stride_2_wide", {1, 3, 6, 140}, 10, {3, 3}, {2, 2}, {}, {1, 1}},
      {"stride_3_and_1", {1, 4, 12, 13}, 6, {3, 2}, {3, 1}},
      {"stride_over_kernel", {1, 4, 17, 19}, 6, {2, 2}, {5, 4}},
      {"dilation_2", {1, 6, 12, 12}, 8, {3, 3}, {}, {2, 2}, {2, 2}},
      {"dilation_beyond_input", {1, 3, 4, 4}, 5, {3, 3}, {}, {5, 5}, {5, 5}},
      {"asymmetric_pads", {1, 5, 8, 9}, 7, {3, 3}, {2, 2}, {}, {0, 0}, {1, 1}},
      {"asymmetric_pads_same_width", {1, 5, 8, 9}, 7, {2, 2}, {}, {}, {0, 0}, {1, 1}},
      {"kernel_larger_than_input", {1, 4, 2, 3}, 6, {5, 5}, {}, {}, {2, 2}},
      {"kernel_covers_input", {1, 10, 7, 7}, 12, {7, 7}, {}, {}, {}, {}, 1, 0.3, relu()},
      {"pads_over_kernel", {1, 2, 3, 3}, 3, {2, 2}, {}, {}, {4, 4}},
      {"only_padding_seen", {1, 2, 1, 1}, 3, {1, 1}, {3, 3}, {}, {3, 3}},
      {"kernel_1x7", {1, 6, 5, 20}, 8, {1, 7}, {}, {}, {0, 3}},
      {"kernel_7x1", {1, 6, 20, 5}, 8, {7, 1}, {}, {}, {3, 0}},
      {"kernel_1x130", {1, 2, 1, 300}, 10, {1, 130}, {}, {}, {0, 64}, {}, 1, 1.0, relu()},
      {"dilation_60", {1, 3, 2, 256}, 10, {1, 3}, {}, {1, 60}, {0, 60}, {}, 1, 1.0},
      {"lines_that_share_rows", {1, 3, 20, 100}, 10, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0, hard_swish(), true, true},
      {"lines_that_share_rows_stride_2", {1, 3, 41, 190}, 9, {3, 3}, {2, 2}, {}, {1, 1}, {}, 1, 1.0, relu6()},
      {"height_1", {1, 6, 1, 50}, 8, {1, 5}, {1, 2}, {}, {0, 2}},
      {"first_layer_7x7_stride_2", {1, 3, 33, 35}, 16, {7, 7}, {2, 2}, {}, {3, 3}},
      {"lines_in_two_parts_and_blocks", {1, 60, 3, 111}, 9, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0, relu6(), true, true},
      {"lines_without_gaps", {1, 5, 7, 48}, 9, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0, hard_swish(), true, true},
      {"lines_without_gaps_stride_2", {2, 3, 27, 16}, 9, {3, 3}, {2, 2}, {}, {1, 1}, {}, 1, 1.0},
      {"lines_of_14", {1, 70, 14, 14}, 20, {3, 3}, {}, {}, {1, 1}, {}, 1, 0.1, relu(), true, true},
      {"lines_of_28", {1, 20, 9, 28}, 10, {3, 3}, {}, {}, {1, 1}, {}, 1, 0.3, hard_swish(), true, true},
      {"lines_of_56_in_parts", {1, 10, 5, 56}, 6, {3, 3}, {}, {}, {1, 1}, {}, 1, 0.3, relu6(), true, true},
      {"group_2", {1, 8, 9, 9}, 10, {3, 3}, {}, {}, {1, 1}, {}, 2},
      {"group_8_of_32_stride_2", {1, 32, 9, 9}, 32, {3, 3}, {2, 2}, {}, {1, 1}, {}, 8},
      {"columns_over_block", {1, 60, 6, 6}, 12, {3, 3}, {}, {}, {1, 1}, {}, 1, 0.5},
      {"density_2_wide_block", {1, 200, 6, 6}, 5, {3, 3}, {}, {}, {1, 1}, {}, 1, 0.02, hard_swish(), true, true},
      {"gray_input", {1, 1, 12, 12}, 9, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0},
  };
}

/// Dense ones that Winograd's method suits.
std::vector<Spec> spared() {
  return {
      {"spared_3x3", {1, 8, 14, 16}, 16, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0},
      {"spared_3x3_cut_run_residual", {1, 10, 14, 14}, 20, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0, relu6(), true, true},
      {"spared_3x3_bands_batch_2", {2, 5, 31, 29}, 19, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0, hard_swish(), true, true},
      {"spared_3x3_no_bias", {1, 5, 20, 12}, 24, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0, {}, false},
      {"spared_3x3_valid", {1, 4, 16, 18}, 16, {3, 3}, {}, {}, {}, {}, 1, 1.0, relu()},
      {"spared_3x3_asymmetric_pads", {1, 4, 16, 17}, 17, {3, 3}, {}, {}, {2, 2}, {0, 1}, 1, 1.0},
      {"spared_3x3_group_2", {1, 6, 12, 20}, 34, {3, 3}, {}, {}, {1, 1}, {}, 2, 1.0, relu()},
      {"spared_3x3_stride_2_down", {1, 4, 40, 24}, 16, {3, 3}, {2, 1}, {}, {1, 1}, {}, 1, 1.0},
      {"spared_1x3", {1, 16, 9, 32}, 16, {1, 3}, {}, {}, {0, 1}, {}, 1, 1.0},
      {"spared_4x4", {1, 4, 17, 19}, 16, {4, 4}, {}, {}, {1, 1}, {2, 2}, 1, 1.0},
      {"spared_5x5_stride_2", {1, 3, 40, 42}, 24, {5, 5}, {2, 2}, {}, {1, 1}, {2, 2}, 1, 1.0, relu()},
      {"spared_7x7_stride_2", {1, 3, 64, 60}, 16, {7, 7}, {2, 2}, {}, {3, 3}, {}, 1, 1.0, relu()},
      {"spared_8x9_stride_3", {1, 2, 50, 53}, 16, {8, 9}, {3, 3}, {}, {3, 4}, {}, 1, 1.0},
      {"spared_wide_row", {1, 3, 3, 230}, 16, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0},
      {"spared_many_channels", {1, 300, 10, 16}, 16, {3, 3}, {}, {}, {1, 1}, {}, 1, 1.0},
  };
}

std::vector<Spec> depthwise() {
  return {
      {"depthwise_3x3", {1, 9, 14, 14}, 9, {3, 3}, {}, {}, {1, 1}, {}, 9, 1.0},
      {"depthwise_3x3_relu6_residual", {2, 5, 17, 33}, 5, {3, 3}, {}, {}, {1, 1}, {}, 5, 1.0, relu6(), true, true},
      {"depthwise_3x3_hardswish", {1, 5, 7, 7}, 5, {3, 3}, {}, {}, {1, 1}, {}, 5, 1.0, hard_swish()},
      {"depthwise_3x3_stride_2", {1, 6, 15, 15}, 6, {3, 3}, {2, 2}, {}, {1, 1}, {}, 6, 1.0, relu()},
      {"depthwise_3x3_stride_2_asymmetric", {1, 6, 16, 70}, 6, {3, 3}, {2, 2}, {}, {0, 0}, {1, 1}, 6, 1.0},
      {"depthwise_5x5", {1, 4, 12, 20}, 4, {5, 5}, {}, {}, {2, 2}, {}, 4, 1.0},
      {"depthwise_5x5_stride_2", {1, 4, 14, 14}, 4, {5, 5}, {2, 2}, {}, {1, 1}, {2, 2}, 4, 1.0},
      {"depthwise_7x7", {1, 4, 14, 14}, 4, {7, 7}, {}, {}, {3, 3}, {}, 4, 1.0},
      {"depthwise_3x3_dilation_2", {1, 4, 14, 14}, 4, {3, 3}, {}, {2, 2}, {2, 2}, {}, 4, 1.0},
      {"depthwise_3x3_dilation_3_stride_2", {1, 4, 14, 17}, 4, {3, 3}, {2, 2}, {3, 3}, {3, 3}, {}, 4, 1.0},
      {"depthwise_stride_1_and_2", {1, 4, 11, 12}, 4, {3, 3}, {1, 2}, {}, {1, 1}, {}, 4, 1.0},
      {"depthwise_stride_3", {1, 4, 11, 12}, 4, {3, 3}, {3, 3}, {}, {1, 1}, {}, 4, 1.0},
      {"depthwise_1x1_stride_4", {1, 4, 11, 12}, 4, {1, 1}, {4, 4}, {}, {}, {}, 4, 1.0},
      {"depthwise_multiplier_2", {1, 4, 9, 9}, 8, {3, 3}, {}, {}, {1, 1}, {}, 4, 1.0},
      {"depthwise_multiplier_3_stride_2", {2, 3, 9, 9}, 9, {3, 3}, {2, 2}, {}, {1, 1}, {}, 3, 1.0},
      {"depthwise_no_bias_tall", {1, 2, 200, 40}, 2, {3, 3}, {}, {}, {1, 1}, {}, 2, 1.0, {}, false},
      {"depthwise_one_row_left", {1, 3, 5, 20}, 3, {3, 3}, {}, {}, {1, 1}, {}, 3, 1.0},
      {"depthwise_kernel_larger_than_input", {1, 3, 2, 2}, 3, {5, 5}, {}, {}, {2, 2}, {}, 3, 1.0},
      {"depthwise_kernel_covers_input", {1, 20, 7, 7}, 20, {7, 7}, {}, {}, {}, {}, 20, 1.0},
  };
}

std::vector<Spec> volumes() {
  return {
      {"volume_3x3x3", {1, 4, 5, 6, 7}, 6, {3, 3, 3}, {}, {}, {1, 1, 1}},
      {"volume_pointwise", {2, 4, 3, 4, 5}, 6, {1, 1, 1}, {}, {}, {}, {}, 1, 0.4, relu(), true, true},
      {"volume_stride_2_dilation_2", {1, 4, 9, 9, 9}, 6, {2, 3, 2}, {2, 1, 2}, {2, 2, 1}, {1, 2, 0}},
      {"volume_group_2_residual", {2, 4, 4, 5, 6}, 6, {2, 2, 2}, {}, {}, {0, 0, 0}, {1, 1, 1}, 2, 0.5, {}, true, true},
      {"volume_depthwise", {1, 4, 4, 5, 6}, 4, {3, 3, 3}, {}, {}, {1, 1, 1}, {}, 4, 1.0},
  };
}

Spec random_spec(std::mt19937& rng, int i) {
  const auto draw = [&](int64_t low, int64_t high) { return static_cast<uint32_t>(random_int(rng, low, high)); };
  Spec spec;
  spec.name = "random_" + std::to_string(i);
  spec.groups = draw(0, 2) == 0 ? draw(1, 4) : 1;
  spec.x = {draw(1, 2), int64_t{spec.groups} * draw(1, 40)};
  spec.out_channels = spec.groups * draw(1, 30);
  for (int d = 0; d < 2; ++d) {
    spec.kernel.push_back(draw(1, 4));
    spec.stride.push_back(draw(1, 3));
    spec.dilation.push_back(draw(1, 2));
    spec.begin.push_back(draw(0, 3));
    spec.end.push_back(draw(0, 3));
    spec.x.push_back((spec.kernel.back() - 1) * spec.dilation.back() + draw(1, 20));
  }
  spec.density = std::uniform_real_distribution<double>(0, 0.6)(rng);
  spec.activation = draw(0, 1) == 0 ? relu() : fbs::Activation();
  spec.bias = draw(0, 1) == 0;
  spec.residual = draw(0, 2) == 0;
  return spec;
}

}  // namespace

std::vector<OpCase> conv_cases(std::mt19937& rng) {
  std::vector<OpCase> cases;
  for (const std::vector<Spec>& specs : {pointwise(), windows(), spared(), depthwise(), volumes()}) {
    for (const Spec& spec : specs) cases.push_back(make_case(rng, spec));
  }
  OpCase empty_rows = make_case(rng, {"all_zero_rows", {1, 20, 6, 6}, 13, {1, 1}});
  for (const int64_t row : {0, 5, 6, 12}) clear_row(empty_rows.inputs[1], row);
  cases.push_back(std::move(empty_rows));
  constexpr int kRandomCases = 20;
  for (int i = 0; i < kRandomCases; ++i) cases.push_back(make_case(rng, random_spec(rng, i)));
  return cases;
}

}  // namespace lacuna
