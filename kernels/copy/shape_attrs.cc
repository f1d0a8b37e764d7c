#include "kernels/copy/shape_attrs.h"

namespace lacuna {

lacuna_status check_axis(uint32_t axis, const Shape& shape, lacuna_error* error) {
  if (axis < static_cast<uint32_t>(shape.rank)) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_MEANING, "axis %u of a value of rank %d", axis, shape.rank);
}

lacuna_status push_dim(int64_t dim, Shape* shape, lacuna_error* error) {
  if (shape->rank == kMaxRank) {
    return fail(error, LACUNA_ERROR_MEANING, "the output has more than %d dimensions", kMaxRank);
  }
  if (dim < 1 || dim > INT32_MAX) {
    return fail(error, LACUNA_ERROR_MEANING, "dimension %d of the output would be %lld; at least 1, below 2^31",
                shape->rank, static_cast<long long>(dim));
  }
  shape->push_back(dim);
  return LACUNA_OK;
}

lacuna_status read_shape(const flatbuffers::Vector<uint32_t>* dims, Shape* shape, lacuna_error* error) {
  *shape = {};
  for (uint32_t i = 0; i < length_of(dims); ++i) LACUNA_RETURN_IF_ERROR(push_dim(dims->Get(i), shape, error));
  return LACUNA_OK;
}

bool checked_count(const Shape& shape, int64_t* elements) {
  *elements = 1;
  for (const int64_t dim : shape) {
    if (__builtin_mul_overflow(*elements, dim, elements) || *elements > (INT64_MAX >> 1)) return false;
  }
  return true;
}

}  // namespace lacuna
