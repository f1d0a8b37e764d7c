#include "converter/passes/passes.h"

namespace lacuna {

void run_passes(Graph& graph) {
  bool changed = true;
  for (int round = 0; changed && round < kMaxPassRounds; ++round) {
    changed = false;
#define LACUNA_PASS(name) changed = name(graph) || changed;
#include "converter/passes/passes.inc"
#undef LACUNA_PASS
  }
}

}  // namespace lacuna
