#include <algorithm>
#include <cmath>
#include <cstdio>

#include "converter/ir/graph.h"
#include "converter/report/page.h"
#include "converter/report/report.h"

namespace lacuna {
namespace {

constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<style>
body { font: 14px/1.4 sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse }
th, td { padding: 2px 10px; text-align: left; border-bottom: 1px solid #ddd }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
svg { max-width: 100%; height: auto }
.all { fill: #c8d3e0 } .nonzero { fill: #2a6fb5 } .density { fill: #d98324 }
</style>
)";

constexpr double kBarWidth = 12;
constexpr double kChartHeight = 120;

std::string row(const std::string& what, const std::string& value) {
  return "<tr><th>" + what + "</th><td class=\"number\">" + value + "</td></tr>\n";
}

std::string totals(const Summary& summary) {
  return "<table>\n" + row("density", number_text(summary.density() * 100) + " %") +
         row("weights", std::to_string(summary.weights)) + row("non-zero weights", std::to_string(summary.nonzeros)) +
         row("MACs", std::to_string(summary.macs)) + row("non-zero MACs", std::to_string(summary.nonzero_macs)) +
         row("file bytes", std::to_string(summary.file_bytes)) +
         row("weight bytes", std::to_string(summary.weight_bytes)) +
         row("bytes a non-zero in sparse layers", number_text(summary.bytes_per_nonzero())) +
         row("arena bytes of values", std::to_string(summary.arena_bytes)) +
         row("if none shared memory", std::to_string(summary.naive_arena_bytes)) + "</table>\n";
}

/// A bar that stands on `bottom`, with a text that shows on hover.
std::string bar(const char* kind, size_t layer, double height, double bottom, const std::string& title) {
  return "<rect class=\"" + std::string(kind) + "\" x=\"" + number_text(static_cast<double>(layer) * kBarWidth) +
         "\" y=\"" + number_text(bottom - height) + "\" width=\"" + number_text(kBarWidth - 2) + "\" height=\"" +
         number_text(height) + "\"><title>" + title + "</title></rect>\n";
}

/// Two rows of bars, one bar a layer: multiply-adds (all, and those with a non-zero weight) above density.
std::string chart(const Summary& summary) {
  uint64_t most = 1;
  for (const LayerSummary& layer : summary.layers) most = std::max(most, layer.macs);
  const double width = std::max(1.0, static_cast<double>(summary.layers.size()) * kBarWidth);
  const double height = 2 * kChartHeight + 20;
  std::string svg = "<svg viewBox=\"0 0 " + number_text(width) + " " + number_text(height) + "\" width=\"" +
                    number_text(width) + "\" role=\"img\" aria-label=\"MACs and density of each layer\">\n";
  for (size_t i = 0; i < summary.layers.size(); ++i) {
    const LayerSummary& layer = summary.layers[i];
    const auto scaled = [&](uint64_t macs) {
      return static_cast<double>(macs) / static_cast<double>(most) * kChartHeight;
    };
    const std::string name = escaped(layer.name) + ": ";
    svg += bar("all", i, scaled(layer.macs), kChartHeight, name + std::to_string(layer.macs) + " MACs");
    svg += bar("nonzero", i, std::min(scaled(layer.macs), scaled(layer.nonzero_macs)), kChartHeight,
               name + std::to_string(layer.nonzero_macs) + " non-zero MACs");
    if (layer.weights == 0) continue;
    const double density = std::min(1.0, Summary::density_of(layer.nonzeros, layer.weights));
    svg += bar("density", i, density * kChartHeight, height, name + "density " + number_text(density * 100) + " %");
  }
  return svg + "</svg>\n";
}

std::string cell(const std::string& text) { return "<td>" + escaped(text) + "</td>"; }
std::string number_cell(const std::string& text) { return "<td class=\"number\">" + text + "</td>"; }

std::string layer_table(const Summary& summary) {
  std::string table =
      "<table>\n<tr><th>name</th><th>op</th><th>output</th><th "
      "class=\"number\">density</th><th>pattern</th><th>packing</th>"
      "<th class=\"number\">predicted us</th><th class=\"number\">break-even</th>"
      "<th class=\"number\">MACs</th><th class=\"number\">non-zero MACs</th><th class=\"number\">bytes</th>"
      "<th>why</th></tr>\n";
  for (const LayerSummary& layer : summary.layers) {
    const double density = Summary::density_of(layer.nonzeros, layer.weights);
    table += "<tr>" + cell(layer.name) + cell(layer.op) + cell(to_string(layer.shape)) +
             number_cell(layer.weights == 0 ? "-" : number_text(density * 100) + " %") + cell(layer.pattern) +
             cell(layer.packing) + number_cell(layer.predicted.empty() ? "-" : number_text(layer.predicted_us())) +
             number_cell(layer.predicted.size() < 2 ? "-" : number_text(layer.break_even * 100) + " %") +
             number_cell(std::to_string(layer.macs)) + number_cell(std::to_string(layer.nonzero_macs)) +
             number_cell(std::to_string(layer.weight_bytes)) + cell(layer.reason) + "</tr>\n";
  }
  return table + "</table>\n";
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return result;
}

std::string number_text(double x) {
  char text[400];
  std::snprintf(text, sizeof(text), "%.2f", x);
  return text;
}

std::string page_head(const std::string& title) {
  return std::string(kHead) + "<title>" + escaped(title) + "</title></head><body>\n";
}

std::string to_html(const Summary& summary, const std::string& model) {
  return page_head(model) + "<h1>" + escaped(model) + "</h1>\n<p>From " + escaped(summary.source) + " by " +
         escaped(summary.producer) + ", for " + escaped(summary.target) + ", by the costs of " +
         escaped(summary.costs) + ".</p>\n" + totals(summary) +
         "<h2>Layers</h2>\n<p>Bars above: multiply-adds, those with a non-zero weight dark. Bars below: "
         "density.</p>\n" +
         chart(summary) + layer_table(summary) + "</body></html>\n";
}

}  // namespace lacuna
