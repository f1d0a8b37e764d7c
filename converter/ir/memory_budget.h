// Bounds what a small file can make an importer allocate.
#pragma once

#include <cstdint>
#include <string>

#include "converter/ir/error.h"
#include "converter/ir/tensor.h"

namespace lacuna {

/// Memory for the constants of a model.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t bytes = uint64_t{2} << 30) : left_bytes_(bytes) {}

  /// To be called before the tensor is made. Throws Error(kResourceLimit).
  void take(ElementType type, const Shape& shape, const std::string& what) {
    const uint64_t bytes = static_cast<uint64_t>(count(shape)) * (type == ElementType::kF32 ? 4 : 8);
    if (bytes > left_bytes_) {
      throw Error(ExitCode::kResourceLimit, what + ": constants that the model computes take more than 2 GiB");
    }
    left_bytes_ -= bytes;
  }

 private:
  uint64_t left_bytes_;
};

}  // namespace lacuna
