// Dense regions on XNNPACK: a subgraph of its own for each, in its layout (NHWC), with its own copy of the weights.
#include <xnnpack.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "kernels/backends/xnnpack/unpack.h"
#include "kernels/eltwise/unary.h"
#include "kernels/ops/conv/geometry.h"
#include "lacuna/lacuna_xnnpack.h"
#include "sdk/format/step_view.h"
#include "sdk/runtime/provider.h"
#include "sdk/runtime/session.h"

namespace lacuna {
namespace {

struct Clamp {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

/// Whether the activation is a clamp or none, and which.
bool clamp_of(const fbs::Activation* activation, Clamp* clamp) {
  if (activation == nullptr || activation->kind() == fbs::UnaryKind::Identity) return true;
  if (activation->kind() != fbs::UnaryKind::Clamp || !(activation->alpha() < activation->beta())) return false;
  *clamp = {activation->alpha(), activation->beta()};
  return true;
}

bool takes_conv(const OpStep& step) {
  Clamp clamp;
  if (step.inputs[0].shape.rank != 4 || !clamp_of(step.attrs_as<fbs::ConvAttrs>().activation(), &clamp)) return false;
  return step.weights->packing == fbs::Packing::DenseRows8 || step.weights->packing == fbs::Packing::Depthwise;
}

bool takes_pool(const OpStep& step) {
  const auto& attrs = step.attrs_as<fbs::PoolAttrs>();
  if (step.inputs[0].shape.rank != 4 || attrs.kind() != fbs::PoolKind::Max) return false;
  for (uint32_t i = 0; i < 2; ++i) {
    const int64_t reach = int64_t{attrs.dilation()->Get(i)} * (attrs.kernel()->Get(i) - 1) + 1;
    const int64_t in =
        step.inputs[0].shape[static_cast<int>(i) + 2] + attrs.pads_begin()->Get(i) + attrs.pads_end()->Get(i);
    if ((in - reach) / attrs.stride()->Get(i) + 1 != step.outputs[0].shape[static_cast<int>(i) + 2]) return false;
    if (attrs.stride()->Get(i) > attrs.kernel()->Get(i)) return false;  // XNNPACK refuses
  }
  return attrs.kernel()->Get(0) * attrs.kernel()->Get(1) > 1;
}

const fbs::Step& source_of(const lacuna_session& session, uint32_t index) {
  return *session.model.program->steps()->Get(index);
}

bool takes(const lacuna_session& session, uint32_t index) {
  const fbs::Step& source = source_of(session, index);
  const fbs::OpAttrs type = source.attrs_type();
  if (type != fbs::OpAttrs::Conv && type != fbs::OpAttrs::Pool) return false;
  const StepView view(*session.model.program, source, session.bases);
  return type == fbs::OpAttrs::Conv ? takes_conv(view.step()) : takes_pool(view.step());
}

uint32_t claim(const lacuna_session& session, uint32_t first) {
  uint32_t last = first;
  bool multiplies = false;
  for (; last < session.steps.size && takes(session, last); ++last) {
    multiplies = multiplies || source_of(session, last).attrs_type() == fbs::OpAttrs::Conv;
  }
  return multiplies ? last - first : 0;
}

/// A value that crosses the region's border, in XNNPACK's layout.
struct Border {
  TensorView value;
  uint32_t id;
  std::vector<float> nhwc;
};

void to_nhwc(Border& border) {
  const TensorView& v = border.value;
  const int64_t channels = v.shape[1], pixels = plane_size(v);
  for (int64_t n = 0; n < v.shape[0]; ++n) {
    transpose(v.data + n * v.strides[0], v.strides[1], channels, pixels, border.nhwc.data() + n * channels * pixels,
              channels);
  }
}

void from_nhwc(const Border& border) {
  const TensorView& v = border.value;
  const int64_t channels = v.shape[1], pixels = plane_size(v);
  for (int64_t n = 0; n < v.shape[0]; ++n) {
    transpose(border.nhwc.data() + n * channels * pixels, channels, pixels, channels, v.data + n * v.strides[0],
              v.strides[1]);
  }
}

/// Ends what XNNPACK and pthreadpool make.
struct Deleter {
  void operator()(xnn_subgraph_t subgraph) const { xnn_delete_subgraph(subgraph); }
  void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
  void operator()(pthreadpool_t pool) const { pthreadpool_destroy(pool); }
};
template <class Pointer>
using Owned = std::unique_ptr<std::remove_pointer_t<Pointer>, Deleter>;

struct Region {
  Owned<pthreadpool_t> pool;
  Owned<xnn_runtime_t> runtime;
  std::vector<Border> inputs;
  std::vector<Border> outputs;
};

/// Says the steps of a region to XNNPACK.
class RegionBuilder {
 public:
  RegionBuilder(const lacuna_session& session, uint32_t first, uint32_t count)
      : session_(session), program_(*session.model.program), first_(first), end_(first + count) {}

  /// Null when XNNPACK refuses.
  std::unique_ptr<Region> build() {
    xnn_subgraph_t subgraph = nullptr;
    if (xnn_create_subgraph(count_borders(), 0, &subgraph) != xnn_status_success) return nullptr;
    subgraph_.reset(subgraph);
    for (uint32_t i = first_; i < end_ && good_; ++i) add_step(i);
    if (!good_ || !make_runtime()) return nullptr;
    return std::move(region_);
  }

 private:
  void check(xnn_status status) { good_ = good_ && status == xnn_status_success; }

  bool made_inside(uint32_t value) const {
    for (uint32_t i = first_; i < end_; ++i) {
      if (output_of(i) == value) return true;
    }
    return false;
  }
  bool read_behind(uint32_t value) const {
    for (uint32_t i = 0; i < size_of(program_.outputs()); ++i) {
      if (program_.outputs()->Get(i) == value) return true;
    }
    for (uint32_t i = end_; i < session_.steps.size; ++i) {
      const auto& inputs = *source_of(session_, i).inputs();
      if (std::find(inputs.begin(), inputs.end(), value) != inputs.end()) return true;
    }
    return false;
  }
  uint32_t output_of(uint32_t step) const { return source_of(session_, step).outputs()->Get(0); }

  /// Numbers the values that cross the border: XNNPACK wants to know how many before all else.
  uint32_t count_borders() {
    for (uint32_t i = first_; i < end_; ++i) {
      for (const uint32_t value : *source_of(session_, i).inputs()) {
        if (value != kOmitted && !made_inside(value)) borders_.emplace(value, static_cast<uint32_t>(borders_.size()));
      }
    }
    for (uint32_t i = first_; i < end_; ++i) {
      if (read_behind(output_of(i))) borders_.emplace(output_of(i), static_cast<uint32_t>(borders_.size()));
    }
    return static_cast<uint32_t>(borders_.size());
  }

  uint32_t tensor(const std::vector<size_t>& shape, const float* data, uint32_t external_id, uint32_t flags) {
    uint32_t id = XNN_INVALID_VALUE_ID;
    check(xnn_define_tensor_value(subgraph_.get(), xnn_datatype_fp32, shape.size(), shape.data(), data, external_id,
                                  flags, &id));
    return id;
  }
  static std::vector<size_t> nhwc_shape(const Shape& shape) {
    return {static_cast<size_t>(shape[0]), static_cast<size_t>(shape[2]), static_cast<size_t>(shape[3]),
            static_cast<size_t>(shape[1])};
  }
  uint32_t inner(const Shape& shape) { return tensor(nhwc_shape(shape), nullptr, XNN_INVALID_VALUE_ID, 0); }

  /// XNNPACK's number of a value.
  uint32_t id_of(uint32_t value) {
    const auto known = ids_.find(value);
    if (known != ids_.end()) return known->second;
    const TensorView view = place_value(program_, value, session_.bases).view;
    const auto border = borders_.find(value);
    uint32_t id;
    if (border == borders_.end()) {
      id = inner(view.shape);
    } else {
      const bool output = made_inside(value);
      id = tensor(nhwc_shape(view.shape), nullptr, border->second,
                  output ? XNN_VALUE_FLAG_EXTERNAL_OUTPUT : XNN_VALUE_FLAG_EXTERNAL_INPUT);
      (output ? region_->outputs : region_->inputs)
          .push_back(
              {view, id, std::vector<float>(static_cast<size_t>(count(view.shape)) + XNN_EXTRA_BYTES / sizeof(float))});
    }
    ids_.emplace(value, id);
    return id;
  }

  /// XNNPACK copies weights when the runtime is made.
  uint32_t constant(std::vector<float> values, const std::vector<size_t>& shape) {
    constants_.push_back(std::move(values));
    return tensor(shape, constants_.back().data(), XNN_INVALID_VALUE_ID, 0);
  }

  void add_step(uint32_t index) {
    const fbs::Step& source = source_of(session_, index);
    const StepView view(program_, source, session_.bases);
    const uint32_t x = id_of(source.inputs()->Get(0)), y = id_of(output_of(index));
    if (source.attrs_type() == fbs::OpAttrs::Pool) {
      add_pool(view.step(), x, y);
      return;
    }
    const bool adds = size_of(source.inputs()) > 1 && source.inputs()->Get(1) != kOmitted;
    Clamp clamp;
    clamp_of(view.step().attrs_as<fbs::ConvAttrs>().activation(), &clamp);
    if (!adds) {
      add_conv(view.step(), clamp, x, y);
      return;
    }
    const uint32_t sum = inner(view.output().shape);
    add_conv(view.step(), Clamp(), x, sum);
    check(xnn_define_add2(subgraph_.get(), clamp.low, clamp.high, sum, id_of(source.inputs()->Get(1)), y, 0));
  }

  void add_conv(const OpStep& step, const Clamp& clamp, uint32_t x, uint32_t y) {
    const ConvGeometry g = conv_geometry(step);
    const auto& attrs = step.attrs_as<fbs::ConvAttrs>();
    const PackedWeights& weights = *step.weights;
    const auto number = [](int64_t n) { return static_cast<uint32_t>(n); };
    const auto size = [](int64_t n) { return static_cast<size_t>(n); };
    const uint32_t top = attrs.pads_begin()->Get(0), left = attrs.pads_begin()->Get(1),
                   bottom = attrs.pads_end()->Get(0), right = attrs.pads_end()->Get(1);
    std::vector<float> bias(weights.bias.data, weights.bias.data + weights.bias.size);
    bias.resize(weights.rows);
    const uint32_t bias_id = constant(std::move(bias), {weights.rows});
    if (weights.packing == fbs::Packing::Depthwise) {
      const uint32_t filter =
          constant(unpack_depthwise(weights), {1, size(g.height.kernel), size(g.width.kernel), weights.rows});
      check(xnn_define_depthwise_convolution_2d(subgraph_.get(), top, right, bottom, left, number(g.height.kernel),
                                                number(g.width.kernel), number(g.height.stride), number(g.width.stride),
                                                number(g.height.dilation), number(g.width.dilation), number(g.rows),
                                                size(g.groups), clamp.low, clamp.high, x, filter, bias_id, y, 0));
      return;
    }
    const uint32_t filter = constant(unpack_dense_rows(weights, g.taps()),
                                     {weights.rows, size(g.height.kernel), size(g.width.kernel), size(g.channels)});
    check(xnn_define_convolution_2d(subgraph_.get(), top, right, bottom, left, number(g.height.kernel),
                                    number(g.width.kernel), number(g.height.stride), number(g.width.stride),
                                    number(g.height.dilation), number(g.width.dilation), number(g.groups),
                                    size(g.channels), size(g.rows), clamp.low, clamp.high, x, filter, bias_id, y, 0));
  }

  void add_pool(const OpStep& step, uint32_t x, uint32_t y) {
    const auto& a = step.attrs_as<fbs::PoolAttrs>();
    const Clamp none;
    check(xnn_define_max_pooling_2d(subgraph_.get(), a.pads_begin()->Get(0), a.pads_end()->Get(1), a.pads_end()->Get(0),
                                    a.pads_begin()->Get(1), a.kernel()->Get(0), a.kernel()->Get(1), a.stride()->Get(0),
                                    a.stride()->Get(1), a.dilation()->Get(0), a.dilation()->Get(1), none.low, none.high,
                                    x, y, 0));
  }

  bool make_runtime() {
    if (session_.config.threads > 1) region_->pool.reset(pthreadpool_create(session_.config.threads));
    xnn_runtime_t runtime = nullptr;
    if (xnn_create_runtime_v2(subgraph_.get(), region_->pool.get(), 0, &runtime) != xnn_status_success) return false;
    region_->runtime.reset(runtime);
    std::vector<xnn_external_value> externals;
    for (std::vector<Border>* borders : {&region_->inputs, &region_->outputs}) {
      for (Border& border : *borders) externals.push_back({border.id, border.nhwc.data()});
    }
    return xnn_setup_runtime(runtime, externals.size(), externals.data()) == xnn_status_success;
  }

  const lacuna_session& session_;
  const fbs::Program& program_;
  uint32_t first_, end_;
  bool good_ = true;
  std::unique_ptr<Region> region_ = std::make_unique<Region>();
  Owned<xnn_subgraph_t> subgraph_;
  std::map<uint32_t, uint32_t> borders_;  ///< value to XNNPACK's external number
  std::map<uint32_t, uint32_t> ids_;
  std::vector<std::vector<float>> constants_;
};

/// Bytes that this process has allocated; 0 where the C library does not tell.
size_t allocated_bytes() {
#if defined(__GLIBC__)
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

ProvidedRegion make(const lacuna_session& session, uint32_t first, uint32_t count) {
  const size_t before = allocated_bytes();
  std::unique_ptr<Region> region = RegionBuilder(session, first, count).build();
  if (region == nullptr) return {};
  ProvidedRegion made;
  made.layout_changes = static_cast<uint32_t>(region->inputs.size() + region->outputs.size());
  made.bytes = allocated_bytes() - before;
  made.handle = region.release();
  return made;
}

void run(void* handle) {
  auto& region = *static_cast<Region*>(handle);
  for (Border& input : region.inputs) to_nhwc(input);
  xnn_invoke_runtime(region.runtime.get());  // fails only before it starts, when it has not been set up
  for (const Border& output : region.outputs) from_nhwc(output);
}

void end(void* handle) { delete static_cast<Region*>(handle); }

constexpr lacuna_provider kProvider = {"xnnpack", claim, make, run, end};

}  // namespace
}  // namespace lacuna

const lacuna_provider* lacuna_xnnpack(void) {
  return xnn_initialize(nullptr) == xnn_status_success ? &lacuna::kProvider : nullptr;
}
