#include "converter/cost/sweep.h"

#include "converter/cost/measure.h"

namespace lacuna {
namespace {

/// Channels in, channels out, width and height.
struct Pointwise {
  int64_t channels, rows, size;
};
constexpr Pointwise kPointwise[] = {
    // resnet50
    {64, 64, 56},
    {64, 256, 56},
    {256, 64, 56},
    {256, 128, 56},
    {128, 512, 28},
    {512, 128, 28},
    {512, 256, 28},
    {256, 1024, 14},
    {1024, 256, 14},
    {1024, 512, 14},
    {512, 2048, 7},
    {2048, 512, 7},
    // mobilenet_v1
    {32, 64, 112},
    {64, 128, 56},
    {128, 128, 56},
    {128, 256, 28},
    {256, 256, 28},
    {256, 512, 14},
    {512, 512, 14},
    {512, 1024, 7},
    {1024, 1024, 7},
    // mobilenet_v2 and efficientnet-lite0
    {32, 16, 112},
    {16, 96, 112},
    {96, 24, 56},
    {24, 144, 56},
    {144, 24, 56},
    {144, 32, 28},
    {32, 192, 28},
    {192, 32, 28},
    {192, 64, 14},
    {64, 384, 14},
    {384, 64, 14},
    {384, 96, 14},
    {96, 576, 14},
    {576, 96, 14},
    {40, 240, 28},
    {240, 40, 28},
    {80, 480, 14},
    {480, 80, 14},
    {480, 112, 14},
    {672, 112, 14},
    {112, 672, 14},
    {672, 192, 7},
    {192, 1152, 7},
    {1152, 192, 7},
    {1152, 320, 7},
    {576, 160, 7},
    {160, 960, 7},
    {960, 160, 7},
    {960, 320, 7},
    {320, 1280, 7},
    // sizes of detectors and of other inputs
    {32, 32, 96},
    {48, 96, 48},
    {64, 64, 40},
    {96, 96, 24},
    {128, 64, 20},
    {128, 128, 12},
    {256, 128, 10},
    {256, 256, 6},
    {128, 128, 4},
    {256, 256, 2},
};

/// Kernel, stride, channels in, channels out, width and height of the input.
struct WindowSizes {
  int64_t kernel, stride, channels, rows, size;
};
constexpr WindowSizes kWindows[] = {
    {7, 2, 3, 64, 224},   {3, 2, 3, 32, 224},   {3, 2, 3, 24, 192},    {3, 1, 3, 16, 112},     {3, 1, 64, 64, 56},
    {3, 1, 128, 128, 28}, {3, 1, 256, 256, 14}, {3, 1, 512, 512, 7},   {3, 2, 128, 128, 56},   {3, 2, 256, 256, 28},
    {3, 2, 512, 512, 14}, {1, 2, 256, 512, 56}, {1, 2, 512, 1024, 28}, {1, 2, 1024, 2048, 14}, {3, 1, 32, 32, 56},
    {3, 1, 32, 64, 28},   {3, 1, 96, 96, 14},   {3, 2, 32, 64, 56},    {5, 1, 64, 64, 14},     {5, 1, 32, 64, 28},
    {3, 1, 16, 32, 112},  {3, 1, 64, 64, 112},  {3, 1, 24, 48, 80},    {3, 1, 128, 128, 40},   {3, 1, 512, 128, 28},
    {5, 2, 3, 32, 192},   {3, 1, 64, 24, 20},   {3, 1, 128, 32, 10},   {3, 1, 256, 64, 6},     {2, 2, 64, 128, 28},
};

constexpr WindowSizes kDepthwise[] = {
    {3, 1, 32, 1, 112}, {3, 2, 64, 1, 112}, {3, 1, 128, 1, 56}, {3, 2, 128, 1, 56}, {3, 1, 256, 1, 28},
    {3, 2, 256, 1, 28}, {3, 1, 512, 1, 14}, {3, 2, 512, 1, 14}, {3, 1, 1024, 1, 7}, {3, 2, 96, 1, 112},
    {3, 1, 144, 1, 56}, {3, 2, 144, 1, 56}, {3, 1, 192, 1, 28}, {3, 2, 192, 1, 28}, {3, 1, 384, 1, 14},
    {3, 1, 576, 1, 14}, {3, 2, 576, 1, 14}, {3, 1, 960, 1, 7},  {5, 2, 144, 1, 56}, {5, 1, 240, 1, 28},
    {3, 2, 240, 1, 28}, {5, 1, 480, 1, 14}, {5, 1, 672, 1, 14}, {5, 2, 672, 1, 14}, {5, 1, 1152, 1, 7},
    {3, 1, 1152, 1, 7}, {3, 1, 64, 1, 48},  {5, 1, 96, 1, 24},  {5, 2, 64, 1, 48},  {3, 1, 128, 1, 12},
};

/// Columns, units, rows of x.
struct Product {
  int64_t columns, units, count;
};
constexpr Product kOneRow[] = {{2048, 1000, 1}, {1024, 1000, 1}, {1280, 1000, 1}, {512, 512, 1}, {256, 128, 1},
                               {4096, 1024, 1}, {768, 3072, 1},  {128, 64, 1},    {1152, 48, 1}, {64, 1000, 1}};
constexpr Product kRows[] = {{768, 768, 128}, {768, 768, 16}, {768, 3072, 64}, {256, 256, 64},
                             {128, 512, 196}, {512, 128, 49}, {64, 64, 8},     {512, 512, 2}};
/// Convolutions of one pixel, as in squeeze and excite: channels in and out.
constexpr Product kOnePixel[] = {{1280, 1000, 1}, {96, 4, 1},     {240, 64, 1},
                                 {960, 240, 1},   {2048, 512, 1}, {672, 168, 1}};

constexpr uint32_t kSeed = 7;

/// Whether the packing stores less when there are more zeros, so that densities matter.
bool skips_zeros(const Layer& layer, fbs::Packing packing) {
  constexpr auto kEntries = static_cast<size_t>(Term::kEntryVectors);
  return estimate_terms(layer, 0, packing)[kEntries] < estimate_terms(layer, 1, packing)[kEntries];
}

uint32_t u32(int64_t n) { return static_cast<uint32_t>(n); }

}  // namespace

std::string name_of(const Layer& layer) {
  if (const fbs::ConvAttrsT* conv = layer.attrs.AsConv()) {
    std::string kernel;
    for (const uint32_t k : conv->kernel) kernel += (kernel.empty() ? "" : "x") + std::to_string(k);
    std::string size;
    for (int i = 2; i < layer.x.rank; ++i) size += (size.empty() ? "" : "x") + std::to_string(layer.x[i]);
    return (kind_of(layer) == LayerKind::kDepthwise ? "depthwise " : "") + kernel +
           (conv->stride.back() > 1 ? "/" + std::to_string(conv->stride.back()) : "") + " " +
           std::to_string(layer.x[1]) + " to " + std::to_string(layer.y[1]) + " at " + size;
  }
  const int last = layer.x.rank - 1;
  return "fully connected " + std::to_string(layer.x[last]) + " to " + std::to_string(layer.y[layer.y.rank - 1]) +
         ", rows " + std::to_string(count(layer.x, 0, last));
}

Layer make_conv(int64_t channels, int64_t rows, int64_t kernel, int64_t stride, int64_t size, int64_t groups) {
  const int64_t out = (size + stride - 1) / stride;
  const int64_t pads = std::max<int64_t>(0, (out - 1) * stride + kernel - size);
  fbs::ConvAttrsT attrs;
  attrs.out_channels = u32(rows);
  attrs.groups = u32(groups);
  attrs.kernel = {u32(kernel), u32(kernel)};
  attrs.stride = {u32(stride), u32(stride)};
  attrs.dilation = {1, 1};
  attrs.pads_begin = {u32(pads / 2), u32(pads / 2)};
  attrs.pads_end = {u32(pads - pads / 2), u32(pads - pads / 2)};
  Layer layer;
  layer.attrs = make_attrs(attrs);
  layer.x = make_shape({1, channels, size, size});
  layer.weight = make_shape({rows, channels / groups, kernel, kernel});
  layer.y = make_shape({1, rows, out, out});
  layer.has_bias = true;
  return layer;
}

Layer make_fully_connected(int64_t columns, int64_t units, int64_t count) {
  fbs::FullyConnectedAttrsT attrs;
  attrs.units = u32(units);
  Layer layer;
  layer.attrs = make_attrs(attrs);
  layer.x = make_shape({count, columns});
  layer.weight = make_shape({units, columns});
  layer.y = make_shape({count, units});
  layer.has_bias = true;
  return layer;
}

std::vector<Layer> sweep_layers(bool quick) {
  if (quick) {
    return {make_conv(32, 32, 1, 1, 14), make_conv(64, 96, 1, 1, 7),        make_conv(16, 16, 3, 1, 14),
            make_conv(16, 24, 3, 2, 14), make_conv(64, 64, 3, 1, 14, 64),   make_conv(32, 32, 5, 2, 14, 32),
            make_conv(64, 32, 1, 1, 1),  make_fully_connected(128, 100, 1), make_fully_connected(64, 64, 20)};
  }
  std::vector<Layer> layers;
  for (const Pointwise& p : kPointwise) layers.push_back(make_conv(p.channels, p.rows, 1, 1, p.size));
  for (const WindowSizes& w : kWindows) layers.push_back(make_conv(w.channels, w.rows, w.kernel, w.stride, w.size));
  for (const WindowSizes& d : kDepthwise) {
    layers.push_back(make_conv(d.channels, d.channels, d.kernel, d.stride, d.size, d.channels));
  }
  for (const Product& p : kOneRow) layers.push_back(make_fully_connected(p.columns, p.units, p.count));
  for (const Product& p : kRows) layers.push_back(make_fully_connected(p.columns, p.units, p.count));
  for (const Product& p : kOnePixel) layers.push_back(make_conv(p.columns, p.units, 1, 1, 1));
  return layers;
}

std::vector<double> sweep_densities(bool quick) {
  if (quick) return {0.1, 0.5, 1};
  return {0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1};
}

std::vector<SweepPoint> sweep_points(const std::vector<Layer>& layers, const std::vector<double>& densities) {
  std::vector<SweepPoint> points;
  for (const Layer& layer : layers) {
    for (const fbs::Packing packing : packings_of(layer)) {
      if (skips_zeros(layer, packing)) {
        for (const double density : densities) points.push_back({layer, packing, density});
      } else {
        points.push_back({layer, packing, 1});
      }
    }
  }
  return points;
}

WeightBytes pack_point(const SweepPoint& point) {
  const Layer& layer = point.layer;
  const Tensor weight = random_weights(layer.weight, point.density, kSeed);
  const Tensor bias(ElementType::kF32, make_shape({layer.weight[0]}));
  return pack_for_this_machine(layer, weight, layer.has_bias ? &bias : nullptr, point.packing);
}

}  // namespace lacuna
