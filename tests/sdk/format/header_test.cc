#include "sdk/format/header.h"

#include <doctest/doctest.h>

#include <vector>

using namespace lacuna;

TEST_CASE("hash64: values are pinned, for they are part of the format") {
  std::vector<uint8_t> bytes(100);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
  CHECK(hash64(bytes.data(), 0) == 0x58C8BD8350D538CA);
  CHECK(hash64(bytes.data(), 1) == 0x47BF64B4E2E7B295);
  CHECK(hash64(bytes.data(), 32) == 0x3EA68F9FF78AAA37);
  CHECK(hash64(bytes.data(), 100) == 0xF12E66E1EF8F271D);
}

TEST_CASE("hash64: every single bit and every length counts") {
  std::vector<uint8_t> bytes(75, 0);
  const uint64_t hash = hash64(bytes.data(), bytes.size());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    CHECK(hash64(bytes.data(), bytes.size()) != hash);
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
  }
  for (size_t length = 0; length < bytes.size(); ++length) CHECK(hash64(bytes.data(), length) != hash);
}

TEST_CASE("header: encode and decode are inverse, and every field has its place") {
  Header header;
  header.version = 0x01020304;
  header.header_bytes = 0x05060708;
  header.program_bytes = 0x1112131415161718;
  header.program_hash = 0x2122232425262728;
  header.weight_offset = 0x3132333435363738;
  header.weight_bytes = 0x4142434445464748;
  header.weight_hash = 0x5152535455565758;
  header.file_bytes = 0x6162636465666768;
  uint8_t bytes[kHeaderBytes];
  encode(header, bytes);
  CHECK(memcmp(bytes, kMagic, sizeof(kMagic)) == 0);
  CHECK(bytes[8] == 0x04);  // little-endian
  CHECK(bytes[63] == 0x61);
  uint8_t again[kHeaderBytes];
  encode(decode(bytes), again);
  CHECK(memcmp(bytes, again, kHeaderBytes) == 0);
}

TEST_CASE("make_header: weights start at the next multiple of 64") {
  const std::vector<uint8_t> bytes(200);
  CHECK(make_header(bytes.data(), 64, bytes.data(), 10).weight_offset == 128);
  CHECK(make_header(bytes.data(), 65, bytes.data(), 10).weight_offset == 192);
  CHECK(make_header(bytes.data(), 65, bytes.data(), 10).file_bytes == 202);
}
