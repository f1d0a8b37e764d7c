// Convolution: infer and check; the work is done by tiles.cc, winograd.cc and, for planes alone, depthwise.cc.
#include "kernels/copy/shape_attrs.h"
#include "kernels/eltwise/unary.h"
#include "kernels/gemm/dense_rows.h"
#include "kernels/halves/select_halves.h"
#include "kernels/ops/conv/depthwise.h"
#include "kernels/ops/conv/geometry.h"
#include "kernels/ops/conv/half_products.h"
#include "kernels/ops/conv/tiles.h"
#include "kernels/ops/conv/winograd.h"
#include "kernels/spmm/sparse_rows.h"

namespace lacuna {
namespace {

/// Scratch of one thread beyond this is an absurd file, not a network.
constexpr size_t kMaxScratchBytes = size_t{1} << 30;

lacuna_status infer(const OpStep& step, Shape* output, lacuna_error* error) {
  const auto& attrs = step.attrs_as<fbs::ConvAttrs>();
  LACUNA_RETURN_IF_ERROR(check_activation(attrs.activation(), error));
  const Shape& x = step.inputs[0].shape;
  ConvGeometry geometry;
  LACUNA_RETURN_IF_ERROR(conv_geometry(attrs, x, &geometry, error));
  *output = {};
  LACUNA_RETURN_IF_ERROR(push_dim(x[0], output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(attrs.out_channels(), output, error));
  if (geometry.spatial == 3) LACUNA_RETURN_IF_ERROR(push_dim(geometry.depth.out, output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(geometry.height.out, output, error));
  LACUNA_RETURN_IF_ERROR(push_dim(geometry.width.out, output, error));
  int64_t elements;
  if (!checked_count(*output, &elements)) return fail(error, LACUNA_ERROR_MEANING, "the output is too large");
  if (step.inputs.size > 1 && step.inputs[1].present && step.inputs[1].shape != *output) {
    return fail(error, LACUNA_ERROR_MEANING, "the residual is not shaped like the output");
  }
  return LACUNA_OK;
}

/// Halves are clamped at the end of a product, or nothing is done to them.
bool is_clamp_or_nothing(const fbs::Activation* activation) {
  return activation == nullptr || activation->kind() == fbs::UnaryKind::Identity ||
         activation->kind() == fbs::UnaryKind::Clamp;
}

bool is_depthwise(const OpStep& step) { return step.weights->packing == fbs::Packing::Depthwise; }

#if defined(__x86_64__)
/// Dense windows may run in two ways: which, depends on the CPU.
bool may_spare_products(const OpStep& step) {
  return is_built(TileKind::kDenseLines) && step.weights->packing == fbs::Packing::DenseRows8 &&
         suits_winograd(conv_geometry(step));
}

size_t products_state_bytes(const OpStep& step) {
  const size_t bytes = tiles_state_bytes(step);
  return may_spare_products(step) ? std::max(bytes, winograd_state_bytes(step)) : bytes;
}
size_t products_scratch_bytes(const OpStep& step) {
  const size_t bytes = tiles_scratch_bytes(step);
  return may_spare_products(step) ? std::max(bytes, winograd_scratch_bytes(step)) : bytes;
}
Binding bind_products(const OpStep& step, const BindContext& context, void* state) {
  Binding binding;
  if (may_spare_products(step) && bind_winograd(step, context, state, &binding)) return binding;
  return bind_tiles(step, context, state);
}
#else
constexpr auto products_state_bytes = tiles_state_bytes;
constexpr auto products_scratch_bytes = tiles_scratch_bytes;
constexpr auto bind_products = bind_tiles;
#endif

size_t state_bytes(const OpStep& step) {
  if (is_depthwise(step)) return depthwise_state_bytes(step);
  return is_half(step) ? half_products_state_bytes(step) : products_state_bytes(step);
}

size_t float_scratch_bytes(const OpStep& step) {
  return is_depthwise(step) ? depthwise_scratch_bytes(step) : products_scratch_bytes(step);
}

size_t scratch_bytes(const OpStep& step) {
  return is_half(step) && !is_depthwise(step) ? 0 : float_scratch_bytes(step);
}

lacuna_status check_packing(const PackedWeights& weights, const ConvGeometry& geometry, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_built(weights.packing, error));
  switch (weights.packing) {
    case fbs::Packing::SparseRows:
    case fbs::Packing::SparseRows4:
      LACUNA_RETURN_IF_ERROR(check_sparse_rows(weights, error));
      if (weights.segments != 1 && weights.segments != geometry.width.segments()) {
        return fail(error, LACUNA_ERROR_MEANING, "%u segments do not suit the window", weights.segments);
      }
      if (weights.block == weights.columns || weights.block % geometry.taps() == 0) return LACUNA_OK;
      return fail(error, LACUNA_ERROR_MEANING, "blocks of %u columns are not whole channels", weights.block);
    case fbs::Packing::DenseRows8:
      return check_dense_rows(weights, error);
    case fbs::Packing::Depthwise:
      if (geometry.is_depthwise() && weights.values.size == size_t{weights.rows} * weights.columns) {
        return LACUNA_OK;
      }
      return fail(error, LACUNA_ERROR_MEANING, "the weights do not suit a depthwise convolution");
    default:
      return fail(error, LACUNA_ERROR_MEANING, "a convolution does not take packing %d",
                  static_cast<int>(weights.packing));
  }
}

lacuna_status check_depthwise_built(const OpStep& step, lacuna_error* error) {
  const DepthwiseNeeds needs = depthwise_needs(step);
  if (is_built(needs.window) && (!needs.narrow || is_built(DepthwiseTrait::kNarrow)) &&
      (!needs.residual || is_built(DepthwiseTrait::kResidual))) {
    return LACUNA_OK;
  }
  return fail(error, LACUNA_ERROR_MEANING, "this library has no kernels for the depthwise window");
}

lacuna_status check_tiles_built(const OpStep& step, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_built(conv_tile_kind(step), error));
  return has_half_block(*step.weights) ? check_built(TileKind::kHalfBlock, error) : LACUNA_OK;
}

lacuna_status check(const OpStep& step, lacuna_error* error) {
  if (step.weights == nullptr) return fail(error, LACUNA_ERROR_MEANING, "a convolution without weights");
  const PackedWeights& weights = *step.weights;
  const ConvGeometry geometry = conv_geometry(step);
  if (weights.rows != geometry.rows * geometry.groups || weights.groups != geometry.groups ||
      weights.columns != geometry.columns() || (!weights.bias.empty() && weights.bias.size != weights.rows)) {
    return fail(error, LACUNA_ERROR_MEANING, "weights of %u rows, %u columns, %u groups; not as attributes say",
                weights.rows, weights.columns, weights.groups);
  }
  LACUNA_RETURN_IF_ERROR(check_packing(weights, geometry, error));
  LACUNA_RETURN_IF_ERROR(is_depthwise(step) ? check_depthwise_built(step, error) : check_tiles_built(step, error));
  if (float_scratch_bytes(step) > kMaxScratchBytes) {
    return fail(error, LACUNA_ERROR_MEANING, "takes %zu bytes of scratch", float_scratch_bytes(step));
  }
  return LACUNA_OK;
}

/// Two ways of running share the state; its first word says which.
using RunFunction = void (*)(const void* state, uint32_t task, void* scratch);

Binding bind(const OpStep& step, const BindContext& context, void* state) {
  if (is_half(step)) return (is_depthwise(step) ? bind_half_depthwise : bind_half_products)(step, context, state);
  return (is_depthwise(step) ? bind_depthwise : bind_products)(step, context, state);
}

void run(const void* state, uint32_t task, void* scratch) {
  (*static_cast<const RunFunction*>(state))(state, task, scratch);
}

bool computes_halves(const OpStep& step) {
  const ConvGeometry g = conv_geometry(step);
  return is_clamp_or_nothing(step.attrs_as<fbs::ConvAttrs>().activation()) &&
         (is_depthwise(step) ? depthwise_computes_halves(g) : products_compute_halves(g, *step.weights));
}

}  // namespace

extern const OpRun kConvRun = {"Conv",
                               1,
                               2,
                               Layout::kPlanar,
                               Layout::kPlanar,
                               infer,
                               check,
                               state_bytes,
                               scratch_bytes,
                               bind,
                               run,
                               InPlace::kResidual,
                               true,
                               if_built(computes_halves, fbs::Dtype::F16)};

}  // namespace lacuna
