// Checks of shape-like attributes, which come from untrusted files.
#pragma once

#include "kernels/op.h"

namespace lacuna {

/// Entries of an attribute vector; an absent one has none.
template <class T>
int64_t length_of(const flatbuffers::Vector<T>* values) {
  return values == nullptr ? 0 : static_cast<int64_t>(values->size());
}

/// MEANING unless the attribute `name` has `expected` entries, such as one a dimension.
template <class T>
lacuna_status check_length(const flatbuffers::Vector<T>* values, int64_t expected, const char* name,
                           lacuna_error* error) {
  if (length_of(values) == expected) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_MEANING, "%s has %lld entries; %lld are needed", name,
              static_cast<long long>(length_of(values)), static_cast<long long>(expected));
}

/// MEANING unless `axis` is a dimension of `shape`.
lacuna_status check_axis(uint32_t axis, const Shape& shape, lacuna_error* error);

/// Appends a dimension of the output: MEANING when it is not in [1, 2^31 - 1] or the rank exceeds kMaxRank.
lacuna_status push_dim(int64_t dim, Shape* shape, lacuna_error* error);

/// The shape that an attribute spells out.
lacuna_status read_shape(const flatbuffers::Vector<uint32_t>* dims, Shape* shape, lacuna_error* error);

/// Number of elements; false when it does not fit into 62 bits.
bool checked_count(const Shape& shape, int64_t* elements);

}  // namespace lacuna
