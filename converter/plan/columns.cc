#include "converter/plan/columns.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "converter/passes/rewrite.h"
#include "sdk/base/align.h"

namespace lacuna {
namespace {

constexpr size_t kX = 0, kResidual = 3;
constexpr int kHeight = 2;
/// Each convolution of a chain adds the halo of its window to what all before it compute twice.
constexpr size_t kMostConvolutions = 4;
constexpr auto kLineBytes = static_cast<int64_t>(kAlignment);

struct Rows {
  int64_t first;
  int64_t last;  ///< not included
  int64_t count() const { return last - first; }
};

/// The vertical window of a convolution over `in` rows.
struct Window {
  Window(const Graph& graph, const Node& conv) : in(graph.shape(conv.inputs[kX])[kHeight]) {
    const fbs::ConvAttrsT& attrs = *conv.attrs.AsConv();
    stride = attrs.stride[0];
    pad = attrs.pads_begin[0];
    reach = (int64_t{attrs.kernel[0]} - 1) * attrs.dilation[0] + 1;
  }

  /// Rows of the input that these rows of the output see; those outside of it are padding.
  Rows sees(Rows out) const {
    const Rows all = reaches(out);
    return {std::clamp<int64_t>(all.first, 0, in), std::clamp<int64_t>(all.last, 0, in)};
  }
  int64_t pad_before(Rows out) const { return std::max<int64_t>(-reaches(out).first, 0); }
  int64_t pad_behind(Rows out) const { return std::max<int64_t>(reaches(out).last - in, 0); }

  int64_t in;

 private:
  int64_t stride, pad, reach;

  Rows reaches(Rows out) const { return {out.first * stride - pad, (out.last - 1) * stride - pad + reach}; }
};

bool is_conv(const Graph& graph, const Node& node) {
  return node.attrs.type == fbs::OpAttrs::Conv && graph.shape(node.output).rank == 4;
}

bool is_depthwise(const Graph& graph, const Node& node) {
  if (!is_conv(graph, node)) return false;
  const int64_t channels = graph.shape(node.inputs[kX])[1];
  return channels > 1 && node.attrs.AsConv()->groups == channels;
}

bool is_pointwise(const Graph& graph, const Node& node) {
  if (!is_conv(graph, node)) return false;
  const fbs::ConvAttrsT& attrs = *node.attrs.AsConv();
  const auto all = [](const auto& numbers, uint32_t value) {
    return std::all_of(numbers.begin(), numbers.end(), [&](auto n) { return n == value; });
  };
  return attrs.groups == 1 && all(attrs.kernel, 1) && all(attrs.stride, 1) && all(attrs.pads_begin, 0) &&
         all(attrs.pads_end, 0);
}

/// Indices of convolutions, each the only reader of the one before.
using Chain = std::vector<size_t>;

bool is_wide(const Value& value) { return count(value.shape) * bytes_of(value.dtype) > kWideBytes; }

/// The convolution in front of the one that `chain` starts with, if its output had better not exist as a whole.
const Node* wide_producer(Graph& graph, const Uses& uses, const Node& conv) {
  const ValueId between = conv.inputs[kX];
  const Shape& shape = graph.shape(between);
  if (shape.rank != 4 || shape[0] != 1 || !is_wide(graph.value(between))) return nullptr;
  const Node* wide = private_producer(graph, uses, between);
  const bool fits = wide != nullptr && is_conv(graph, *wide) && operand(*wide, kResidual) == kNoValue &&
                    (is_depthwise(graph, *wide) || wide->attrs.AsConv()->groups == 1);
  return fits ? wide : nullptr;
}

/// The convolution behind a depthwise one, if it is pointwise.
const Node* narrow_reader(const Graph& graph, const Uses& uses, const Node& depthwise) {
  const int reader = only_reader(graph, uses, depthwise.output);
  if (reader < 0) return nullptr;
  const Node& next = graph.nodes[static_cast<size_t>(reader)];
  return is_pointwise(graph, next) && next.inputs[kX] == depthwise.output ? &next : nullptr;
}

/// A chain around the depthwise convolution i: what makes its wide input, as far back as values are wide, and the
/// pointwise convolution behind it.
Chain chain_at(Graph& graph, const Uses& uses, size_t i) {
  const auto index_of = [&](const Node& node) { return static_cast<size_t>(&node - graph.nodes.data()); };
  const Node* first = &graph.nodes[i];
  if (!is_depthwise(graph, *first) || operand(*first, kResidual) != kNoValue) return {};
  Chain chain = {i};
  while (chain.size() < kMostConvolutions && (first = wide_producer(graph, uses, *first)) != nullptr) {
    chain.insert(chain.begin(), index_of(*first));
  }
  if (chain.size() == 1) return {};
  const Node* narrow = narrow_reader(graph, uses, graph.nodes[i]);
  if (narrow == nullptr) return chain;
  const int reader = only_reader(graph, uses, narrow->output);
  const bool goes_on = reader >= 0 && is_wide(graph.value(narrow->output)) && operand(*narrow, kResidual) == kNoValue &&
                       is_depthwise(graph, graph.nodes[static_cast<size_t>(reader)]);
  if (goes_on && chain.size() < kMostConvolutions - 1) return {};  // the chain of that reader holds this one
  chain.push_back(index_of(*narrow));
  return chain;
}

/// The fewest rows that fill whole cache lines.
int64_t rows_of_lines(const Value& value) {
  const int64_t line = kLineBytes / bytes_of(value.dtype);
  return line / std::gcd(value.shape[3], line);
}

int64_t row_bytes(const Value& value) { return value.shape[1] * value.shape[3] * bytes_of(value.dtype); }

/// Makes the nodes of one band after another.
class BandBuilder {
 public:
  BandBuilder(Graph& graph, const Chain& chain) : graph_(graph) {
    for (const size_t i : chain) {
      convs_.push_back(graph.nodes[i]);
      windows_.emplace_back(graph, graph.nodes[i]);
    }
  }

  std::vector<Node> nodes;

  /// Rows that each convolution must make for this band of the last one's output. Empty: one would see padding alone.
  std::vector<Rows> rows_for(Rows band) const {
    std::vector<Rows> rows(convs_.size(), band);
    for (size_t i = convs_.size(); i-- > 0;) {
      const Rows seen = windows_[i].sees(rows[i]);
      if (seen.count() < 1) return {};
      if (i > 0) rows[i - 1] = {starts_line(convs_[i - 1], seen.first), seen.last};
    }
    return rows;
  }

  /// Bytes of the values inside the band that are alive at once, at most.
  int64_t bytes_of(const std::vector<Rows>& rows) const {
    int64_t most = 0;
    for (size_t i = 0; i + 1 < rows.size(); ++i) {
      const int64_t next = i + 2 < rows.size() ? bytes_of(i + 1, rows) : 0;
      most = std::max(most, bytes_of(i, rows) + next);
    }
    return most;
  }

  /// Returns the value that holds these rows of the chain's output.
  ValueId build(Rows band) {
    const std::vector<Rows> rows = rows_for(band);
    ValueId x = convs_[0].inputs[kX];
    Rows there = {0, windows_[0].in};
    for (size_t i = 0; i < convs_.size(); there = rows[i++]) x = convolve(i, x, there, rows[i]);
    return x;
  }

 private:
  int64_t bytes_of(size_t i, const std::vector<Rows>& rows) const {
    return row_bytes(graph_.value(convs_[i].output)) * rows[i].count();
  }

  /// A pointwise convolution reads its rows in place: they had better start a cache line.
  int64_t starts_line(const Node& conv, int64_t row) const {
    if (!is_pointwise(graph_, conv)) return row;
    const int64_t lines = rows_of_lines(graph_.value(conv.inputs[kX]));
    return row / lines * lines;
  }

  /// Rows `out` of convolution i, whose input's rows `there` are in `x`.
  ValueId convolve(size_t i, ValueId x, Rows there, Rows out) {
    const Rows seen = windows_[i].sees(out);
    Node node = convs_[i];
    node.name += " rows " + std::to_string(out.first) + " to " + std::to_string(out.last - 1);
    fbs::ConvAttrsT& attrs = *node.attrs.AsConv();
    attrs.pads_begin[0] = static_cast<uint32_t>(windows_[i].pad_before(out));
    attrs.pads_end[0] = static_cast<uint32_t>(windows_[i].pad_behind(out));
    node.inputs[kX] = rows_of(x, {seen.first - there.first, seen.last - there.first}, node.name);
    const ValueId residual = operand(node, kResidual);
    if (residual != kNoValue) node.inputs[kResidual] = rows_of(residual, out, node.name);
    return add(std::move(node), convs_[i].output, out.count());
  }

  ValueId rows_of(ValueId id, Rows rows, const std::string& name) {
    const Shape shape = graph_.shape(id);
    if (rows.count() == shape[kHeight]) return id;
    fbs::SliceAttrsT attrs;
    for (int i = 0; i < shape.rank; ++i) {
      attrs.start.push_back(i == kHeight ? static_cast<int32_t>(rows.first) : 0);
      attrs.sizes.push_back(static_cast<uint32_t>(i == kHeight ? rows.count() : shape[i]));
      attrs.step.push_back(1);
    }
    return add(Node{name, make_attrs(attrs), {id}, kNoValue}, id, rows.count());
  }

  /// The output of `node` is like `whole`, but of so many rows.
  ValueId add(Node node, ValueId whole, int64_t rows) {
    Shape shape = graph_.shape(whole);
    shape[kHeight] = rows;
    const fbs::Dtype dtype = graph_.value(whole).dtype;
    node.output = graph_.add_value(node.name, ElementType::kF32, shape);
    graph_.value(node.output).dtype = dtype;
    nodes.push_back(std::move(node));
    return nodes.back().output;
  }

  Graph& graph_;
  std::vector<Node> convs_;
  std::vector<Window> windows_;
};

/// Bands of output rows, as high as their values fit `band_bytes`; one band when there is nothing to gain.
std::vector<Rows> choose_bands(const BandBuilder& builder, const Value& output, int64_t band_bytes) {
  const int64_t rows = output.shape[kHeight], lines = rows_of_lines(output);
  const auto cut = [&](int64_t height) {
    std::vector<Rows> bands;
    for (int64_t first = 0; first < rows; first += height) bands.push_back({first, std::min(first + height, rows)});
    return bands;
  };
  const auto fits = [&](const Rows& band) { return builder.bytes_of(builder.rows_for(band)) <= band_bytes; };
  int64_t height = ceil_div(rows, lines) * lines;
  for (; height > lines; height -= lines) {
    const std::vector<Rows> bands = cut(height);
    if (std::all_of(bands.begin(), bands.end(), fits)) break;
  }
  return cut(ceil_div(ceil_div(rows, ceil_div(rows, height)), lines) * lines);  // as even as lines allow
}

bool split_at(Graph& graph, const Uses& uses, size_t i, int64_t band_bytes) {
  const Chain chain = chain_at(graph, uses, i);
  if (chain.empty()) return false;
  const Node last = graph.nodes[chain.back()];
  BandBuilder builder(graph, chain);
  const std::vector<Rows> bands = choose_bands(builder, graph.value(last.output), band_bytes);
  const bool all_see = std::none_of(bands.begin(), bands.end(), [&](Rows b) { return builder.rows_for(b).empty(); });
  if (bands.size() < 2 || !all_see) return false;

  fbs::ConcatAttrsT attrs;
  attrs.axis = kHeight;
  Node whole{last.name, make_attrs(attrs), {}, last.output};
  for (const Rows& band : bands) whole.inputs.push_back(builder.build(band));
  builder.nodes.push_back(std::move(whole));
  // In the place of the last one: all that the chain reads is made by then.
  const auto at = static_cast<std::ptrdiff_t>(chain.back());
  graph.nodes.erase(graph.nodes.begin() + at);
  graph.nodes.insert(graph.nodes.begin() + at, builder.nodes.begin(), builder.nodes.end());
  for (size_t k = chain.size() - 1; k-- > 0;) erase_node(graph, chain[k]);
  return true;
}

}  // namespace

void run_in_columns(Graph& graph, int64_t band_bytes) {
  rewrite_each(graph, [=](Graph& g, const Uses& uses, size_t i) { return split_at(g, uses, i, band_bytes); });
}

}  // namespace lacuna
