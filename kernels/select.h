// Dispatch: the first line of a kernel table that the CPU may run.
#pragma once

#include <cstddef>

#include "kernels/built.h"

namespace lacuna {

/// Picks from a family's table, which lists the best kernel first. Entry has `isa`; `suits(entry)` filters on packing
/// or shape. Every table ends with lines of the lowest tier, so a suitable one always exists.
template <class Entry, size_t N, class Suits>
const Entry& select_kernel(const Entry (&table)[N], IsaMask allowed, Suits suits) {
  for (const Entry& entry : table) {
    if ((entry.isa & (allowed | kLowestIsa)) != 0 && suits(entry)) return entry;
  }
  return table[N - 1];
}

template <class Entry, size_t N>
const Entry& select_kernel(const Entry (&table)[N], IsaMask allowed) {
  return select_kernel(table, allowed, [](const Entry&) { return true; });
}

}  // namespace lacuna
