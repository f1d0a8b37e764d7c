// What an operator is: the description that verifier, session, converter and tests read.
//
// kernels/ops/<op>/<op>.cc fills an OpRun (what the device links); <op>_host.cc an OpHost (what the converter adds:
// kernels/op_host.h). kernels/ops/ops.inc names both.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/packed_weights.h"
#include "kernels/tensor_view.h"
#include "sdk/base/align.h"
#include "sdk/base/isa.h"
#include "sdk/base/span.h"
#include "sdk/base/status.h"

namespace lacuna {

/// Memory layouts that an operand may have; each includes the ones before it. The generic checks enforce it.
enum class Layout : uint8_t {
  kContiguous,  ///< dense row-major
  kPlanar,      ///< rank >= 3 with dense planes and any batch and channel stride, or contiguous
  kStrided,     ///< any strides
};

/// One step as its operator sees it. Everything is borrowed; attrs, weights and (after bind) data outlive the session.
struct OpStep {
  const void* attrs = nullptr;    ///< the operator's table in op_attrs.fbs
  Span<const TensorView> inputs;  ///< device operands only: no packed weight or bias
  Span<const TensorView> outputs;
  const PackedWeights* weights = nullptr;  ///< null for a step without weights

  template <class Table>
  const Table& attrs_as() const {
    return *static_cast<const Table*>(attrs);
  }
};

/// What bind may use.
struct BindContext {
  IsaMask isas;       ///< tiers that kernels may come from
  uint32_t threads;   ///< how many tasks can run at once, at least 1
  uint32_t l1_bytes;  ///< of a core's first data cache; 0: unknown
};

/// What bind decided.
struct Binding {
  uint32_t tasks = 0;        ///< run is called once for each task index; 0: nothing to do (a view)
  const char* kernel = "-";  ///< name with ISA, static storage
};

/// Inputs of the same shape whose place (address and strides) the output may take exactly: element i of the output
/// depends on element i of that input alone.
enum class InPlace : uint8_t {
  kNone,
  kAny,
  kResidual,  ///< input 1, of floats, where replaces_residual
};

/// The device half of an operator. All functions are pure but for what they are given; none allocates.
/// Results must not depend on the number of tasks or threads.
struct OpRun {
  const char* name;      ///< as in the schema's union, such as "Conv"
  int min_inputs;        ///< device operands
  int max_inputs;        ///< kAnyCount: no bound
  Layout input_layout;   ///< of every input
  Layout output_layout;  ///< of the output (every operator has exactly one)

  /// Shape of the output from attributes and input shapes, strides and data unread. Checks the attributes against the
  /// inputs (ranks, ranges, sizes that overflow): MEANING with a text when they do not fit. `weights` may be null.
  lacuna_status (*infer)(const OpStep& step, Shape* output, lacuna_error* error);

  /// What `run` relies on beyond layouts and infer's shape: packed weights above all, each packed index. Null: nothing.
  lacuna_status (*check)(const OpStep& step, lacuna_error* error);

  /// Bytes of bound state and of scratch per thread: upper bounds over all ISAs and thread counts. Null: none.
  size_t (*state_bytes)(const OpStep& step);
  size_t (*scratch_bytes)(const OpStep& step);

  /// Chooses kernels and writes what run needs into `state` (aligned to kAlignment).
  Binding (*bind)(const OpStep& step, const BindContext& context, void* state);

  /// Does one task. `scratch` is this thread's own, aligned to kAlignment, and holds anything.
  void (*run)(const void* state, uint32_t task, void* scratch);

  InPlace in_place = InPlace::kNone;

  /// The converter may make operands and output halves.
  bool halves = false;

  /// Whether `bind` takes a step of halves, or one that converts, on CPUs that compute in halves (kernels/halves).
  /// Null, or false: the session gives it floats instead.
  bool (*computes_halves)(const OpStep& step) = nullptr;
};

/// Columns that all products take at once, so that no sums wait in the output for the next block.
constexpr uint32_t kOneBlockColumns = 128;

/// Whether the output of a step with such weights may take the place of input 1; a block of 0 is still to be chosen.
inline bool replaces_residual(const OpRun& op, fbs::Packing packing, uint32_t columns, uint32_t block) {
  const bool one_block = columns <= kOneBlockColumns && (block == 0 || block >= columns);
  // Depthwise kernels write some outputs twice.
  return op.in_place == InPlace::kResidual && one_block && packing != fbs::Packing::Depthwise;
}

constexpr int kAnyCount = 1 << 16;

/// The operator of a schema union member; null for one that this build does not have.
const OpRun* find_op(fbs::OpAttrs type);

}  // namespace lacuna
