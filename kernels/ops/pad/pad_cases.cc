#include <limits>

#include "kernels/copy/cases.h"

namespace lacuna {
namespace {

using Pads = std::vector<int32_t>;

OpCase pad_case(std::mt19937& rng, const std::string& name, fbs::PadMode mode, const Shape& shape, Pads begin, Pads end,
                float value = 0.5f) {
  fbs::PadAttrsT attrs;
  attrs.mode = mode;
  attrs.begin = std::move(begin);
  attrs.end = std::move(end);
  attrs.value = value;
  return mover_case(name, attrs, {random_tensor(rng, shape)});
}

OpCase random_case(std::mt19937& rng, int number) {
  const Shape shape = random_shape(rng, static_cast<int>(random_int(rng, 1, 6)), 6);
  Pads begin, end;
  for (const int64_t dim : shape) {
    const int64_t crop = random_int(rng, 0, dim - 1);
    begin.push_back(static_cast<int32_t>(random_int(rng, -crop, 2)));
    end.push_back(static_cast<int32_t>(random_int(rng, begin.back() < 0 ? 0 : -crop, 2)));
  }
  const auto mode = static_cast<fbs::PadMode>(random_int(rng, 0, 3));
  return pad_case(rng, "random_" + std::to_string(number), mode, shape, begin, end);
}

}  // namespace

std::vector<OpCase> pad_cases(std::mt19937& rng) {
  constexpr auto kConstant = fbs::PadMode::Constant;
  constexpr auto kReflect = fbs::PadMode::Reflect;
  constexpr auto kEdge = fbs::PadMode::Edge;
  constexpr auto kWrap = fbs::PadMode::Wrap;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  std::vector<OpCase> cases = {
      pad_case(rng, "rank_0", kConstant, Shape{}, {}, {}),
      pad_case(rng, "no_pads", kReflect, make_shape({1, 2, 3, 4}), {0, 0, 0, 0}, {0, 0, 0, 0}),
      pad_case(rng, "constant_planes", kConstant, make_shape({1, 3, 5, 7}), {0, 0, 1, 2}, {0, 0, 3, 0}),
      pad_case(rng, "constant_channels", kConstant, make_shape({2, 3, 5, 7}), {0, 1, 0, 0}, {0, 2, 0, 0}),
      pad_case(rng, "constant_minus_infinity", kConstant, make_shape({1, 1, 2, 2}), {0, 0, 1, 1}, {0, 0, 1, 1},
               kLowest),
      pad_case(rng, "constant_all_input_cropped", kConstant, make_shape({4}), {-4}, {3}),
      pad_case(rng, "constant_crops_and_pads", kConstant, make_shape({1, 2, 6, 6}), {0, 0, -2, 1}, {0, 0, 1, -3}),
      pad_case(rng, "reflect_size_minus_1", kReflect, make_shape({1, 2, 4, 5}), {0, 0, 3, 4}, {0, 0, 3, 4}),
      pad_case(rng, "reflect_beyond_size", kReflect, make_shape({3}), {7}, {9}),
      pad_case(rng, "reflect_one_element", kReflect, make_shape({1}), {2}, {2}),
      pad_case(rng, "reflect_cropped_front", kReflect, make_shape({6}), {-2}, {3}),
      pad_case(rng, "edge_planes", kEdge, make_shape({1, 2, 3, 3}), {0, 0, 2, 2}, {0, 0, 5, 1}),
      pad_case(rng, "edge_one_pixel", kEdge, make_shape({1, 2, 1, 1}), {0, 0, 2, 2}, {0, 0, 2, 2}),
      pad_case(rng, "wrap_beyond_size", kWrap, make_shape({2, 3}), {0, 7}, {1, 4}),
      pad_case(rng, "several_tasks_constant", kConstant, make_shape({1, 12, 50, 49}), {0, 0, 3, 3}, {0, 0, 3, 4}),
      pad_case(rng, "several_tasks_of_one_row", kReflect, make_shape({30000}), {100}, {29999}),
  };
  for (int i = 0; i < 16; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
