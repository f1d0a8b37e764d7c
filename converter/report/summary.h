// What a converted model is made of: the facts that inspect, bench and reports show.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "converter/choose/choose.h"
#include "converter/plan/plan.h"
#include "sdk/base/shape.h"
#include "sdk/format/model.h"

namespace lacuna {

struct TensorSummary {
  std::string name;
  Shape shape;
};

/// One step of the program.
struct LayerSummary {
  std::string name;                    ///< of the node in the source model
  std::string op;                      ///< operator, such as "Conv"
  Shape shape;                         ///< of the output
  bool halves = false;                 ///< the output and the weights are fp16
  std::string packing;                 ///< of the weights; "-" without weights
  std::string reason;                  ///< why this packing
  std::string pattern;                 ///< how the zeros lie; empty without weights
  std::vector<PackingTime> predicted;  ///< for every legal packing, one run at one thread
  double break_even = 0;               ///< density below which skipping random zeros pays; 0: never
  uint64_t weights = 0, nonzeros = 0;
  uint64_t macs = 0, nonzero_macs = 0;
  uint64_t weight_bytes = 0;    ///< packed, with indices and bias
  bool shares_weights = false;  ///< with a layer before, as bands of rows do: they are in the file once

  /// Predicted microseconds in the packing that was chosen; 0 where nothing is predicted.
  double predicted_us() const;
};

struct Summary {
  std::string producer, source, target;
  std::string costs;  ///< cost profiles that packings were chosen by
  std::vector<TensorSummary> inputs, outputs;
  std::vector<LayerSummary> layers;
  std::set<std::string> variants;  ///< what kernels are for, as "Packing/SparseRows" and "BinaryKind/Add"
  uint64_t file_bytes = 0;
  uint64_t weight_bytes = 0;           ///< of the weight segment
  uint64_t weights = 0, nonzeros = 0;  ///< shared ones counted once
  uint64_t macs = 0, nonzero_macs = 0;
  uint64_t arena_bytes = 0;        ///< of the planned values
  uint64_t naive_arena_bytes = 0;  ///< of the values if no two shared memory
  uint64_t sparse_nonzeros = 0;    ///< in sparse packings
  uint64_t sparse_bytes = 0;       ///< that these take, indices, counts and values
  std::vector<Buffer> buffers;     ///< with their lives

  /// Part of the weights that is not zero; 1 without weights.
  double density() const { return density_of(nonzeros, weights); }
  /// 0 without sparse layers.
  double bytes_per_nonzero() const {
    return sparse_nonzeros == 0 ? 0 : static_cast<double>(sparse_bytes) / static_cast<double>(sparse_nonzeros);
  }
  static double density_of(uint64_t nonzeros, uint64_t weights) {
    return weights == 0 ? 1 : static_cast<double>(nonzeros) / static_cast<double>(weights);
  }
};

/// Reads it all from a verified program.
Summary summarize(const ModelView& model, uint64_t file_bytes);

/// The arena's values over the steps as text; empty for a model without steps.
std::string draw_arena(const Summary& summary);

}  // namespace lacuna
