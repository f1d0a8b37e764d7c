#include "kernels/weight_cases.h"

namespace lacuna {
namespace {

struct Spec {
  std::string name;
  std::vector<int64_t> x;  ///< [..., K]
  int64_t units;
  double density = 0.3;
  fbs::Activation activation = {};
  bool bias = true;
  bool residual = false;
};

OpCase make_case(std::mt19937& rng, const Spec& spec) {
  fbs::FullyConnectedAttrsT attrs;
  attrs.units = static_cast<uint32_t>(spec.units);
  attrs.activation = spec.activation;
  std::vector<int64_t> y = spec.x;
  y.back() = spec.units;
  OpCase op_case;
  op_case.name = spec.name;
  op_case.attrs = make_attrs(std::move(attrs));
  op_case.inputs = {random_tensor(rng, make_shape(spec.x)),
                    random_weight(rng, make_shape({spec.units, spec.x.back()}), spec.density),
                    spec.bias ? random_tensor(rng, make_shape({spec.units})) : Tensor(),
                    spec.residual ? random_tensor(rng, make_shape(y)) : Tensor()};
  op_case.constant = {false, true, true, false};
  return op_case;
}

}  // namespace

std::vector<OpCase> fully_connected_cases(std::mt19937& rng) {
  std::vector<Spec> specs = {
      {"one_row", {1, 50}, 30},
      {"rank_1", {50}, 30},
      {"one_unit", {1, 20}, 1, 1.0},
      {"one_unit_many_rows", {70, 20}, 1, 1.0},
      {"one_column", {3, 1}, 5, 1.0},
      {"k_300_over_block", {1, 300}, 45, 0.4, relu(), true, true},
      {"k_700_density_1_gap_over_255", {1, 700}, 7, 0.005},
      {"rows_70_k_700_density_1", {70, 700}, 7, 0.005},
      {"rank_4_residual_relu6", {2, 3, 5, 40}, 33, 0.4, relu6(), true, true},
      {"hardswish_residual", {9, 40}, 33, 0.4, hard_swish(), true, true},
      {"one_row_hardswish", {1, 40}, 33, 0.4, hard_swish(), true, true},
      {"no_bias", {4, 40}, 16, 1.0, {}, false},
      {"all_zero_weights", {1, 40}, 16, 0.0},
      {"many_units", {1, 64}, 1000, 0.1},
      {"many_units_and_rows", {65, 300}, 100, 0.2},
  };
  for (const int64_t rows : {2, 3, 5, 6, 7, 11, 12, 13, 16, 17, 63, 64, 65, 130}) {
    specs.push_back({"rows_" + std::to_string(rows), {rows, 19}, 23});
  }
  for (const int64_t units : {15, 16, 17, 31, 33, 127, 129}) {
    specs.push_back({"units_" + std::to_string(units), {1, 19}, units});
    specs.push_back({"rows_3_units_" + std::to_string(units), {3, 19}, units});
  }
  std::vector<OpCase> cases;
  for (const Spec& spec : specs) cases.push_back(make_case(rng, spec));
  OpCase empty_rows = make_case(rng, {"all_zero_rows", {1, 20}, 13});
  for (const int64_t row : {0, 5, 6, 12}) clear_row(empty_rows.inputs[1], row);
  cases.push_back(std::move(empty_rows));
  constexpr int kRandomCases = 10;
  for (int i = 0; i < kRandomCases; ++i) {
    const double density = std::uniform_real_distribution<double>(0, 0.6)(rng);
    cases.push_back(make_case(rng, {"random_" + std::to_string(i),
                                    {random_int(rng, 1, 3), random_int(rng, 1, 40), random_int(rng, 1, 400)},
                                    random_int(rng, 1, 80),
                                    density}));
  }
  return cases;
}

}  // namespace lacuna
