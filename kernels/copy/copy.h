// The strided copy engine under every operator that only moves elements.
#pragma once

#include "kernels/copy/transpose.h"
#include "kernels/op.h"

namespace lacuna {

/// Boxes may have more dimensions than values: operators split a dimension in two.
constexpr int kMaxCopyRank = 2 * kMaxRank;

/// One dimension of a box, with its stride on either side in elements. The source may stand still (stride 0) or run
/// backwards (negative stride).
struct CopyDim {
  int64_t size;
  int64_t source_stride;
  int64_t target_stride;
};

/// A box of elements to copy, dimensions in any order. Source and target are the same elements or do not overlap.
struct CopyBox {
  const float* source = nullptr;
  float* target = nullptr;
  int rank = 0;
  CopyDim dims[kMaxCopyRank] = {};

  void add(int64_t size, int64_t source_stride, int64_t target_stride) {
    dims[rank++] = {size, source_stride, target_stride};
  }
};

/// A box made ready: dimensions merged, ordered by the target's strides, and split into tasks.
struct CopyPlan {
  CopyBox box;
  TransposeKernel transpose;  ///< for the two innermost dimensions; null when rows are copied one by one
  int split_dim;              ///< shared among the tasks
  Binding binding;            ///< no tasks when source and target are the same elements
};

CopyPlan plan_copy(const CopyBox& box, const BindContext& context);

/// Does one of plan.binding.tasks.
void run_copy(const CopyPlan& plan, uint32_t task);

/// Does all of a plan elsewhere, with the same strides.
void run_copy_at(const CopyPlan& plan, const float* source, float* target);

/// State, bind and run of operators that are one box. `state` holds a CopyPlan.
size_t copy_state_bytes(const OpStep& step);
Binding bind_copy(const CopyBox& box, const BindContext& context, void* state);
void run_copy_state(const void* state, uint32_t task, void* scratch);

}  // namespace lacuna
