#include "kernels/ops/conv/geometry.h"

#include "kernels/copy/shape_attrs.h"

namespace lacuna {
namespace {

/// Largest extent of a kernel; keeps products of sizes far from 64 bits.
constexpr int64_t kMaxKernel = 65535;

/// Dimension i of the spatial ones.
lacuna_status read_window(const fbs::ConvAttrs& attrs, uint32_t i, int64_t in, Window* window, lacuna_error* error) {
  const int64_t kernel = attrs.kernel()->Get(i), stride = attrs.stride()->Get(i), dilation = attrs.dilation()->Get(i);
  const int64_t begin = attrs.pads_begin()->Get(i), end = attrs.pads_end()->Get(i);
  if (kernel < 1 || kernel > kMaxKernel || stride < 1 || stride > INT32_MAX || dilation < 1 || dilation > INT32_MAX ||
      begin > INT32_MAX || end > INT32_MAX) {
    return fail(error, LACUNA_ERROR_MEANING,
                "spatial dimension %u: kernel %lld, stride %lld, dilation %lld, pads %lld and %lld are out of range", i,
                static_cast<long long>(kernel), static_cast<long long>(stride), static_cast<long long>(dilation),
                static_cast<long long>(begin), static_cast<long long>(end));
  }
  const int64_t reach = (kernel - 1) * dilation + 1;
  const int64_t padded = in + begin + end;
  if (padded < reach) {
    return fail(error, LACUNA_ERROR_MEANING, "spatial dimension %u: a kernel of reach %lld does not fit %lld with pads",
                i, static_cast<long long>(reach), static_cast<long long>(padded));
  }
  *window = {in, (padded - reach) / stride + 1, kernel, stride, dilation, begin};
  return LACUNA_OK;
}

}  // namespace

lacuna_status conv_geometry(const fbs::ConvAttrs& attrs, const Shape& x, ConvGeometry* geometry, lacuna_error* error) {
  if (x.rank != 4 && x.rank != 5) {
    return fail(error, LACUNA_ERROR_MEANING, "input of rank %d; 4 or 5 are possible", x.rank);
  }
  const int spatial = x.rank - 2;
  LACUNA_RETURN_IF_ERROR(check_length(attrs.kernel(), spatial, "kernel", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.stride(), spatial, "stride", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.dilation(), spatial, "dilation", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.pads_begin(), spatial, "pads_begin", error));
  LACUNA_RETURN_IF_ERROR(check_length(attrs.pads_end(), spatial, "pads_end", error));
  const int64_t groups = attrs.groups(), out_channels = attrs.out_channels();
  if (groups < 1 || x[1] % groups != 0 || out_channels < 1 || out_channels > INT32_MAX || out_channels % groups != 0) {
    return fail(error, LACUNA_ERROR_MEANING, "%lld groups do not divide %lld channels in and %lld out",
                static_cast<long long>(groups), static_cast<long long>(x[1]), static_cast<long long>(out_channels));
  }
  geometry->batch = x[0];
  geometry->groups = groups;
  geometry->channels = x[1] / groups;
  geometry->rows = out_channels / groups;
  geometry->spatial = spatial;
  geometry->depth = {1, 1, 1, 1, 1, 0};
  Window* const windows[] = {&geometry->depth, &geometry->height, &geometry->width};
  for (int i = 0; i < spatial; ++i) {
    LACUNA_RETURN_IF_ERROR(read_window(attrs, static_cast<uint32_t>(i), x[2 + i], windows[3 - spatial + i], error));
  }
  int64_t columns;
  if (__builtin_mul_overflow(geometry->channels * geometry->depth.kernel, geometry->width.kernel, &columns) ||
      __builtin_mul_overflow(columns, geometry->height.kernel, &columns) || columns > INT32_MAX) {
    return fail(error, LACUNA_ERROR_MEANING, "channels times kernel exceed 2^31");
  }
  return LACUNA_OK;
}

ConvGeometry conv_geometry(const OpStep& step) {
  ConvGeometry geometry = {};
  static_cast<void>(conv_geometry(step.attrs_as<fbs::ConvAttrs>(), step.inputs[0].shape, &geometry, nullptr));
  return geometry;
}

}  // namespace lacuna
