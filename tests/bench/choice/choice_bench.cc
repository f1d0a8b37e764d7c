// Times every legal packing of layers at densities from 0 to 100 % and prints what the chosen one loses: its time over
// the best time, minus one. At one thread; each density has random weights of its own.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "converter/cli/command.h"
#include "converter/cli/console.h"
#include "converter/cli/table.h"
#include "converter/convert.h"
#include "converter/cost/measure.h"
#include "converter/cost/sweep.h"
#include "converter/ir/operands.h"
#include "converter/passes/passes.h"
#include "converter/plan/columns.h"
#include "platforms/cpu_features.h"

namespace lacuna {
namespace {

struct Options {
  std::vector<std::string> models;
  std::vector<std::string> targets = {"native", "generic"};
  std::vector<double> densities = {0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1};
  std::string isa;
  double milliseconds = 2;
  int passes = 2;
  bool all = false;
};

/// Layers of the models, each shape once; those of the cost model's sweep without models.
std::map<std::string, Layer> layers_of(const std::vector<std::string>& models) {
  std::map<std::string, Layer> layers;
  const auto add = [&](const Layer& layer) {
    if (packings_of(layer).size() > 1) layers.emplace(name_of(layer), layer);
  };
  for (const std::string& model : models) {
    Graph graph = import_model(model, {});
    run_passes(graph);
    run_in_columns(graph, kMostBandBytes);
    for (const Node& node : graph.nodes) {
      if (operand_with_role(node, Role::kWeight) != kNoValue) add(layer_of(graph, node));
    }
  }
  if (models.empty()) {
    for (const Layer& layer : sweep_layers(false)) add(layer);
  }
  return layers;
}

/// What was measured and predicted for a layer at one density.
struct Row {
  std::string layer;
  double density;
  std::vector<fbs::Packing> packings;
  std::vector<LayerKind> kinds;
  std::vector<TermCounts> counts;
  std::vector<double> us;  ///< measured, for each packing

  double best_us() const { return *std::min_element(us.begin(), us.end()); }
  size_t chosen(const CostModel& costs) const {
    size_t best = 0;
    for (size_t i = 1; i < packings.size(); ++i) {
      if (predicted(costs, i) < predicted(costs, best)) best = i;
    }
    return best;
  }
  double predicted(const CostModel& costs, size_t i) const {
    return costs.microseconds(kinds[i], packings[i], counts[i]).value_or(1e30);
  }
  double regret(const CostModel& costs) const { return us[chosen(costs)] / best_us() - 1; }
};

Row measure(const std::string& name, const Layer& layer, double density, IsaMask isas, const Options& options,
            CacheSweeper& sweeper) {
  constexpr uint32_t kSeed = 3;
  constexpr int kLeastRuns = 5;
  Row row = {name, density, packings_of(layer), {}, {}, {}};
  const Tensor weight = random_weights(layer.weight, density, kSeed);
  std::vector<std::unique_ptr<LayerTimer>> timers;
  for (const fbs::Packing packing : row.packings) {
    const WeightBytes packed = pack_for_this_machine(layer, weight, nullptr, packing);
    row.kinds.push_back(kind_of(layer, packing));
    row.counts.push_back(count_terms(layer, size_of(packed)));
    timers.push_back(std::make_unique<LayerTimer>(layer, packed, isas));
  }
  row.us.assign(timers.size(), 1e30);
  for (int pass = 0; pass < options.passes; ++pass) {  // packings take turns
    for (size_t i = 0; i < timers.size(); ++i) {
      row.us[i] = std::min(row.us[i], least_ns(*timers[i], sweeper, options.milliseconds * 1e-3, kLeastRuns) * 1e-3);
    }
  }
  return row;
}

void add_rows(const Row& row, const std::vector<Target>& targets, Table& table) {
  for (size_t i = 0; i < row.packings.size(); ++i) {
    std::vector<std::string> cells = {row.layer, percent(row.density), fbs::EnumNamePacking(row.packings[i]),
                                      fixed(row.us[i], 1)};
    for (const Target& target : targets) {
      cells.push_back(fixed(row.predicted(target.costs, i), 1));
      cells.push_back(row.chosen(target.costs) == i ? percent(row.us[i] / row.best_us() - 1) : "");
    }
    table.add_row(cells);
  }
}

std::string summary(const std::vector<Row>& rows, const Target& target) {
  double worst = 0, sum = 0;
  const Row* worst_row = nullptr;
  size_t within = 0;
  for (const Row& row : rows) {
    const double regret = row.regret(target.costs);
    sum += regret;
    within += regret <= 0.05 ? 1 : 0;
    if (regret >= worst) {
      worst = regret;
      worst_row = &row;
    }
  }
  const auto n = static_cast<double>(rows.size());
  return target.name + ": " + std::to_string(rows.size()) + " layers and densities, " +
         percent(static_cast<double>(within) / n) + " within 5 % of the best packing, mean loss " + percent(sum / n) +
         ", worst " + percent(worst) + " (" + worst_row->layer + " at density " + percent(worst_row->density) + ")\n";
}

int bench(const Options& options) {
  std::vector<Target> targets;
  for (const std::string& name : options.targets) targets.push_back(find_target(name, ""));
  Isa isa = kScalar;
  for (const IsaName& entry : kIsaNames) {
    if ((cpu_isas() & ~kHalfIsas & entry.isa) != 0 && (options.isa.empty() || options.isa == entry.name))
      isa = entry.isa;
  }
  const auto layers = layers_of(options.models);
  CacheSweeper sweeper;
  std::vector<Row> rows;
  for (const auto& [name, layer] : layers) {
    for (const double density : options.densities) {
      rows.push_back(measure(name, layer, density, up_to(isa), options, sweeper));
    }
  }
  std::vector<Table::Column> columns = {
      {"layer"}, {"density", Table::Align::kRight}, {"packing"}, {"us", Table::Align::kRight}};
  for (const Target& target : targets) {
    columns.push_back({target.name + " predicts", Table::Align::kRight});
    columns.push_back({"loses", Table::Align::kRight});
  }
  Table table(columns);
  for (const Row& row : rows) {
    const bool tells = std::any_of(targets.begin(), targets.end(),
                                   [&](const Target& target) { return row.regret(target.costs) > 0.05; });
    if (options.all || tells) add_rows(row, targets, table);
  }
  print(table.to_string() + "\n");
  for (const Target& target : targets) print(summary(rows, target));
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Times every legal packing of layers; prints where the cost model's choice loses more than 5 %.");
  app.add_option("MODEL", options.models, "Models whose layers are timed (default: layers of known networks)");
  app.add_option("--isa", options.isa, "Highest instruction set that kernels may use");
  app.add_option("--target", options.targets, "Targets or profiles whose choices are judged");
  app.add_option("--densities", options.densities, "Parts of the weights that are not zero")->delimiter(',');
  app.add_option("--milliseconds", options.milliseconds, "How long each packing is timed in a pass");
  app.add_option("--passes", options.passes, "How often packings take turns");
  app.add_flag("--all", options.all, "Print every layer and density");
  CLI11_PARSE(app, argc, argv);
  return bench(options);
}

}  // namespace
}  // namespace lacuna

int main(int argc, char** argv) {
  try {
    return lacuna::run(argc, argv);
  } catch (const std::exception& error) {
    lacuna::print_error(error.what());
    return 1;
  }
}
