#include "kernels/eltwise/cases.h"

namespace lacuna {
namespace {

OpCase matmul_case(std::mt19937& rng, const std::string& name, Shape a, Shape b, bool transpose_a = false,
                   bool transpose_b = false, float alpha = 1) {
  fbs::MatMulAttrsT attrs;
  attrs.transpose_a = transpose_a;
  attrs.transpose_b = transpose_b;
  attrs.alpha = alpha;
  const auto stored = [](Shape shape, bool transposed) {
    if (transposed) std::swap(shape[shape.rank - 2], shape[shape.rank - 1]);
    return shape;
  };
  return arithmetic_case(
      name, attrs,
      {uniform_tensor(rng, stored(a, transpose_a), -1, 1), uniform_tensor(rng, stored(b, transpose_b), -1, 1)}, 1e-5);
}

OpCase random_case(std::mt19937& rng, int number) {
  const int64_t m = random_int(rng, 1, 40), k = random_int(rng, 1, 60), n = random_int(rng, 1, 70);
  Shape a, b;
  const int64_t rank = random_int(rng, 0, 2);
  for (int64_t i = 0; i < rank; ++i) {
    const int64_t dim = random_int(rng, 1, 3);
    a.push_back(random_int(rng, 0, 1) == 0 ? 1 : dim);
    if (i > 0 || random_int(rng, 0, 1) == 0) b.push_back(dim);
  }
  a.push_back(m);
  a.push_back(k);
  b.push_back(k);
  b.push_back(n);
  return matmul_case(rng, "random_" + std::to_string(number), a, b, random_int(rng, 0, 1) == 1,
                     random_int(rng, 0, 1) == 1);
}

}  // namespace

std::vector<OpCase> matmul_cases(std::mt19937& rng) {
  std::vector<OpCase> cases;
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      const std::string suffix = std::string(transpose_a ? "_a_transposed" : "") + (transpose_b ? "_b_transposed" : "");
      cases.push_back(
          matmul_case(rng, "odd_sizes" + suffix, make_shape({13, 37}), make_shape({37, 51}), transpose_a, transpose_b));
      cases.push_back(matmul_case(rng, "few_rows_whole_panels" + suffix, make_shape({5, 20}), make_shape({20, 96}),
                                  transpose_a, transpose_b, -0.5f));
    }
  }
  const auto add = [&](const std::string& name, const Shape& a, const Shape& b) {
    cases.push_back(matmul_case(rng, name, a, b));
  };
  add("one_element", make_shape({1, 1}), make_shape({1, 1}));
  add("vector_by_matrix", make_shape({1, 70}), make_shape({70, 130}));
  add("outer_product", make_shape({35, 1}), make_shape({1, 49}));
  add("several_blocks_of_depth", make_shape({7, 600}), make_shape({600, 17}));
  add("several_units", make_shape({100, 33}), make_shape({33, 250}));
  add("batch_of_both", make_shape({2, 3, 5, 7}), make_shape({2, 3, 7, 9}));
  add("batch_of_a_alone", make_shape({4, 5, 7}), make_shape({7, 9}));
  add("batch_of_b_alone", make_shape({5, 7}), make_shape({4, 7, 9}));
  add("batches_broadcast_both_ways", make_shape({2, 1, 5, 7}), make_shape({3, 7, 9}));
  add("rank_8", make_shape({2, 1, 1, 2, 1, 2, 3, 4}), make_shape({1, 2, 1, 1, 2, 2, 4, 5}));
  add("attention", make_shape({1, 3, 65, 32}), make_shape({1, 3, 32, 65}));
  for (int i = 0; i < 12; ++i) cases.push_back(random_case(rng, i));
  return cases;
}

}  // namespace lacuna
