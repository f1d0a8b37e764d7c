// Convolution: infer and check; the work is done by tiles.cc and, for planes alone, depthwise.cc.
#include "kernels/copy/shape_attrs.h"
#include "kernels/eltwise/unary.h"
#include "kernels/gemm/dense_rows.h"
#include "kernels/ops/conv/depthwise.h"
#include "kernels/ops/conv/geometry.h"
#include "kernels/ops/conv/tiles.h"
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

bool is_depthwise(const OpStep& step) { return step.weights->packing == fbs::Packing::Depthwise; }

size_t state_bytes(const OpStep& step) {
  return is_depthwise(step) ? depthwise_state_bytes(step) : tiles_state_bytes(step);
}

size_t scratch_bytes(const OpStep& step) {
  return is_depthwise(step) ? depthwise_scratch_bytes(step) : tiles_scratch_bytes(step);
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
  if (scratch_bytes(step) > kMaxScratchBytes) {
    return fail(error, LACUNA_ERROR_MEANING, "takes %zu bytes of scratch", scratch_bytes(step));
  }
  return LACUNA_OK;
}

/// Two ways of running share the state; its first word says which.
using RunFunction = void (*)(const void* state, uint32_t task, void* scratch);

Binding bind(const OpStep& step, const BindContext& context, void* state) {
  return is_depthwise(step) ? bind_depthwise(step, context, state) : bind_tiles(step, context, state);
}

void run(const void* state, uint32_t task, void* scratch) {
  (*static_cast<const RunFunction*>(state))(state, task, scratch);
}

/// The residual; kernels of planes may compute some pixels twice.
uint32_t in_place(const void* attrs) { return static_cast<const fbs::ConvAttrs*>(attrs)->groups() == 1 ? 2 : 0; }

}  // namespace

extern const OpRun kConvRun = {"Conv",        1,    2,   Layout::kPlanar, Layout::kPlanar, infer, check, state_bytes,
                               scratch_bytes, bind, run, in_place};

}  // namespace lacuna
