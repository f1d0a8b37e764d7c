#include "kernels/copy/copy.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "kernels/copy/split.h"
#include "kernels/select.h"

namespace lacuna {
namespace {

/// Whether `outer` just continues where `inner` ends, on both sides.
bool continues(const CopyDim& outer, const CopyDim& inner) {
  return outer.source_stride == inner.source_stride * inner.size &&
         outer.target_stride == inner.target_stride * inner.size;
}

/// Dimensions ordered by the target's strides, so that it is written front to back; size 1 dropped, neighbours merged.
CopyBox normalize(const CopyBox& box) {
  CopyBox sorted = {box.source, box.target, 0, {}};
  for (int i = 0; i < box.rank; ++i) {
    if (box.dims[i].size == 1) continue;
    int at = sorted.rank++;
    for (; at > 0 && sorted.dims[at - 1].target_stride < box.dims[i].target_stride; --at) {
      sorted.dims[at] = sorted.dims[at - 1];
    }
    sorted.dims[at] = box.dims[i];
  }
  CopyBox merged = {box.source, box.target, 0, {}};
  for (int i = 0; i < sorted.rank; ++i) {
    const CopyDim& dim = sorted.dims[i];
    if (merged.rank > 0 && continues(merged.dims[merged.rank - 1], dim)) {
      CopyDim& last = merged.dims[merged.rank - 1];
      last = {last.size * dim.size, dim.source_stride, dim.target_stride};
    } else {
      merged.dims[merged.rank++] = dim;
    }
  }
  if (merged.rank == 0) merged.add(1, 1, 1);
  return merged;
}

bool is_view(const CopyBox& box) {
  if (box.source != box.target) return false;
  for (int i = 0; i < box.rank; ++i) {
    if (box.dims[i].source_stride != box.dims[i].target_stride) return false;
  }
  return true;
}

int64_t elements_of(const CopyBox& box) {
  int64_t n = 1;
  for (int i = 0; i < box.rank; ++i) n *= box.dims[i].size;
  return n;
}

/// If the innermost dimension is dense in the target and another one in the source, moves that one beside it.
bool arrange_transposition(CopyBox* box) {
  const int last = box->rank - 1;
  if (box->dims[last].target_stride != 1 || box->dims[last].source_stride == 1) return false;
  for (int i = 0; i < last; ++i) {
    if (box->dims[i].source_stride != 1) continue;
    const CopyDim dense = box->dims[i];
    for (int j = i; j + 1 < last; ++j) box->dims[j] = box->dims[j + 1];
    box->dims[last - 1] = dense;
    return true;
  }
  return false;
}

void copy_row(const CopyDim& dim, const float* source, float* target) {
  if (dim.target_stride == 1 && dim.source_stride == 1) {
    memcpy(target, source, static_cast<size_t>(dim.size) * sizeof(float));
  } else if (dim.target_stride == 1 && dim.source_stride == 0) {
    std::fill_n(target, dim.size, *source);
  } else {
    for (int64_t i = 0; i < dim.size; ++i) target[i * dim.target_stride] = source[i * dim.source_stride];
  }
}

/// Copies dimensions [first, rank).
void copy_dims(const CopyBox& box, TransposeKernel transpose, int first, const float* source, float* target) {
  const CopyDim& dim = box.dims[first];
  if (first == box.rank - 1) return copy_row(dim, source, target);
  if (transpose != nullptr && first == box.rank - 2) {
    const CopyDim& inner = box.dims[first + 1];
    return transpose({inner.source_stride, dim.target_stride, dim.size, inner.size}, source, target);
  }
  for (int64_t i = 0; i < dim.size; ++i) {
    copy_dims(box, transpose, first + 1, source + i * dim.source_stride, target + i * dim.target_stride);
  }
}

/// Into how many parts dimension i can go: the lines of a narrow transposition stay together.
int64_t splittable(const CopyPlan& plan, int i) {
  const int64_t size = plan.box.dims[i].size;
  return plan.transpose != nullptr && is_few_lines(size) ? 1 : size;
}

}  // namespace

CopyPlan plan_copy(const CopyBox& box, const BindContext& context) {
  CopyPlan plan = {normalize(box), nullptr, 0, {}};
  if (is_view(plan.box)) return plan;
  plan.binding.kernel = "copy_rows__scalar";
  if (arrange_transposition(&plan.box)) {
    const CopyDim* inner = &plan.box.dims[plan.box.rank - 2];
    const TransposeEntry& entry = select_kernel(kTransposeKernels, context.isas, [&](const TransposeEntry& candidate) {
      return candidate.suits({inner[1].source_stride, inner[0].target_stride, inner[0].size, inner[1].size});
    });
    plan.transpose = entry.function;
    plan.binding.kernel = entry.name;
  }
  const int64_t elements = elements_of(plan.box);
  plan.split_dim = choose_split(plan.box.rank, split_tasks(elements, elements, context.threads),
                                [&](int i) { return splittable(plan, i); });
  plan.binding.tasks = split_tasks(elements, plan.box.dims[plan.split_dim].size, context.threads);
  return plan;
}

void run_copy(const CopyPlan& plan, uint32_t task) {
  CopyBox part = plan.box;
  CopyDim& dim = part.dims[plan.split_dim];
  const int64_t begin = task_begin(dim.size, plan.binding.tasks, task);
  dim.size = task_begin(dim.size, plan.binding.tasks, task + 1) - begin;
  copy_dims(part, plan.transpose, 0, part.source + begin * dim.source_stride, part.target + begin * dim.target_stride);
}

void run_copy_at(const CopyPlan& plan, const float* source, float* target) {
  copy_dims(plan.box, plan.transpose, 0, source, target);
}

size_t copy_state_bytes(const OpStep&) { return sizeof(CopyPlan); }

Binding bind_copy(const CopyBox& box, const BindContext& context, void* state) {
  return (new (state) CopyPlan(plan_copy(box, context)))->binding;
}

void run_copy_state(const void* state, uint32_t task, void*) { run_copy(*static_cast<const CopyPlan*>(state), task); }

}  // namespace lacuna
