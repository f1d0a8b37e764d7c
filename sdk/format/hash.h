// The 64-bit hash of programs and weights. docs/format.md defines it bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lacuna {
namespace hash_detail {

constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio, odd
constexpr size_t kLanes = 4;
constexpr size_t kBlockBytes = kLanes * sizeof(uint64_t);

constexpr uint64_t rotate_left(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

/// Invertible in `word`: changed bits of one word always change the result.
constexpr uint64_t mix(uint64_t lane, uint64_t word) { return rotate_left((lane ^ word) * kMultiplier, 29); }

inline uint64_t load_little_endian(const uint8_t* bytes) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  uint64_t word;
  memcpy(&word, bytes, sizeof(word));
  return word;
#else
  uint64_t word = 0;
  for (int i = 7; i >= 0; --i) word = word << 8 | bytes[i];
  return word;
#endif
}

inline void mix_block(uint64_t (&lanes)[kLanes], const uint8_t* block) {
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = mix(lanes[i], load_little_endian(block + i * sizeof(uint64_t)));
}

}  // namespace hash_detail

/// Detects damage; no protection against forgery. Four independent lanes keep the multiplier busy: about 20 GB/s.
inline uint64_t hash64(const void* data, size_t bytes) {
  using hash_detail::kBlockBytes, hash_detail::kLanes, hash_detail::kMultiplier, hash_detail::mix;
  using hash_detail::mix_block;
  const auto* at = static_cast<const uint8_t*>(data);
  uint64_t lanes[kLanes] = {1, 2, 3, 4};
  size_t left = bytes;
  for (; left >= kBlockBytes; left -= kBlockBytes, at += kBlockBytes) mix_block(lanes, at);
  if (left > 0) {
    uint8_t last[kBlockBytes] = {};
    memcpy(last, at, left);
    mix_block(lanes, last);
  }
  uint64_t hash = static_cast<uint64_t>(bytes);
  for (const uint64_t lane : lanes) hash = mix(hash, lane);
  hash ^= hash >> 32;
  hash *= kMultiplier;
  return hash ^ (hash >> 29);
}

}  // namespace lacuna
