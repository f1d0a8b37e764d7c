#include "platforms/fp_state.h"

#include <doctest/doctest.h>

#include <cfenv>
#include <cmath>

using namespace lacuna;

TEST_CASE("fp_state: denormals flush inside, rounding mode and flags return outside") {
  volatile float tiny = 1e-38f;
  volatile float half = 0.5f;
  volatile float one = 1.0f;
  volatile float little = 1e-10f;
  REQUIRE(std::fesetround(FE_UPWARD) == 0);
  {
    const ScopedFpState scope;
#if defined(__SSE__) || defined(__aarch64__)
    CHECK(tiny * half == 0.0f);
    CHECK(one + little == 1.0f);
#endif
  }
  CHECK(one + little > 1.0f);
  std::fesetround(FE_TONEAREST);
  CHECK(std::fpclassify(tiny * half) == FP_SUBNORMAL);
}
