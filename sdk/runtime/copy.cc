#include "sdk/runtime/copy.h"

#include <cstring>

namespace lacuna {
namespace {

/// First of the innermost dimensions that lie contiguous together.
int first_dense_dim(const TensorView& view) {
  int first = view.shape.rank;
  while (first > 0 && is_contiguous(view, first - 1)) --first;
  return first;
}

/// Calls copy(run, contiguous offset, elements) for each run of neighbouring elements, in order.
template <class Copy>
void for_each_run(const TensorView& view, Copy copy) {
  const int outer = first_dense_dim(view);
  const int64_t run = count(view.shape, outer, view.shape.rank);
  const int64_t runs = count(view.shape, 0, outer);
  int64_t index[kMaxRank] = {};
  float* at = view.data;
  for (int64_t i = 0; i < runs; ++i) {
    copy(at, i * run, static_cast<size_t>(run));
    for (int dim = outer - 1; dim >= 0; --dim) {
      at += view.strides[dim];
      if (++index[dim] < view.shape[dim]) break;
      at -= view.strides[dim] * view.shape[dim];
      index[dim] = 0;
    }
  }
}

}  // namespace

void copy_in(const float* source, const TensorView& target) {
  for_each_run(target, [&](float* run, int64_t offset, size_t n) { memcpy(run, source + offset, n * sizeof(float)); });
}

void copy_out(const TensorView& source, float* target) {
  for_each_run(source,
               [&](const float* run, int64_t offset, size_t n) { memcpy(target + offset, run, n * sizeof(float)); });
}

void widen(const HalfKernels& kernels, const WideValue& value) {
  const auto* halves = reinterpret_cast<const Half*>(value.halves.data);
  for_each_run(value.floats, [&](float* run, int64_t, size_t n) {
    kernels.widen.function(halves + (run - value.floats.data), run, static_cast<int64_t>(n));
  });
}

void narrow(const HalfKernels& kernels, const WideValue& value) {
  auto* halves = reinterpret_cast<Half*>(value.halves.data);
  for_each_run(value.floats, [&](const float* run, int64_t, size_t n) {
    kernels.narrow.function(run, halves + (run - value.floats.data), static_cast<int64_t>(n));
  });
}

}  // namespace lacuna
