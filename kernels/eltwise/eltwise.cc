#include "kernels/eltwise/eltwise.h"

#include "kernels/select.h"

namespace lacuna {
namespace {

constexpr EltwiseEntry kEntries[] = {
#define LACUNA_ELTWISE_KERNELS(isa, kernels) {isa, #kernels, if_built(&kernels, isa)},
#include "kernels/eltwise/kernels.inc"
#undef LACUNA_ELTWISE_KERNELS
};

}  // namespace

const EltwiseEntry& select_eltwise(IsaMask isas) { return select_kernel(kEntries, isas); }

UnaryFunction select_unary(fbs::UnaryKind kind, IsaMask isas, const char** kernel_name) {
  const EltwiseEntry& entry = select_eltwise(isas);
  if (kernel_name != nullptr) *kernel_name = entry.name;
  return kind == fbs::UnaryKind::Identity ? nullptr : entry.kernels->unary[static_cast<int>(kind)];
}

BoundActivation bind_activation(const fbs::Activation* activation, IsaMask isas, const char** kernel_name) {
  if (activation == nullptr) return {};
  return {select_unary(activation->kind(), isas, kernel_name), activation->alpha(), activation->beta()};
}

Status check_activation(const fbs::Activation* activation, lacuna_error* error) {
  if (activation == nullptr) return LACUNA_OK;
  const fbs::UnaryKind kind = activation->kind();
  if (static_cast<int>(kind) < kUnaryKinds && is_built(kind)) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_MEANING, "this library has no unary function %d", static_cast<int>(kind));
}

}  // namespace lacuna
