// What is fuzzed. Each target takes any bytes, finds nothing to do with most of them, and ends the process when a
// promise is broken; sanitizers see to the rest. replay.cc and libFuzzer call them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lacuna::fuzz {

struct Target {
  const char* name;  ///< also of its folder in corpus/
  const char* what;
  void (*run)(const uint8_t* data, size_t bytes);
};

void open(const uint8_t* data, size_t bytes);
void run(const uint8_t* data, size_t bytes);
void onnx(const uint8_t* data, size_t bytes);
void tflite(const uint8_t* data, size_t bytes);
void packings(const uint8_t* data, size_t bytes);
void graphs(const uint8_t* data, size_t bytes);

constexpr Target kTargets[] = {
    {"open", "a file, as it is and with a header that fits", open},
    {"run", "a file with a header that fits: opened and run on every instruction set", run},
    {"onnx", "an ONNX model: imported, converted, opened", onnx},
    {"tflite", "a TFLite model: imported, converted, opened", tflite},
    {"packings", "a weight matrix: packed, unpacked, the same", packings},
    {"graphs", "decisions about a random network: every instruction set agrees with the reference", graphs},
};

/// The target of that name; null when there is none.
const Target* find(const char* name);

/// Ends the process with a message unless `good`.
void require(bool good, const char* promise, const char* detail = "");

}  // namespace lacuna::fuzz
