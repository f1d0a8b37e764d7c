// Alignment arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lacuna {

/// Alignment in bytes of the arena, of every value and scratch in it, and of the weight segment: one cache line.
constexpr size_t kAlignment = 64;

/// Kernels may read, never write, this many bytes past the end of a value; the arena ends with as much slack.
constexpr size_t kOverreadBytes = 64;

constexpr size_t align_up(size_t n, size_t alignment = kAlignment) {
  return (n + alignment - 1) / alignment * alignment;
}

template <class T>
constexpr T ceil_div(T a, T b) {
  return (a + b - 1) / b;
}

}  // namespace lacuna
