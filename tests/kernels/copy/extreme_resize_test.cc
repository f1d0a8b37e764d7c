// Coordinates beyond all bounds stay inside the input: memory is guarded, results are its elements.
#include <doctest/doctest.h>

#include "kernels/copy/cases.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

TEST_CASE("scales and rois of any size read inside the input only") {
  for (const fbs::ResizeMode mode : fbs::EnumValuesResizeMode()) {
    for (const fbs::CoordinateMode coordinates : fbs::EnumValuesCoordinateMode()) {
      for (const float scale : {1e-42f, 1e-30f, 1e30f, 3e38f}) {
        for (const bool exclude_outside : {false, true}) {
          CAPTURE(fbs::EnumNameResizeMode(mode));
          CAPTURE(fbs::EnumNameCoordinateMode(coordinates));
          CAPTURE(scale);
          fbs::ResizeAttrsT attrs;
          attrs.mode = mode;
          attrs.coordinates = coordinates;
          attrs.sizes = {1, 1, 9, 19};
          attrs.scales = {1, 1, scale, scale};
          attrs.roi = {0, 0, -scale, scale, 1, 1, scale, -scale};
          attrs.exclude_outside = exclude_outside;
          Tensor ones(ElementType::kF32, make_shape({1, 1, 3, 4}));
          ones.f32.assign(ones.f32.size(), 1.0f);
          OpCase op_case = mover_case("", attrs, {ones});
          for (const Isa isa : machine_isas()) {
            const OpResult result = run_case(host_op(fbs::OpAttrs::Resize), op_case, OpVariant{isa, 1, true});
            REQUIRE(result.error.empty());
            for (const float y : result.output.f32) CHECK((y == 0.0f || y == doctest::Approx(1.0f)));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace lacuna
