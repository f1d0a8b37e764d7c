#include "converter/cli/npy.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "converter/ir/error.h"

namespace lacuna {
namespace {

/// A file with this header dictionary, whatever it says, and these bytes behind it.
std::string npy_file(const std::string& header, const std::string& data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  for (size_t i = 0; i < (version == 1 ? 2u : 4u); ++i) file += static_cast<char>(header.size() >> (8 * i));
  return file + header + data;
}

std::string header_of(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape +
         ", }\n";
}

template <class T>
std::string bytes_of(std::initializer_list<T> elements) {
  std::string bytes;
  for (const T element : elements) bytes.append(reinterpret_cast<const char*>(&element), sizeof(T));
  return bytes;
}

Tensor parse(const std::string& file) {
  return parse_npy(reinterpret_cast<const unsigned char*>(file.data()), file.size(), "x.npy");
}

/// The exit code that reading ends in.
ExitCode failure(const std::string& file) {
  try {
    parse(file);
  } catch (const Error& error) {
    CHECK(std::string(error.what()).rfind("x.npy: ", 0) == 0);
    return error.code;
  }
  return ExitCode::kOk;
}

TEST_CASE("npy: what is written is read back") {
  for (const Shape& shape : {Shape(), make_shape({3}), make_shape({2, 3}), make_shape({1, 2, 1, 3, 1, 2, 1, 1})}) {
    Tensor tensor(ElementType::kF32, shape);
    for (size_t i = 0; i < tensor.f32.size(); ++i) tensor.f32[i] = static_cast<float>(i) - 2.5f;
    const std::string file = format_npy(shape, tensor.f32.data());
    CHECK((file.size() - tensor.f32.size() * 4) % 64 == 0);
    const Tensor back = parse(file);
    CHECK(back.shape == shape);
    CHECK(back.f32 == tensor.f32);
  }
}

TEST_CASE("npy: every element type") {
  CHECK(parse(npy_file(header_of("<f4", "(2,)"), bytes_of<float>({1.5f, -2}))).f32 == std::vector<float>{1.5f, -2});
  CHECK(parse(npy_file(header_of("<f8", "(2,)"), bytes_of<double>({1.5, -2}))).f32 == std::vector<float>{1.5f, -2});
  CHECK(parse(npy_file(header_of("<f2", "(2,)"), bytes_of<uint16_t>({0x3e00, 0xc000}))).f32 ==
        std::vector<float>{1.5f, -2});
  CHECK(parse(npy_file(header_of("|i1", "(2,)"), bytes_of<int8_t>({-128, 127}))).f32 == std::vector<float>{-128, 127});
  CHECK(parse(npy_file(header_of("|u1", "(1,)"), bytes_of<uint8_t>({255}))).f32 == std::vector<float>{255});
  CHECK(parse(npy_file(header_of("<i2", "(1,)"), bytes_of<int16_t>({-300}))).f32 == std::vector<float>{-300});
  CHECK(parse(npy_file(header_of("<u2", "(1,)"), bytes_of<uint16_t>({65535}))).f32 == std::vector<float>{65535});
  CHECK(parse(npy_file(header_of("<i4", "(1,)"), bytes_of<int32_t>({-70000}))).f32 == std::vector<float>{-70000});
  CHECK(parse(npy_file(header_of("<u4", "(1,)"), bytes_of<uint32_t>({70000}))).f32 == std::vector<float>{70000});
  CHECK(parse(npy_file(header_of("<i8", "(1,)"), bytes_of<int64_t>({-7}))).f32 == std::vector<float>{-7});
  CHECK(parse(npy_file(header_of("<u8", "(1,)"), bytes_of<uint64_t>({7}))).f32 == std::vector<float>{7});
  CHECK(parse(npy_file(header_of("|b1", "(3,)"), bytes_of<uint8_t>({0, 1, 2}))).f32 == std::vector<float>{0, 1, 1});
}

TEST_CASE("npy: big-endian elements") {
  const std::string data("\x3f\xc0\0\0\xc0\0\0\0", 8);
  CHECK(parse(npy_file(header_of(">f4", "(2,)"), data)).f32 == std::vector<float>{1.5f, -2});
  CHECK(parse(npy_file(header_of(">i2", "(1,)"), std::string("\x01\x02", 2))).f32 == std::vector<float>{258});
}

TEST_CASE("npy: infinities and NaN survive") {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor tensor = parse(npy_file(header_of("<f4", "(3,)"), bytes_of<float>({inf, -inf, std::nanf("")})));
  CHECK(tensor.f32[0] == inf);
  CHECK(tensor.f32[1] == -inf);
  CHECK(std::isnan(tensor.f32[2]));
}

TEST_CASE("npy: Fortran order is turned into row-major") {
  const std::string data = bytes_of<float>({0, 3, 1, 4, 2, 5});
  CHECK(parse(npy_file(header_of("<f4", "(2, 3)", true), data)).f32 == std::vector<float>{0, 1, 2, 3, 4, 5});
  const std::string cube = bytes_of<float>({0, 4, 2, 6, 1, 5, 3, 7});
  CHECK(parse(npy_file(header_of("<f4", "(2, 2, 2)", true), cube)).f32 == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("npy: versions 2 and 3, keys in any order, either quote, a scalar, bytes behind the array") {
  const std::string data = bytes_of<float>({5});
  for (const int version : {2, 3}) CHECK(parse(npy_file(header_of("<f4", "()"), data, version)).shape.rank == 0);
  CHECK(parse(npy_file("{\"shape\":(1,),\"fortran_order\":False,\"descr\":\"<f4\"}", data + "more")).f32 ==
        std::vector<float>{5});
}

TEST_CASE("npy: hostile files are malformed") {
  const std::string good = npy_file(header_of("<f4", "(2,)"), bytes_of<float>({1, 2}));
  for (size_t bytes = 0; bytes < good.size(); ++bytes) {
    CAPTURE(bytes);
    const std::string cut = good.substr(0, bytes);
    CHECK(failure(cut) == ExitCode::kMalformed);
  }
  const std::string data = bytes_of<float>({1, 2});
  const auto shape_fails = [&](const std::string& shape) {
    CAPTURE(shape);
    CHECK(failure(npy_file(header_of("<f4", shape), data)) == ExitCode::kMalformed);
  };
  shape_fails("(3,)");
  shape_fails("(0,)");
  shape_fails("(-1,)");
  shape_fails("(99999999999999999999,)");
  shape_fails("(9223372036854775807, 3)");
  shape_fails("(4294967296, 4294967296)");
  shape_fails("(4294967296, 4294967296, 2)");
  shape_fails("(1, 1, 1, 1, 1, 1, 1, 1, 1)");
  shape_fails("(2");
  shape_fails("2");
  shape_fails("(2 2)");
  shape_fails("(,)");
  shape_fails("(2.0,)");
  for (const std::string descr : {"", "<", "<f", "<f3", "<c8", "|O", "<U4", "<M8[ns]", "<f44", "xf4"}) {
    CAPTURE(descr);
    CHECK(failure(npy_file(header_of(descr, "(1,)"), data)) == ExitCode::kMalformed);
  }
  for (const std::string header : {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4", "{'descr' '<f4'}",
                                   "{1: 2}", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
                                   "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
                                   "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
                                   "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
                                   "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}"}) {
    CAPTURE(header);
    CHECK(failure(npy_file(header, data)) == ExitCode::kMalformed);
  }
  CHECK(failure(npy_file(header_of("<f4", "(2,)"), data, 4)) == ExitCode::kMalformed);
  std::string length_lies = good;
  length_lies[8] = length_lies[9] = '\xff';
  CHECK(failure(length_lies) == ExitCode::kMalformed);
}

TEST_CASE("npy: a file that is missing or is no file is malformed") {
  for (const std::string path : {"/nonexistent/x.npy", "/", "/dev/zero"}) {
    CAPTURE(path);
    try {
      read_npy(path);
      FAIL("was read");
    } catch (const Error& error) {
      CHECK(error.code == ExitCode::kMalformed);
    }
  }
}

}  // namespace
}  // namespace lacuna
