// The header of an .lcn file, and where the parts of the file lie: header | program | zeros | weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "sdk/base/align.h"
#include "sdk/format/hash.h"

namespace lacuna {

/// The first byte is not ASCII and the last is a line feed, so that transfer as text is noticed.
constexpr uint8_t kMagic[8] = {0x89, 'L', 'A', 'C', 'U', 'N', 'A', '\n'};
constexpr uint32_t kFormatVersion = 1;
/// Bytes of the header; the program follows it directly.
constexpr size_t kHeaderBytes = 64;

/// Everything in the header but the magic, in file order. All numbers are little-endian in the file.
struct Header {
  uint32_t version = kFormatVersion;
  uint32_t header_bytes = kHeaderBytes;
  uint64_t program_bytes = 0;
  uint64_t program_hash = 0;
  uint64_t weight_offset = 0;  ///< of the weight segment in the file; a multiple of kAlignment
  uint64_t weight_bytes = 0;
  uint64_t weight_hash = 0;
  uint64_t file_bytes = 0;
};

/// The header that goes with a program and a weight segment.
inline Header make_header(const void* program, size_t program_bytes, const void* weights, size_t weight_bytes) {
  Header header;
  header.program_bytes = program_bytes;
  header.program_hash = hash64(program, program_bytes);
  header.weight_offset = align_up(kHeaderBytes + program_bytes);
  header.weight_bytes = weight_bytes;
  header.weight_hash = hash64(weights, weight_bytes);
  header.file_bytes = header.weight_offset + weight_bytes;
  return header;
}

namespace header_detail {

inline uint8_t* put(uint8_t* out, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) *out++ = static_cast<uint8_t>(number >> (8 * i));
  return out;
}

inline uint64_t get(const uint8_t* in, int bytes) {
  uint64_t number = 0;
  for (int i = bytes - 1; i >= 0; --i) number = number << 8 | in[i];
  return number;
}

}  // namespace header_detail

/// Writes magic and header.
inline void encode(const Header& header, uint8_t (&out)[kHeaderBytes]) {
  using header_detail::put;
  memcpy(out, kMagic, sizeof(kMagic));
  uint8_t* at = out + sizeof(kMagic);
  at = put(at, header.version, 4);
  at = put(at, header.header_bytes, 4);
  at = put(at, header.program_bytes, 8);
  at = put(at, header.program_hash, 8);
  at = put(at, header.weight_offset, 8);
  at = put(at, header.weight_bytes, 8);
  at = put(at, header.weight_hash, 8);
  put(at, header.file_bytes, 8);
}

/// Reads what encode() wrote; `in` has kHeaderBytes bytes, the magic is the caller's to check.
inline Header decode(const uint8_t* in) {
  using header_detail::get;
  Header header;
  header.version = static_cast<uint32_t>(get(in + 8, 4));
  header.header_bytes = static_cast<uint32_t>(get(in + 12, 4));
  header.program_bytes = get(in + 16, 8);
  header.program_hash = get(in + 24, 8);
  header.weight_offset = get(in + 32, 8);
  header.weight_bytes = get(in + 40, 8);
  header.weight_hash = get(in + 48, 8);
  header.file_bytes = get(in + 56, 8);
  return header;
}

}  // namespace lacuna
