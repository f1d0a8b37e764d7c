// A view of contiguous elements that somebody else owns.
#pragma once

#include <cstddef>

namespace lacuna {

template <class T>
struct Span {
  T* data = nullptr;
  size_t size = 0;

  Span() = default;
  Span(T* first, size_t n) : data(first), size(n) {}
  T& operator[](size_t i) const { return data[i]; }
  T* begin() const { return data; }
  T* end() const { return data + size; }
  bool empty() const { return size == 0; }
};

}  // namespace lacuna
