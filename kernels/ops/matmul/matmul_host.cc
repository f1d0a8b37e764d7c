#include "kernels/op_host.h"

namespace lacuna {

extern const OpRun kMatMulRun;
void matmul_reference(const RefArgs& args);
std::vector<OpCase> matmul_cases(std::mt19937& rng);

namespace {

uint64_t macs(const void* attrs, const std::vector<Shape>& inputs, const Shape& output) {
  const Shape& a = inputs[0];
  const bool transposed = static_cast<const fbs::MatMulAttrs*>(attrs)->transpose_a();
  return static_cast<uint64_t>(count(output)) * static_cast<uint64_t>(a[a.rank - (transposed ? 2 : 1)]);
}

}  // namespace

const OpHost& matmul_host() {
  static const OpHost host = {
      &kMatMulRun, {{"a", Role::kValue}, {"b", Role::kValue}}, macs, nullptr, nullptr, matmul_reference, matmul_cases,
  };
  return host;
}

}  // namespace lacuna
