// Permutations of dimensions, as TransposeAttrs has them: dimension i of the result is dimension perm[i] of the
// operand.
#pragma once

#include <cstdint>
#include <vector>

#include "sdk/base/shape.h"

namespace lacuna {

using Perm = std::vector<uint32_t>;

inline Perm identity_perm(int rank) {
  Perm perm(static_cast<size_t>(rank));
  for (size_t i = 0; i < perm.size(); ++i) perm[i] = static_cast<uint32_t>(i);
  return perm;
}

inline bool is_identity(const Perm& perm) { return perm == identity_perm(static_cast<int>(perm.size())); }

inline Perm inverse(const Perm& perm) {
  Perm result(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) result[perm[i]] = static_cast<uint32_t>(i);
  return result;
}

/// One permutation for `first` and then `second`.
inline Perm compose(const Perm& first, const Perm& second) {
  Perm result;
  for (const uint32_t i : second) result.push_back(first[i]);
  return result;
}

/// Entries (such as dimensions) of the result from those of the operand.
template <class T>
std::vector<T> permute(const std::vector<T>& entries, const Perm& perm) {
  std::vector<T> result;
  for (const uint32_t i : perm) result.push_back(entries[i]);
  return result;
}

inline Shape permute(const Shape& shape, const Perm& perm) {
  Shape result;
  for (const uint32_t i : perm) result.push_back(shape[static_cast<int>(i)]);
  return result;
}

/// The permutation that works on the last dimensions of a value of rank `rank` and leaves those in front.
inline Perm extend_front(const Perm& perm, int rank) {
  const auto front = static_cast<uint32_t>(rank) - static_cast<uint32_t>(perm.size());
  Perm result = identity_perm(static_cast<int>(front));
  for (const uint32_t i : perm) result.push_back(front + i);
  return result;
}

/// Whether the transpose keeps the elements in their order, so that a reshape does the same.
inline bool moves_only_units(const Shape& shape, const Perm& perm) {
  uint32_t last = 0;
  for (const uint32_t i : perm) {
    if (shape[static_cast<int>(i)] == 1) continue;
    if (i < last) return false;
    last = i;
  }
  return true;
}

}  // namespace lacuna
