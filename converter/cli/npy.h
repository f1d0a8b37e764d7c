// NumPy's file format for one array. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <string>

#include "converter/ir/tensor.h"

namespace lacuna {

/// The array in the bytes of an .npy file as a row-major f32 tensor. Reads versions 1 to 3, C and Fortran order, floats
/// of 2, 4 and 8 bytes, integers of 1, 2, 4 and 8 bytes and bools, of either byte order. Bytes behind the array are
/// ignored. `name` begins messages. Throws Error(kMalformed).
Tensor parse_npy(const unsigned char* data, size_t bytes, const std::string& name);

/// The same for a file. Throws Error(kMalformed).
Tensor read_npy(const std::string& path);

/// A row-major f32 array as the bytes of a version 1 file.
std::string format_npy(const Shape& shape, const float* elements);

}  // namespace lacuna
