// 16-bit floats in memory.
#pragma once

#include <cstdint>
#include <cstring>

namespace lacuna {

inline float float_from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
inline uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

/// The bits of one.
using Half = uint16_t;

/// Numbers from here to 1 lie 2^-24 apart, as halves below 2^-14 do.
constexpr float kHalfOfOne = 0.5f;
constexpr uint32_t kHalfOfOneBits = 0x3f000000;

/// IEEE binary16.
inline float float_from_half(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1f;
  const uint32_t mantissa = bits & 0x3ff;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24
    return float_from_bits(sign | bits_of(float_from_bits(kHalfOfOneBits | mantissa) - kHalfOfOne));
  }
  const uint32_t wide_exponent = exponent == 0x1f ? 0xff : exponent + (127 - 15);
  return float_from_bits(sign | wide_exponent << 23 | mantissa << 13);
}

/// IEEE binary16, rounded to nearest, ties to even; what is too large becomes infinity.
inline uint16_t half_from_float(float value) {
  const uint32_t bits = bits_of(value);
  const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);   // NaN
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // rounds to 2^16 at least
  if (magnitude < 0x38800000) {                                              // below 2^-14: a multiple of 2^-24
    return static_cast<uint16_t>(sign | (bits_of(float_from_bits(magnitude) + kHalfOfOne) - kHalfOfOneBits));
  }
  const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return static_cast<uint16_t>(sign | ((rounded >> 13) - ((127 - 15) << 10)));
}

inline float float_from_bfloat(uint16_t bits) { return float_from_bits(static_cast<uint32_t>(bits) << 16); }

}  // namespace lacuna
