// A prepared model: bound steps in the caller's arena.
#pragma once

#include "kernels/op.h"
#include "sdk/format/model.h"
#include "sdk/format/step_view.h"
#include "sdk/runtime/copy.h"
#include "sdk/runtime/provider.h"
#include "sdk/runtime/thread_pool.h"

namespace lacuna {

/// A step with everything that a run needs. Its operator keeps what it wants of the operands in `state`.
struct BoundStep {
  const OpRun* op;
  void* state;
  Binding binding;
  PackedWeights weights;
  Span<const WideValue> widened;        ///< operands of halves of a step that runs on floats
  const WideValue* narrowed = nullptr;  ///< the output of such a step
  uint64_t last_ns;
  ProvidedRegion region;  ///< with a handle: this step and the next region_steps - 1 are run by the provider
  uint32_t region_steps;
  bool provided;  ///< in such a region
};

/// What a session is made from, checked.
struct SessionConfig {
  IsaMask isas = 0;
  const char* isa = nullptr;  ///< highest of `isas`; static storage
  uint32_t threads = 1;
  uint32_t l1_bytes = 0;  ///< 0: unknown
  lacuna_parallel_for parallel_for = nullptr;
  void* parallel_for_context = nullptr;
  bool profile = false;
  lacuna_log log = nullptr;
  void* log_context = nullptr;
  const lacuna_provider* provider = nullptr;
  const HalfKernels* halves = nullptr;  ///< null: halves are floats in the whole session
};

/// Checks a caller's options against this CPU. Errors: INVALID_ARGUMENT, UNSUPPORTED_ISA.
Status make_config(const lacuna_session_options& options, SessionConfig* config, lacuna_error* error);

/// Bytes of arena that a session takes. Errors: TOO_LARGE.
Status session_bytes(const ModelView& model, const SessionConfig& config, size_t* bytes, lacuna_error* error);

/// Builds a session in `arena`. Errors: TOO_LARGE, ARENA_TOO_SMALL, ARENA_UNALIGNED, THREADS.
Status make_session(const ModelView& model, const SessionConfig& config, void* arena, size_t arena_bytes,
                    lacuna_session** session, lacuna_error* error);

/// What runs a step: a kernel, or the provider.
const char* kernel_of(const lacuna_session& session, const BoundStep& step);

/// The public description of a value. `bases.arena` null: without its data.
lacuna_tensor describe(const fbs::Program& program, uint32_t value, const Bases& bases);

}  // namespace lacuna

/// The arena holds: session (this, bound steps and their state, the pool), values (planned offsets), the halves among
/// values and weights as floats where the CPU does not compute in halves, scratch (one a thread), and slack for kernels
/// that read past the end.
struct lacuna_session {
  lacuna::ModelView model;
  lacuna::SessionConfig config;
  lacuna::Bases bases;
  lacuna::Span<lacuna::BoundStep> steps;
  lacuna::ThreadPool* pool;  ///< null: the caller's threads only
  uint8_t* scratch;
  size_t scratch_bytes;  ///< of one thread

  void run();
  void run_own(const lacuna::BoundStep& step);  ///< by our kernels, whatever a provider has
  void end();

 private:
  void run_step(const lacuna::BoundStep& step);
  void run_tasks(const lacuna::BoundStep& step);
  void run_step_timed(lacuna::BoundStep& step);
  void run_streamed();
};
