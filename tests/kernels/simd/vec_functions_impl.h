// A VecFunctions over Vec. A tier's Vec header is included first.
#pragma once

#include "tests/kernels/simd/vec_functions.h"

namespace lacuna {
namespace {

template <Vec (*Function)(Vec)>
void of_one(const float* x, float* y) {
  store(y, Function(load(x)));
}
template <Vec (*Function)(Vec, Vec)>
void of_two(const float* a, const float* b, float* y) {
  store(y, Function(load(a), load(b)));
}
template <Mask (*Function)(Vec, Vec)>
void of_comparison(const float* a, const float* b, float* y) {
  store(y, select(Function(load(a), load(b)), splat(1.0f), zero()));
}
template <float (*Function)(Vec)>
float of_lanes(const float* x) {
  return Function(load(x));
}
void splat_lanes(float x, float* y) { store(y, splat(x)); }
template <int N>
void copy_runs(const float* x, float* y) {
  Vec v[N];
  load_run<N>(x, v);
  store_run<N>(y, v);
  if constexpr (N < 7) copy_runs<N + 1>(x + N * Vec::kLanes, y + N * Vec::kLanes);
}
void load_lanes(const float* x, int n, float* y) { store(y, load_first(x, n)); }
void store_lanes(const float* x, int n, float* y) { store_first(y, load(x), n); }
void load_steps(const float* x, int64_t step, float* y) { store(y, load_strided(x, step)); }
void fma_lanes(const float* a, const float* b, const float* c, float* y) { store(y, fma(load(a), load(b), load(c))); }
void split_lanes(const float* x, float* mantissa, float* exponent) {
  Vec e;
  store(mantissa, split_exponent(load(x), &e));
  store(exponent, e);
}

void even_in_order(const float* a, const float* b, float* y) {
  store(y, in_order(even_lanes_unordered(load(a), load(b))));
}
void odd_in_order(const float* a, const float* b, float* y) {
  store(y, in_order(odd_lanes_unordered(load(a), load(b))));
}
template <int kFirst = Vec::kLanes>
void lanes_behind(const float* a, const float* b, int first, float* y) {
  if (first == kFirst) return store(y, lanes_from<kFirst>(load(a), load(b)));
  if constexpr (kFirst > 0) lanes_behind<kFirst - 1>(a, b, first, y);
}
void masked_lanes(const float* x, uint32_t bits, float* y) { store(y, load_masked(x, load_mask(bits))); }
void kept_lanes(const float* x, uint32_t bits, float* y) { store(y, keep(load_mask(bits), load(x))); }
void selected_lanes(const float* a, const float* b, int n, float* y) { store(y, select_first(n, load(a), load(b))); }
void looked_up(const float* table, const int32_t* at, float* y) { store(y, lookup(load(table), load_index(at))); }
void looked_up_next(const float* low, const float* high, const int32_t* at, float* y) {
  store(y, lookup(load(low), load(high), next(load_index(at))));
}
void gathered(const float* x, const int32_t* at, float* y) { store(y, gather(x, load_index(at))); }

constexpr VecFunctions kFunctions = {
    Vec::kLanes,          splat_lanes,
    copy_runs<1>,         load_lanes,
    store_lanes,          load_steps,
    of_two<add>,          of_two<sub>,
    of_two<mul>,          of_two<div>,
    of_two<min>,          of_two<max>,
    of_comparison<less>,  of_comparison<less_equal>,
    of_comparison<equal>, fma_lanes,
    of_one<neg>,          of_one<abs>,
    of_one<sqrt>,         of_one<round>,
    of_one<floor>,        of_one<exp2_whole>,
    split_lanes,          of_two<even_lanes>,
    of_two<odd_lanes>,    even_in_order,
    odd_in_order,         lanes_behind,
    masked_lanes,         kept_lanes,
    selected_lanes,       looked_up,
    looked_up_next,       gathered,
    of_lanes<sum>,        of_lanes<max_lane>,
    of_lanes<min_lane>,
};

}  // namespace
}  // namespace lacuna
