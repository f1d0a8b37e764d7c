// Limits of an .lcn file. A program beyond one of them is refused at open, so that verification takes bounded time and
// stack; the converter refuses to write it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lacuna {

constexpr uint32_t kMaxValues = 1u << 16;
constexpr uint32_t kMaxBuffers = 1u << 16;
constexpr uint32_t kMaxSteps = 1u << 14;
constexpr uint32_t kMaxStepInputs = 128;
constexpr uint32_t kMaxGraphInputs = 256;
constexpr uint32_t kMaxGraphOutputs = 1024;
constexpr uint32_t kMaxNameBytes = 1u << 12;
constexpr uint32_t kMaxImageSide = 1u << 15;                     ///< that a picture is resized to
constexpr uint64_t kMaxProgramBytes = (uint64_t{1} << 31) - 65;  ///< the FlatBuffers verifier asserts from 2 GiB - 1 on
constexpr uint64_t kMaxSegmentBytes = uint64_t{1} << 40;         ///< of the arena's values, and of the weights
constexpr int64_t kMaxDim = (int64_t{1} << 31) - 1;
constexpr int64_t kMaxElements = int64_t{1} << 38;  ///< that a value has or spans
constexpr uint32_t kMaxTableDepth = 8;
constexpr uint32_t kMaxTables = 1u << 18;

}  // namespace lacuna
