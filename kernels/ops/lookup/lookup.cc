// Lookup: rows of a table at places that the network computes.
#include <cstring>
#include <new>

#include "kernels/copy/shape_attrs.h"
#include "kernels/copy/split.h"
#include "kernels/ops/lookup/place.h"

namespace lacuna {
namespace {

struct State {
  const float* table;
  const float* places;
  float* y;
  int64_t rows;
  int64_t row;  ///< elements of one
  int64_t count;
  uint32_t tasks;
};

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const Shape& table = step.inputs[0].shape;
  if (table.rank == 0) return fail(error, LACUNA_ERROR_MEANING, "the table is a scalar");
  *output = {};
  for (const int64_t dim : step.inputs[1].shape) LACUNA_RETURN_IF_ERROR(push_dim(dim, output, error));
  for (int i = 1; i < table.rank; ++i) LACUNA_RETURN_IF_ERROR(push_dim(table[i], output, error));
  return LACUNA_OK;
}

size_t state_bytes(const OpStep&) { return sizeof(State); }

Binding bind(const OpStep& step, const BindContext& context, void* memory) {
  const TensorView &table = step.inputs[0], &places = step.inputs[1];
  auto* state = new (memory) State{};
  state->table = table.data;
  state->places = places.data;
  state->y = step.outputs[0].data;
  state->rows = table.shape[0];
  state->row = count(table.shape) / table.shape[0];
  state->count = count(places.shape);
  state->tasks = split_tasks(state->count * state->row, state->count, context.threads);
  return {state->tasks, "copy_rows"};
}

void run(const void* memory, uint32_t task, void*) {
  const State& s = *static_cast<const State*>(memory);
  const int64_t end = task_begin(s.count, s.tasks, task + 1);
  for (int64_t i = task_begin(s.count, s.tasks, task); i < end; ++i) {
    const int64_t place = place_of(s.places[i], s.rows);
    std::memcpy(s.y + i * s.row, s.table + place * s.row, static_cast<size_t>(s.row) * sizeof(float));
  }
}

}  // namespace

extern const OpRun kLookupRun = {
    "Lookup", 2, 2, Layout::kContiguous, Layout::kContiguous, infer, nullptr, state_bytes, nullptr, bind, run,
};

}  // namespace lacuna
