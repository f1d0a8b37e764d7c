#include "kernels/eltwise/cases.h"

namespace lacuna {
namespace {

using fbs::PoolKind;
using Sizes = std::vector<uint32_t>;

/// Attributes by name; what is left empty becomes 1 (0 for pads) in each dimension.
struct Window {
  Sizes kernel;
  Sizes stride = {};
  Sizes begin = {};
  Sizes end = {};
  Sizes dilation = {};
  bool ceil_mode = false;
  bool include_pad = false;
};

OpCase pool_case(std::mt19937& rng, const std::string& name, PoolKind kind, const Shape& shape, const Window& window) {
  const auto filled = [&](const Sizes& sizes, uint32_t value) {
    return sizes.empty() ? Sizes(window.kernel.size(), value) : sizes;
  };
  fbs::PoolAttrsT attrs;
  attrs.kind = kind;
  attrs.kernel = window.kernel;
  attrs.stride = filled(window.stride, 1);
  attrs.dilation = filled(window.dilation, 1);
  attrs.pads_begin = filled(window.begin, 0);
  attrs.pads_end = filled(window.end, 0);
  attrs.ceil_mode = window.ceil_mode;
  attrs.count_include_pad = window.include_pad;
  return arithmetic_case(name, attrs, {uniform_tensor(rng, shape, -3, 2)});
}

OpCase random_case(std::mt19937& rng, int number) {
  const int spatial = static_cast<int>(random_int(rng, 2, 3));
  Window window;
  Shape shape = random_shape(rng, 2, 3);
  for (int i = 0; i < spatial; ++i) {
    const int64_t kernel = random_int(rng, 1, 4), dilation = random_int(rng, 1, 2);
    const int64_t extent = (kernel - 1) * dilation + 1;
    shape.push_back(extent + random_int(rng, 0, 20));
    window.kernel.push_back(static_cast<uint32_t>(kernel));
    window.dilation.push_back(static_cast<uint32_t>(dilation));
    window.stride.push_back(static_cast<uint32_t>(random_int(rng, 1, 3)));
    window.begin.push_back(static_cast<uint32_t>(random_int(rng, 0, kernel - 1)));
    window.end.push_back(static_cast<uint32_t>(random_int(rng, 0, kernel - 1)));
  }
  window.ceil_mode = random_int(rng, 0, 1) == 1;
  window.include_pad = random_int(rng, 0, 1) == 1;
  return pool_case(rng, "random_" + std::to_string(number), static_cast<PoolKind>(random_int(rng, 0, 1)), shape,
                   window);
}

}  // namespace

std::vector<OpCase> pool_cases(std::mt19937& rng) {
  std::vector<OpCase> cases;
  for (const PoolKind kind : fbs::EnumValuesPoolKind()) {
    const auto add = [&](const std::string& name, const Shape& shape, const Window& window) {
      cases.push_back(pool_case(rng, std::string(fbs::EnumNamePoolKind(kind)) + "_" + name, kind, shape, window));
    };
    add("3x3_stride_1", make_shape({2, 3, 9, 37}), {{3, 3}, {1, 1}, {1, 1}, {1, 1}});
    add("3x3_stride_2_odd", make_shape({1, 2, 15, 67}), {{3, 3}, {2, 2}, {1, 1}, {1, 1}});
    add("2x2_stride_2_valid", make_shape({1, 2, 8, 70}), {{2, 2}, {2, 2}});
    add("pads_asymmetric", make_shape({1, 2, 7, 9}), {{3, 3}, {2, 2}, {0, 0}, {1, 2}});
    add("pads_in_front_only", make_shape({1, 2, 7, 9}), {{3, 2}, {1, 1}, {2, 1}, {0, 0}});
    add("ceil_mode", make_shape({1, 2, 6, 8}), {{3, 3}, {2, 2}, {0, 0}, {0, 0}, {}, true});
    add("ceil_mode_window_would_start_in_padding", make_shape({1, 1, 5, 5}),
        {{2, 2}, {3, 3}, {1, 1}, {1, 1}, {}, true});
    add("ceil_mode_with_pads", make_shape({1, 2, 5, 7}), {{3, 3}, {2, 2}, {1, 0}, {0, 1}, {}, true, true});
    add("dilation", make_shape({1, 2, 9, 21}), {{3, 3}, {1, 2}, {2, 2}, {2, 2}, {2, 3}});
    add("window_in_padding_alone", make_shape({1, 2, 1, 1}), {{2, 2}, {1, 1}, {1, 1}, {1, 1}, {2, 2}});
    add("pads_beyond_the_kernel", make_shape({1, 1, 3, 3}), {{2, 2}, {1, 1}, {3, 4}, {4, 3}});
    add("count_include_pad", make_shape({1, 2, 5, 19}), {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {}, false, true});
    add("global", make_shape({2, 3, 7, 7}), {{7, 7}});
    add("kernel_1_stride_3", make_shape({1, 2, 7, 50}), {{1, 1}, {3, 3}});
    add("height_1", make_shape({1, 3, 1, 41}), {{1, 5}, {1, 1}, {0, 2}, {0, 2}});
    add("wide_stride", make_shape({1, 2, 5, 90}), {{2, 2}, {1, 5}});
    add("3d", make_shape({1, 2, 5, 6, 19}), {{2, 3, 3}, {1, 2, 1}, {1, 0, 1}, {0, 1, 1}});
    add("3d_count_include_pad_ceil", make_shape({1, 1, 4, 5, 6}),
        {{2, 2, 2}, {2, 2, 2}, {1, 1, 1}, {0, 0, 0}, {}, true, true});
    add("several_tasks", make_shape({1, 5, 64, 65}), {{3, 3}, {1, 1}, {1, 1}, {1, 1}});
  }
  for (int i = 0; i < 20; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
