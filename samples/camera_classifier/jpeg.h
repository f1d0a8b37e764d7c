// JPEG to pixels and back, without an allocation for pictures of a size that was seen before.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "picture.h"

namespace camera {

class JpegDecoder {
 public:
  JpegDecoder();
  ~JpegDecoder();
  /// False for what is no whole JPEG or has over 2^26 pixels; why() says more then, and `picture` may hold a part of
  /// it.
  bool decode(const uint8_t* bytes, size_t count, Picture& picture);
  const char* why() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class JpegEncoder {
 public:
  explicit JpegEncoder(int quality);
  ~JpegEncoder();
  /// Replaces what `bytes` holds.
  void encode(const Picture& picture, std::vector<uint8_t>& bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace camera
