#include "converter/prune/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "converter/report/page.h"
#include "converter/report/report.h"

namespace lacuna::prune {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kBarWidth = 12, kChartHeight = 120;
constexpr double kCurveWidth = 560, kCurveHeight = 260, kMargin = 50;

double rounded(double x) { return std::isfinite(x) ? std::round(x * 1e6) / 1e6 : -1; }

Json optional_number(const std::optional<double>& x) { return x ? Json(rounded(*x)) : Json(nullptr); }

Json to_json(const LayerResult& result) {
  const PrunedLayer& layer = result.layer;
  return {{"name", layer.name},
          {"op", layer.op},
          {"weights", layer.weights()},
          {"counts", layer.counts},
          {"density", rounded(layer.density)},
          {"loss", rounded(result.error)},
          {"sensitivity", result.sensitivity < 0 ? Json(nullptr) : Json(rounded(result.sensitivity))},
          {"predicted_dense_us", rounded(result.dense_us)},
          {"predicted_us", rounded(result.us)},
          {"kept_because", layer.kept_because}};
}

std::string row(const std::string& what, const std::string& value) {
  return "<tr><th>" + what + "</th><td class=\"number\">" + value + "</td></tr>\n";
}

std::string percent(double part) { return number_text(100 * part) + " %"; }

std::string totals(const PruneResult& result, const ReportNotes& notes) {
  std::string table =
      "<table>\n" + row("zeros among the weights that count", percent(result.sparsity)) +
      row("pattern", notes.pattern) + row("samples", std::to_string(notes.samples)) +
      row("error at the outputs before training", percent(result.error_before)) +
      row("error at the outputs", percent(result.error)) + row("batches of training", std::to_string(result.batches)) +
      row("seconds", number_text(result.seconds)) + row("layers, predicted dense us", number_text(result.dense_us)) +
      row("layers, predicted us", number_text(result.us));
  if (notes.measured_dense_ms) table += row("network, measured here dense ms", number_text(*notes.measured_dense_ms));
  if (notes.measured_ms) table += row("network, measured here ms", number_text(*notes.measured_ms));
  return table + "</table>\n";
}

std::string bar(const char* kind, size_t i, double height, double bottom, const std::string& title) {
  height = std::clamp(height, 0.0, kChartHeight);
  return "<rect class=\"" + std::string(kind) + "\" x=\"" + number_text(static_cast<double>(i) * kBarWidth) +
         "\" y=\"" + number_text(bottom - height) + "\" width=\"" + number_text(kBarWidth - 2) + "\" height=\"" +
         number_text(height) + "\"><title>" + title + "</title></rect>\n";
}

std::string chart(const PruneResult& result) {
  double worst = 1e-9;
  for (const LayerResult& layer : result.layers) worst = std::max(worst, layer.error);
  const double width = std::max(1.0, static_cast<double>(result.layers.size()) * kBarWidth);
  const double height = 2 * kChartHeight + 20;
  std::string svg = "<svg viewBox=\"0 0 " + number_text(width) + " " + number_text(height) + "\" width=\"" +
                    number_text(width) + "\" role=\"img\" aria-label=\"density and loss of each layer\">\n";
  for (size_t i = 0; i < result.layers.size(); ++i) {
    const LayerResult& layer = result.layers[i];
    const std::string name = escaped(layer.layer.name) + ": ";
    svg += bar("density", i, layer.layer.density * kChartHeight, kChartHeight,
               name + "density " + percent(layer.layer.density));
    svg += bar("nonzero", i, layer.error / worst * kChartHeight, height, name + "loss " + percent(layer.error));
  }
  return svg + "</svg>\n";
}

/// Error, on a logarithmic scale, against predicted time.
std::string curve(const PruneResult& result) {
  double most = 1e-9;
  for (const CurvePoint& point : result.curve) most = std::max(most, point.us);
  const auto x_of = [&](double us) { return kMargin + us / most * (kCurveWidth - 2 * kMargin); };
  const auto y_of = [&](double error) {  // 0.01 % to 100 %
    const double decades = std::log10(std::clamp(error, 1e-4, 1.0)) + 4;
    return kCurveHeight - kMargin - decades / 4 * (kCurveHeight - 2 * kMargin);
  };
  std::string points, marks;
  for (const CurvePoint& point : result.curve) {
    const std::string x = number_text(x_of(point.us)), y = number_text(y_of(point.error));
    points += x + "," + y + " ";
    marks += "<circle class=\"density\" cx=\"" + x + "\" cy=\"" + y + "\" r=\"4\"><title>" + number_text(point.us) +
             " us, zeros " + percent(point.sparsity) + ", error " + percent(point.error) + "</title></circle>\n";
  }
  std::string axis;
  for (int decade = -4; decade <= 0; ++decade) {
    const double y = y_of(std::pow(10.0, decade));
    axis += "<line x1=\"" + number_text(kMargin) + "\" x2=\"" + number_text(kCurveWidth - kMargin) + "\" y1=\"" +
            number_text(y) + "\" y2=\"" + number_text(y) + "\" stroke=\"#ddd\"/><text x=\"2\" y=\"" +
            number_text(y + 4) + "\" font-size=\"11\">" + number_text(100 * std::pow(10.0, decade)) + " %</text>\n";
  }
  for (int part = 0; part <= 4; ++part) {
    const double us = most * part / 4;
    axis += "<text x=\"" + number_text(x_of(us)) + "\" y=\"" + number_text(kCurveHeight - kMargin + 20) +
            "\" font-size=\"11\" text-anchor=\"middle\">" + number_text(us) + " us</text>\n";
  }
  return "<svg viewBox=\"0 0 " + number_text(kCurveWidth) + " " + number_text(kCurveHeight) + "\" width=\"" +
         number_text(kCurveWidth) + "\" role=\"img\" aria-label=\"error against predicted time\">\n" + axis +
         "<polyline fill=\"none\" stroke=\"#2a6fb5\" points=\"" + points + "\"/>\n" + marks + "</svg>\n";
}

std::string cell(const std::string& text) { return "<td>" + escaped(text) + "</td>"; }
std::string number_cell(const std::string& text) { return "<td class=\"number\">" + text + "</td>"; }

std::string layer_table(const PruneResult& result) {
  std::string table =
      "<table>\n<tr><th>layer</th><th>op</th><th class=\"number\">weights</th><th class=\"number\">density</th>"
      "<th class=\"number\">loss</th><th class=\"number\">sensitivity</th><th class=\"number\">predicted dense us</th>"
      "<th class=\"number\">predicted us</th><th>left alone because</th></tr>\n";
  for (const LayerResult& layer : result.layers) {
    table += "<tr>" + cell(layer.layer.name) + cell(layer.layer.op) +
             number_cell(std::to_string(layer.layer.weights())) + number_cell(percent(layer.layer.density)) +
             number_cell(percent(layer.error)) + number_cell(layer.sensitivity < 0 ? "-" : percent(layer.sensitivity)) +
             number_cell(number_text(layer.dense_us)) + number_cell(number_text(layer.us)) +
             cell(layer.layer.kept_because) + "</tr>\n";
  }
  return table + "</table>\n";
}

}  // namespace

std::string to_json(const PruneResult& result, const ReportNotes& notes) {
  Json layers = Json::array(), points = Json::array();
  for (const LayerResult& layer : result.layers) layers.push_back(to_json(layer));
  for (const CurvePoint& point : result.curve) {
    points.push_back(
        {{"sparsity", rounded(point.sparsity)}, {"predicted_us", rounded(point.us)}, {"error", rounded(point.error)}});
  }
  const Json object = {{"schema_version", kJsonSchemaVersion},
                       {"source", notes.source},
                       {"output", notes.output},
                       {"target", notes.target},
                       {"pattern", notes.pattern},
                       {"samples", notes.samples},
                       {"sparsity", rounded(result.sparsity)},
                       {"error_before_training", rounded(result.error_before)},
                       {"error", rounded(result.error)},
                       {"batches", result.batches},
                       {"seconds", rounded(result.seconds)},
                       {"out_of_time", result.out_of_time},
                       {"predicted_dense_us", rounded(result.dense_us)},
                       {"predicted_us", rounded(result.us)},
                       {"measured_dense_ms", optional_number(notes.measured_dense_ms)},
                       {"measured_ms", optional_number(notes.measured_ms)},
                       {"curve", points},
                       {"layers", layers}};
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_html(const PruneResult& result, const ReportNotes& notes) {
  std::string page =
      page_head(notes.output) + "<h1>" + escaped(notes.output) + "</h1>\n<p>Pruned from " + escaped(notes.source) +
      "; times are predicted for " + escaped(notes.target) + ".</p>\n" + totals(result, notes) +
      "<h2>Layers</h2>\n<p>Bars above: density. Bars below: part of the outputs' variance that the layer "
      "loses before training.</p>\n" +
      chart(result);
  if (!result.curve.empty()) {
    page +=
        "<h2>Error against time</h2>\n<p>Sum of what each layer alone does to the outputs, before training, at the "
        "best densities for a predicted time of all layers.</p>\n" +
        curve(result);
  }
  return page + layer_table(result) + "</body></html>\n";
}

}  // namespace lacuna::prune
