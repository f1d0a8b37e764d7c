#include "sdk/runtime/session.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include "kernels/halves/select_halves.h"
#include "platforms/cpu_features.h"
#include "platforms/fp_state.h"
#include "sdk/base/half.h"

namespace lacuna {
namespace {

/// Hands out aligned ranges of a region that starts at 0.
class Region {
 public:
  /// Offset of a new range, aligned to kAlignment.
  size_t add(size_t bytes) {
    const size_t offset = bytes_;
    too_large_ |= bytes > SIZE_MAX - kAlignment || __builtin_add_overflow(bytes_, align_up(bytes), &bytes_);
    return offset;
  }
  /// Of a range of twice as many.
  size_t add_twice(uint64_t bytes) {
    too_large_ |= bytes > SIZE_MAX / 2;
    return add(static_cast<size_t>(bytes) * 2);
  }
  size_t bytes() const { return bytes_; }
  bool too_large() const { return too_large_; }

 private:
  size_t bytes_ = 0;
  bool too_large_ = false;
};

size_t state_bytes(const OpRun& op, const OpStep& step) { return op.state_bytes == nullptr ? 0 : op.state_bytes(step); }
size_t scratch_bytes(const OpRun& op, const OpStep& step) {
  return op.scratch_bytes == nullptr ? 0 : op.scratch_bytes(step);
}

/// Where everything lies in the arena; the session itself is at 0.
struct ArenaMap {
  size_t steps = 0;
  size_t states = 0;  ///< of the steps in order, each aligned
  size_t pool = 0;
  size_t values = 0;
  size_t wide_values = 0;  ///< 0: nothing is widened
  size_t wide_weights = 0;
  size_t scratch = 0;
  size_t scratch_bytes = 0;  ///< of one thread
  size_t bytes = 0;
};

constexpr bool kHalves = is_built(fbs::Dtype::F16);

bool has_half(const OpStep& step) {
  const auto is_half = [](const TensorView& view) { return view.present && view.dtype == fbs::Dtype::F16; };
  return std::any_of(step.inputs.begin(), step.inputs.end(), is_half) || is_half(step.outputs[0]);
}

// Views of steps take most of the stack that lacuna.h promises: functions that make one are apart, and none is made
// while there is another.

/// Whether a step that has halves runs on floats all the same.
[[gnu::noinline]] bool runs_on_floats(const ModelView& model, const fbs::Step& source, const SessionConfig& config) {
  const OpRun& op = *find_op(source.attrs_type());
  const StepView view(*model.program, source, {nullptr, model.weights});
  const bool computes = config.halves != nullptr && op.computes_halves != nullptr;
  return has_half(view.step()) && !(computes && op.computes_halves(view.step()));
}

/// What a step takes of the arena.
struct StepNeeds {
  size_t state;
  size_t scratch;
  size_t widened;  ///< BoundStep::widened
};

[[gnu::noinline]] StepNeeds needs_of(const ModelView& model, const fbs::Step& source, const SessionConfig& config,
                                     bool on_floats) {
  const OpRun& op = *find_op(source.attrs_type());
  Bases bases = {nullptr, model.weights};
  bases.widens = on_floats;
  const StepView view(*model.program, source, bases);
  const size_t widened = on_floats && config.halves != nullptr ? (view.step().inputs.size + 1) * sizeof(WideValue) : 0;
  return {state_bytes(op, view.step()), scratch_bytes(op, view.step()), widened};
}

Status map_arena(const ModelView& model, const SessionConfig& config, ArenaMap* map, lacuna_error* error) {
  const uint32_t steps = size_of(model.program->steps());
  Region region;
  region.add(sizeof(lacuna_session));
  map->steps = region.add(steps * sizeof(BoundStep));
  map->states = region.bytes();
  size_t scratch = 0;
  bool widens = false;
  for (uint32_t i = 0; i < steps; ++i) {
    const fbs::Step& source = *model.program->steps()->Get(i);
    const bool on_floats = kHalves && runs_on_floats(model, source, config);
    const StepNeeds needs = needs_of(model, source, config, on_floats);
    region.add(needs.state);
    region.add(needs.widened);
    scratch = std::max(scratch, needs.scratch);
    widens = widens || on_floats;
  }
  const bool own_pool = config.threads > 1 && config.parallel_for == nullptr;
  map->pool = region.add(own_pool ? sizeof(ThreadPool) : 0);
  map->values = region.add(static_cast<size_t>(model.program->arena_bytes()));
  if (widens) {
    map->wide_values = region.add_twice(model.program->arena_bytes());
    map->wide_weights = region.add_twice(model.weight_bytes);
  }
  map->scratch = region.bytes();
  for (uint32_t i = 0; i < config.threads; ++i) region.add(scratch);
  map->scratch_bytes = align_up(scratch);
  region.add(kOverreadBytes);
  map->bytes = region.bytes();
  if (region.too_large()) return fail(error, LACUNA_ERROR_TOO_LARGE, "the session exceeds the address space");
  return LACUNA_OK;
}

void widen(const uint8_t* weights, uint8_t* wide_weights, uint64_t offset, uint64_t bytes) {
  const auto* halves = reinterpret_cast<const uint16_t*>(weights + offset);
  auto* floats = reinterpret_cast<float*>(wide_weights + 2 * offset);
  for (uint64_t i = 0; i < bytes / sizeof(uint16_t); ++i) floats[i] = float_from_half(halves[i]);
}

/// The constants and weights of a step as floats.
void widen_weights(const fbs::Program& program, const fbs::Step& step, const Bases& bases) {
  for (uint32_t i = 0; i < size_of(step.inputs()); ++i) {
    const uint32_t index = step.inputs()->Get(i);
    if (index == kOmitted) continue;
    const PlacedValue placed = place_value(program, index, {});
    if (!placed.constant || placed.view.dtype != fbs::Dtype::F16) continue;
    widen(bases.weights, bases.wide_weights, placed.begin, placed.end - placed.begin);
  }
  const fbs::PackedWeights* packed = step.weights();
  if (packed == nullptr || packed->dtype() != fbs::Dtype::F16) return;
  widen(bases.weights, bases.wide_weights, packed->values_offset(), packed->values_bytes());
}

/// Lists the halves of a step that runs on floats; constants are floats already.
void list_widened(const fbs::Program& program, const fbs::Step& step, const Bases& bases, void* memory,
                  BoundStep* bound) {
  Bases wide = bases, narrow = bases;
  wide.widens = true;
  narrow.widens = false;
  auto* list = static_cast<WideValue*>(memory);
  size_t count = 0;
  const auto add = [&](uint32_t index) {
    const PlacedValue placed = place_value(program, index, narrow);
    if (placed.constant || placed.view.dtype != fbs::Dtype::F16) return;
    new (list + count++) WideValue{placed.view, place_value(program, index, wide).view};
  };
  for (uint32_t i = 0; i < size_of(step.inputs()); ++i) {
    if (step.inputs()->Get(i) != kOmitted) add(step.inputs()->Get(i));
  }
  bound->widened = {list, count};
  bound->narrowed = list + count;
  add(step.outputs()->Get(0));
}

[[gnu::noinline]] void bind_op(const lacuna_session& session, const fbs::Step& source, const Bases& bases,
                               BoundStep* bound) {
  const StepView view(*session.model.program, source, bases);
  OpStep step = view.step();
  if (step.weights != nullptr) {
    bound->weights = *step.weights;
    step.weights = &bound->weights;
  }
  const BindContext context = {session.config.isas, session.config.threads, session.config.l1_bytes};
  bound->binding = bound->op->bind(step, context, bound->state);
}

void bind_step(lacuna_session* session, const fbs::Step& source, uint8_t** states, BoundStep* bound) {
  const fbs::Program& program = *session->model.program;
  const bool on_floats = kHalves && runs_on_floats(session->model, source, session->config);
  const StepNeeds needs = needs_of(session->model, source, session->config, on_floats);
  Bases bases = session->bases;
  bases.widens = on_floats;
  if (on_floats) widen_weights(program, source, bases);
  bound->region_steps = 1;
  bound->op = find_op(source.attrs_type());
  bound->state = *states;
  bind_op(*session, source, bases, bound);
  *states += align_up(needs.state);
  if (kHalves && needs.widened != 0 && bound->binding.tasks != 0) {
    list_widened(program, source, session->bases, *states, bound);
  }
  *states += align_up(needs.widened);
}

void bind_steps(lacuna_session* session, uint8_t* states) {
  for (uint32_t i = 0; i < session->steps.size; ++i) {
    const fbs::Step& source = *session->model.program->steps()->Get(i);
    bind_step(session, source, &states, new (&session->steps[i]) BoundStep{});
  }
}

Status choose_isa(const char* name, SessionConfig* config, lacuna_error* error) {
  const IsaMask available = cpu_isas();
  for (const IsaName& isa : kIsaNames) {
    if ((available & isa.isa) == 0) continue;
    config->isas |= isa.isa;
    config->isa = isa.name;
    if (name != nullptr && strcmp(name, isa.name) == 0) return LACUNA_OK;
  }
  if (name == nullptr) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_UNSUPPORTED_ISA,
              "\"%.40s\" is none of this CPU's instruction sets; the best one is %s", name, config->isa);
}

void say(const SessionConfig& config, const char* format, ...) __attribute__((format(printf, 2, 3)));
void say(const SessionConfig& config, const char* format, ...) {
  char text[256];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  config.log(config.log_context, text);
}

/// Tells the caller's log what was bound.
void log_session(const lacuna_session& session, size_t arena_bytes) {
  say(session.config, "session: %s, %u threads, %zu steps, %zu bytes of arena, %zu of scratch a thread",
      session.config.isa, session.config.threads, session.steps.size, arena_bytes, session.scratch_bytes);
  for (uint32_t i = 0; i < session.steps.size; ++i) {
    const BoundStep& bound = session.steps[i];
    say(session.config, "step %u \"%.80s\" (%s): %s, %s, %u tasks", i,
        text_of(session.model.program->steps()->Get(i)->name()), bound.op->name, kernel_of(session, bound),
        fbs::EnumNamePacking(bound.weights.packing), bound.binding.tasks);
  }
}

/// The least of some times that `run` takes.
template <class Run>
uint64_t least_ns(Run run) {
  constexpr int kRuns = 6;
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < kRuns; ++i) {
    const uint64_t start = clock_ns();
    run();
    least = std::min(least, clock_ns() - start);
  }
  return least;
}

/// Whether the provider takes these steps as one region and is faster by more than the clock errs. Keeps it then. The
/// values hold zeros.
bool attach_region(lacuna_session& session, uint32_t first, uint32_t steps) {
  const lacuna_provider& provider = *session.config.provider;
  const ProvidedRegion region = provider.make(session, first, steps);
  if (region.handle == nullptr) return false;
  const uint64_t own = least_ns([&] {
    for (uint32_t i = first; i < first + steps; ++i) session.run_own(session.steps[i]);
  });
  if (least_ns([&] { provider.run(region.handle); }) >= own - own / 16) {
    provider.end(region.handle);
    return false;
  }
  session.steps[first].region = region;
  session.steps[first].region_steps = steps;
  for (uint32_t i = first; i < first + steps; ++i) session.steps[i].provided = true;
  return true;
}

/// The whole, or what is faster of its halves, and so on.
void attach_regions(lacuna_session& session, uint32_t first, uint32_t steps) {
  if (attach_region(session, first, steps) || steps == 1) return;
  attach_regions(session, first, steps / 2);
  attach_regions(session, first + steps / 2, steps - steps / 2);
}

void attach_regions(lacuna_session& session) {
  const ScopedFpState fp_state;
  for (uint32_t i = 0; i < session.steps.size;) {
    const uint32_t steps = session.config.provider->claim(session, i);
    if (steps > 0) attach_regions(session, i, steps);
    i += std::max(steps, 1u);
  }
}

/// The parts of a step's weights.
template <class Function>
void for_each_weight_range(const BoundStep& step, Function function) {
  const PackedWeights& weights = step.weights;
  if (weights.index.size != 0) function(weights.index.data, weights.index.size);
  if (weights.values.size != 0) function(weights.values.data, weights.values.size * sizeof(float));
}

/// One step as a parallel loop.
struct Loop {
  const BoundStep& step;
  uint8_t* scratch;
  size_t scratch_bytes;
};

void run_task(void* loop, uint32_t index, uint32_t thread) {
  const Loop& self = *static_cast<const Loop*>(loop);
  const ScopedFpState fp_state;
  self.step.op->run(self.step.state, index, self.scratch + thread * self.scratch_bytes);
}

}  // namespace

Status make_config(const lacuna_session_options& chosen, SessionConfig* config, lacuna_error* error) {
  if (chosen.threads == 0 || chosen.threads > kMaxThreads) {
    return fail(error, LACUNA_ERROR_INVALID_ARGUMENT, "%u threads; 1 to %u are possible", chosen.threads, kMaxThreads);
  }
  *config = {};
  config->threads = chosen.threads;
  config->l1_bytes = cpu_l1_bytes();
  config->parallel_for = chosen.parallel_for;
  config->parallel_for_context = chosen.parallel_for_context;
  config->profile = chosen.profile != 0;
  config->log = chosen.log;
  config->log_context = chosen.log_context;
  config->provider = chosen.provider;
  LACUNA_RETURN_IF_ERROR(choose_isa(chosen.isa, config, error));
  if (config->provider == nullptr) config->halves = select_halves(config->isas);  // providers know floats alone
  return LACUNA_OK;
}

Status session_bytes(const ModelView& model, const SessionConfig& config, size_t* bytes, lacuna_error* error) {
  ArenaMap map;
  LACUNA_RETURN_IF_ERROR(map_arena(model, config, &map, error));
  *bytes = map.bytes;
  return LACUNA_OK;
}

Status make_session(const ModelView& model, const SessionConfig& config, void* arena, size_t arena_bytes,
                    lacuna_session** session, lacuna_error* error) {
  ArenaMap map;
  LACUNA_RETURN_IF_ERROR(map_arena(model, config, &map, error));
  if (arena_bytes < map.bytes) {
    return fail(error, LACUNA_ERROR_ARENA_TOO_SMALL, "the arena has %zu bytes; this session needs %zu", arena_bytes,
                map.bytes);
  }
  if (reinterpret_cast<uintptr_t>(arena) % kAlignment != 0) {
    return fail(error, LACUNA_ERROR_ARENA_UNALIGNED, "the arena is not aligned to %zu bytes", kAlignment);
  }
  auto* base = static_cast<uint8_t*>(arena);
  auto* made = new (base) lacuna_session{};
  made->model = model;
  made->config = config;
  made->bases.arena = base + map.values;
  made->bases.weights = model.weights;
  if (map.wide_values != 0) {
    made->bases.widens = config.halves == nullptr;
    made->bases.wide_arena = base + map.wide_values;
    made->bases.wide_weights = base + map.wide_weights;
  }
  made->steps = {reinterpret_cast<BoundStep*>(base + map.steps), size_of(model.program->steps())};
  made->scratch = base + map.scratch;
  made->scratch_bytes = map.scratch_bytes;
  bind_steps(made, base + map.states);
  if (map.values != map.pool) {
    made->pool = new (base + map.pool) ThreadPool;
    if (!made->pool->start(config.threads)) {
      made->pool->~ThreadPool();
      return fail(error, LACUNA_ERROR_THREADS, "the system gave fewer than %u threads", config.threads);
    }
  }
  if (config.provider != nullptr) {
    memset(made->bases.arena, 0, (map.wide_values != 0 ? map.wide_weights : map.scratch) - map.values);
    attach_regions(*made);
  }
  if (config.log != nullptr) log_session(*made, map.bytes);
  *session = made;
  return LACUNA_OK;
}

const char* kernel_of(const lacuna_session& session, const BoundStep& step) {
  return step.provided ? session.config.provider->name : step.binding.kernel;
}

lacuna_tensor describe(const fbs::Program& program, uint32_t value, const Bases& bases) {
  const TensorView view = place_value(program, value, bases).view;
  lacuna_tensor tensor = {};
  tensor.name = text_of(program.values()->Get(value)->name());
  tensor.dtype = LACUNA_F32;
  tensor.rank = view.shape.rank;
  std::copy_n(view.shape.dims, LACUNA_MAX_RANK, tensor.shape);
  std::copy_n(view.strides.dims, LACUNA_MAX_RANK, tensor.strides);
  tensor.bytes = static_cast<size_t>(count(view.shape)) * sizeof(float);
  tensor.data = bases.arena == nullptr ? nullptr : view.data;
  return tensor;
}

}  // namespace lacuna

void lacuna_session::run() {
  const lacuna::ScopedFpState fp_state;
  if (model.stream && bases.wide_weights == nullptr) {
    run_streamed();
  } else if (config.profile) {
    for (size_t i = 0; i < steps.size; i += steps[i].region_steps) run_step_timed(steps[i]);
  } else {
    for (size_t i = 0; i < steps.size; i += steps[i].region_steps) run_step(steps[i]);
  }
}

void lacuna_session::end() {
  for (const lacuna::BoundStep& step : steps) {
    if (step.region.handle != nullptr) config.provider->end(step.region.handle);
  }
  if (pool != nullptr) pool->~ThreadPool();
}

void lacuna_session::run_step(const lacuna::BoundStep& step) {
  if (step.region.handle != nullptr) {
    config.provider->run(step.region.handle);
  } else {
    run_own(step);
  }
}

void lacuna_session::run_step_timed(lacuna::BoundStep& step) {
  const uint64_t start = lacuna::clock_ns();
  run_step(step);
  step.last_ns = lacuna::clock_ns() - start;
}

/// Weights of the next step are fetched while a step runs; those of a step that is done make room.
void lacuna_session::run_streamed() {
  for (size_t i = 0; i < steps.size; i += steps[i].region_steps) {
    if (i + 1 < steps.size) lacuna::for_each_weight_range(steps[i + 1], lacuna::hint_needed);
    if (config.profile) {
      run_step_timed(steps[i]);
    } else {
      run_step(steps[i]);
    }
    lacuna::for_each_weight_range(steps[i], lacuna::hint_done);
  }
}

void lacuna_session::run_own(const lacuna::BoundStep& step) {
  if (lacuna::kHalves) {
    for (const lacuna::WideValue& value : step.widened) lacuna::widen(*config.halves, value);
  }
  run_tasks(step);
  if (lacuna::kHalves && step.narrowed != nullptr) lacuna::narrow(*config.halves, *step.narrowed);
}

void lacuna_session::run_tasks(const lacuna::BoundStep& step) {
  const uint32_t tasks = step.binding.tasks;
  if (tasks <= 1 || config.threads == 1) {
    for (uint32_t i = 0; i < tasks; ++i) step.op->run(step.state, i, scratch);
    return;
  }
  lacuna::Loop loop = {step, scratch, scratch_bytes};
  if (pool != nullptr) {
    pool->run(tasks, lacuna::run_task, &loop);
  } else {
    config.parallel_for(config.parallel_for_context, tasks, lacuna::run_task, &loop);
  }
}
