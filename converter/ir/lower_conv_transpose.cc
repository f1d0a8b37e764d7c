#include "converter/ir/lower_conv_transpose.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace lacuna {

namespace {

constexpr int64_t kMaxStride = 64;
constexpr int64_t kMaxElements = std::numeric_limits<int32_t>::max();

int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
int64_t ceil_div(int64_t a, int64_t b) { return -floor_div(-a, b); }

/// The transposed convolution along one spatial dimension. Output o = stride * q + phase reads x[q - t] through tap k
/// where k * dilation = stride * t + phase.
struct Axis {
  int64_t stride;
  int64_t dilation;
  int64_t kernel;
  int64_t taps;        ///< of the convolution: the largest t plus one
  int64_t pads_begin;  ///< of the convolution
  int64_t pads_end;
  int64_t crop;  ///< outputs in front that are not wanted
  int64_t output;

  /// Tap t, t >= 0, of the convolution of a phase as an index into the kernel; -1 where there is none.
  int64_t kernel_index(int64_t t, int64_t phase) const {
    const int64_t position = stride * t + phase;
    return position % dilation == 0 && position / dilation < kernel ? position / dilation : -1;
  }
};

Axis make_axis(const ConvTransposeGeometry& geometry, size_t i, int64_t input, int64_t kernel) {
  Axis axis{};
  axis.stride = geometry.stride[i];
  axis.dilation = geometry.dilation[i];
  axis.kernel = kernel;
  axis.taps = (kernel - 1) * axis.dilation / axis.stride + 1;
  axis.output = geometry.output[i];
  const int64_t first = std::min(floor_div(geometry.pads_begin[i], axis.stride), axis.taps - 1);
  const int64_t last = ceil_div(geometry.pads_begin[i] + axis.output, axis.stride);
  axis.pads_begin = axis.taps - 1 - first;
  axis.pads_end = std::max<int64_t>(0, last - input);
  axis.crop = geometry.pads_begin[i] - first * axis.stride;
  return axis;
}

/// Counts up an index of mixed radix, last digit first. False after the last one.
bool next_index(const std::vector<int64_t>& radix, std::vector<int64_t>* index) {
  for (size_t i = radix.size(); i-- > 0;) {
    if (++(*index)[i] < radix[i]) return true;
    (*index)[i] = 0;
  }
  return false;
}

int64_t product(const std::vector<int64_t>& list) {
  return std::accumulate(list.begin(), list.end(), int64_t{1}, std::multiplies<>());
}

template <class Get>
std::vector<int64_t> each(const std::vector<Axis>& axes, Get get) {
  std::vector<int64_t> list;
  for (const Axis& axis : axes) list.push_back(get(axis));
  return list;
}

/// [M*phases, C/groups, taps...]. Throws kResourceLimit when that has too many elements.
Shape phase_weight_shape(const Tensor& weight, const std::vector<Axis>& axes, int64_t groups) {
  const int64_t phases = product(each(axes, [](const Axis& axis) { return axis.stride; }));
  std::vector<int64_t> dims = {groups * weight.shape[1] * phases, weight.shape[0] / groups};
  for (const Axis& axis : axes) dims.push_back(axis.taps);
  int64_t elements = 1;
  for (const int64_t dim : dims) {
    if (dim > kMaxElements / elements) {
      throw Error(ExitCode::kResourceLimit, "a transposed convolution has 2^31 weights or more");
    }
    elements *= dim;
  }
  return make_shape(dims);
}

/// Output channel m * phases + phase.
Tensor phase_weight(const Tensor& weight, const std::vector<Axis>& axes, int64_t groups, const Shape& shape) {
  const int64_t channels = weight.shape[0] / groups;
  const int64_t outputs = weight.shape[1];  // of one group
  const std::vector<int64_t> strides = each(axes, [](const Axis& axis) { return axis.stride; });
  const std::vector<int64_t> taps = each(axes, [](const Axis& axis) { return axis.taps; });
  Tensor result(ElementType::kF32, shape);
  const int64_t kernel_size = count(weight.shape, 2, weight.shape.rank);
  size_t at = 0;
  for (int64_t m = 0; m < groups * outputs; ++m) {
    std::vector<int64_t> phase(axes.size(), 0);
    do {
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t row = ((m / outputs) * channels + c) * outputs + m % outputs;
        std::vector<int64_t> tap(axes.size(), 0);
        do {
          int64_t place = 0;
          bool inside = true;
          for (size_t d = 0; d < axes.size(); ++d) {
            const int64_t k = axes[d].kernel_index(axes[d].taps - 1 - tap[d], phase[d]);
            inside = inside && k >= 0;
            place = place * axes[d].kernel + k;
          }
          if (inside) result.f32[at] = weight.f32[static_cast<size_t>(row * kernel_size + place)];
          ++at;
        } while (next_index(taps, &tap));
      }
    } while (next_index(strides, &phase));
  }
  return result;
}

Tensor phase_bias(const Tensor& bias, int64_t phases) {
  Tensor result(ElementType::kF32, make_shape({count(bias.shape) * phases}));
  for (size_t i = 0; i < result.f32.size(); ++i) result.f32[i] = bias.f32[i / static_cast<size_t>(phases)];
  return result;
}

/// [N, M*phases, spatial...] to [N, M, spatial * stride...].
ValueId phases_to_space(GraphBuilder& builder, ValueId x, const std::vector<Axis>& axes) {
  const int64_t stride = axes[0].stride;
  if (axes.size() == 2 && axes[1].stride == stride) {
    if (stride == 1) return x;
    fbs::DepthToSpaceAttrsT attrs;
    attrs.block = static_cast<uint32_t>(stride);
    attrs.channel_first = true;
    return builder.emit(make_attrs(std::move(attrs)), {x}, "/phases_to_space");
  }
  const Shape shape = builder.shape_of(x);
  const int64_t phases = product(each(axes, [](const Axis& axis) { return axis.stride; }));
  if (phases == 1) return x;
  const auto n = static_cast<uint32_t>(axes.size());
  fbs::ReshapeAttrsT split;
  fbs::TransposeAttrsT interleave;
  fbs::ReshapeAttrsT merge;
  split.shape = {static_cast<uint32_t>(shape[0]), static_cast<uint32_t>(shape[1] / phases)};
  merge.shape = split.shape;
  interleave.perm = {0, 1};
  for (const Axis& axis : axes) split.shape.push_back(static_cast<uint32_t>(axis.stride));
  for (uint32_t i = 0; i < n; ++i) {
    const int64_t size = shape[static_cast<int>(i) + 2];
    split.shape.push_back(static_cast<uint32_t>(size));
    merge.shape.push_back(static_cast<uint32_t>(size * axes[i].stride));
    interleave.perm.push_back(2 + n + i);
    interleave.perm.push_back(2 + i);
  }
  const ValueId blocks = builder.emit(make_attrs(std::move(split)), {x}, "/phases");
  const ValueId woven = builder.emit(make_attrs(std::move(interleave)), {blocks}, "/interleave");
  return builder.emit(make_attrs(std::move(merge)), {woven}, "/merge");
}

ValueId crop(GraphBuilder& builder, ValueId x, const std::vector<Axis>& axes) {
  Shape sizes = builder.shape_of(x);
  std::vector<int64_t> start(2, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    start.push_back(axes[i].crop);
    sizes[static_cast<int>(i) + 2] = axes[i].output;
  }
  return builder.slice(x, start, std::vector<int64_t>(start.size(), 1), sizes, "/crop");
}

template <class Get>
std::vector<uint32_t> attr_list(const std::vector<Axis>& axes, Get get) {
  const std::vector<int64_t> list = each(axes, get);
  return {list.begin(), list.end()};
}

}  // namespace

ValueId lower_conv_transpose(GraphBuilder& builder, ValueId x, const Tensor& weight, const Tensor* bias,
                             const ConvTransposeGeometry& geometry) {
  const Shape x_shape = builder.shape_of(x);
  const size_t dims = geometry.stride.size();
  if (x_shape.rank != static_cast<int>(dims) + 2 || weight.shape.rank != x_shape.rank || count(weight.shape) == 0 ||
      weight.shape[0] != x_shape[1] || geometry.groups < 1 || weight.shape[0] % geometry.groups != 0) {
    malformed("transposed convolution of " + to_string(x_shape) + " with weight " + to_string(weight.shape) + " and " +
              std::to_string(geometry.groups) + " groups");
  }
  if (weight.type != ElementType::kF32 || (bias != nullptr && bias->type != ElementType::kF32)) {
    unsupported("weights and bias of integers are not supported");
  }
  if (bias != nullptr && count(bias->shape) != weight.shape[1] * geometry.groups) {
    malformed("the bias has " + std::to_string(count(bias->shape)) + " elements");
  }
  std::vector<Axis> axes;
  for (size_t i = 0; i < dims; ++i) {
    const int d = static_cast<int>(i) + 2;
    if (geometry.output[i] < 1) malformed("the output would have size " + std::to_string(geometry.output[i]));
    if (geometry.stride[i] > kMaxStride) {
      unsupported("strides beyond " + std::to_string(kMaxStride) + " are not supported");
    }
    axes.push_back(make_axis(geometry, i, x_shape[d], weight.shape[d]));
  }
  const int64_t phases = product(geometry.stride);
  const Shape shape = phase_weight_shape(weight, axes, geometry.groups);

  fbs::ConvAttrsT attrs;
  attrs.out_channels = static_cast<uint32_t>(shape[0]);
  attrs.groups = static_cast<uint32_t>(geometry.groups);
  attrs.kernel = attr_list(axes, [](const Axis& axis) { return axis.taps; });
  attrs.stride.assign(dims, 1);
  attrs.dilation.assign(dims, 1);
  attrs.pads_begin = attr_list(axes, [](const Axis& axis) { return axis.pads_begin; });
  attrs.pads_end = attr_list(axes, [](const Axis& axis) { return axis.pads_end; });
  const auto make_weight = [&] { return phase_weight(weight, axes, geometry.groups, shape); };
  std::vector<ValueId> inputs = {x, builder.add_folded(ElementType::kF32, shape, make_weight, "/phase_weight")};
  if (bias != nullptr) inputs.push_back(builder.add_constant(phase_bias(*bias, phases), "/phase_bias"));

  const ValueId planes = builder.emit(make_attrs(std::move(attrs)), std::move(inputs));
  return crop(builder, phases_to_space(builder, planes, axes), axes);
}

}  // namespace lacuna
