// lacuna_image.h beside libyuv, which cameras and browsers convert with: every YUV format, matrix, range, rotation and
// mirror. Built where libyuv is installed.
#include <doctest/doctest.h>
#include <libyuv.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "sdk/image/image.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

using Bytes = std::vector<uint8_t>;

struct Colours {
  const char* name;
  lacuna_image_matrix matrix;
  lacuna_image_range range;
  const libyuv::YuvConstants* theirs;
  int blue;  ///< how far its blue may be off: it keeps factors in signed bytes of 1/64, and those here are above 2
};
const Colours kColourKinds[] = {
    {"BT.601 limited", LACUNA_IMAGE_BT601, LACUNA_IMAGE_LIMITED, &libyuv::kYuvI601Constants, 3},
    {"BT.601 full", LACUNA_IMAGE_BT601, LACUNA_IMAGE_FULL, &libyuv::kYuvJPEGConstants, 1},
    {"BT.709 limited", LACUNA_IMAGE_BT709, LACUNA_IMAGE_LIMITED, &libyuv::kYuvH709Constants, 15},
    {"BT.709 full", LACUNA_IMAGE_BT709, LACUNA_IMAGE_FULL, &libyuv::kYuvF709Constants, 1}};
constexpr lacuna_image_format kYuvFormats[] = {LACUNA_IMAGE_YUYV, LACUNA_IMAGE_UYVY, LACUNA_IMAGE_NV12,
                                               LACUNA_IMAGE_NV21, LACUNA_IMAGE_I420};

/// A picture as blue, green, red and alpha bytes, which is what libyuv calls ARGB.
struct Picture {
  int width, height;
  Bytes bytes;
  Picture(int w, int h) : width(w), height(h), bytes(static_cast<size_t>(w) * static_cast<size_t>(h) * 4) {}
  uint8_t* data() { return bytes.data(); }
  int row() const { return 4 * width; }
};

/// Bytes from 128 - spread to 128 + spread - 1. Colours beyond red, green and blue are among them.
Bytes random_bytes(size_t count, int spread, uint32_t seed) {
  std::mt19937 rng(seed);
  Bytes bytes(count);
  for (uint8_t& byte : bytes)
    byte = static_cast<uint8_t>(128 - spread + static_cast<int>(rng() % (2 * static_cast<uint32_t>(spread))));
  return bytes;
}

Picture convert(const lacuna_image& image, const libyuv::YuvConstants* constants) {
  const auto width = static_cast<int>(image.width), height = static_cast<int>(image.height);
  Picture result(width, height);
  const auto plane = [&](int i) { return static_cast<const uint8_t*>(image.planes[i]); };
  const auto row = [&](int i) { return static_cast<int>(image.row_bytes[i]); };
  switch (image.format) {
    case LACUNA_IMAGE_NV12:
      libyuv::NV12ToARGBMatrix(plane(0), row(0), plane(1), row(1), result.data(), result.row(), constants, width,
                               height);
      break;
    case LACUNA_IMAGE_NV21:
      libyuv::NV21ToARGBMatrix(plane(0), row(0), plane(1), row(1), result.data(), result.row(), constants, width,
                               height);
      break;
    case LACUNA_IMAGE_I420:
      libyuv::I420ToARGBMatrix(plane(0), row(0), plane(1), row(1), plane(2), row(2), result.data(), result.row(),
                               constants, width, height);
      break;
    default: {
      const int half = (width + 1) / 2;
      Bytes y(static_cast<size_t>(width * height)), u(static_cast<size_t>(half * height)), v(u.size());
      const auto split = image.format == LACUNA_IMAGE_YUYV ? libyuv::YUY2ToI422 : libyuv::UYVYToI422;
      split(plane(0), row(0), y.data(), width, u.data(), half, v.data(), half, width, height);
      libyuv::I422ToARGBMatrix(y.data(), width, u.data(), half, v.data(), half, result.data(), result.row(), constants,
                               width, height);
    }
  }
  return result;
}

Picture turn(Picture picture, uint32_t rotation, bool mirror) {
  const bool lies = rotation % 180 != 0;
  Picture turned(lies ? picture.height : picture.width, lies ? picture.width : picture.height);
  libyuv::ARGBRotate(picture.data(), picture.row(), turned.data(), turned.row(), picture.width, picture.height,
                     static_cast<libyuv::RotationMode>(rotation));
  if (!mirror) return turned;
  Picture mirrored(turned.width, turned.height);
  libyuv::ARGBMirror(turned.data(), turned.row(), mirrored.data(), mirrored.row(), turned.width, turned.height);
  return mirrored;
}

/// Red, green and blue.
using Worst = std::array<int, 3>;

/// Largest differences to `expected` on all instruction sets, our values rounded to bytes as theirs are.
Worst compare(const lacuna_image& image, const lacuna_image_transform& transform, const Picture& expected) {
  std::vector<float> values(static_cast<size_t>(expected.width * expected.height * 3));
  lacuna_tensor target = {};
  target.rank = 3;
  const int64_t shape[] = {expected.height, expected.width, 3}, strides[] = {3 * int64_t{expected.width}, 3, 1};
  std::copy_n(shape, 3, target.shape);
  std::copy_n(strides, 3, target.strides);
  target.data = values.data();
  Worst worst = {};
  for (const Isa isa : machine_isas()) {
    std::fill(values.begin(), values.end(), -1000.0f);
    REQUIRE(image_to_tensor(&image, &transform, &target, isa | kScalar, nullptr) == LACUNA_OK);
    for (size_t i = 0; i < values.size(); ++i) {
      const int theirs = expected.bytes[i / 3 * 4 + (2 - i % 3)], ours = static_cast<int>(std::lround(values[i]));
      worst[i % 3] = std::max(worst[i % 3], std::abs(ours - theirs));
    }
  }
  return worst;
}

lacuna_image random_image(lacuna_image_format format, uint32_t width, uint32_t height, const Colours& colours,
                          const Bytes& bytes) {
  lacuna_image image;
  REQUIRE(lacuna_image_describe(format, width, height, bytes.data(), bytes.size(), &image, nullptr) == LACUNA_OK);
  image.matrix = colours.matrix;
  image.range = colours.range;
  return image;
}

void check_every_turn(const lacuna_image& image, const Colours& colours, int blue) {
  const Picture upright = convert(image, colours.theirs);
  for (const uint32_t rotation : {0u, 90u, 180u, 270u}) {
    for (const bool mirror : {false, true}) {
      CAPTURE(image.format);
      CAPTURE(std::string(colours.name));
      CAPTURE(image.width);
      CAPTURE(rotation);
      CAPTURE(mirror);
      lacuna_image_transform transform = lacuna_image_transform_default();
      transform.rotation = rotation;
      transform.mirror = mirror ? 1 : 0;
      const Worst worst = compare(image, transform, turn(upright, rotation, mirror));
      CHECK(worst[0] <= 1);
      CHECK(worst[1] <= 1);
      CHECK(worst[2] <= blue);
    }
  }
}

TEST_CASE("image: within 1 of libyuv for every format, matrix, range, rotation and mirror") {
  for (const lacuna_image_format format : kYuvFormats) {
    for (const Colours& colours : kColourKinds) {
      for (const auto& [width, height] : {std::pair{64u, 48u}, {322u, 46u}, {45u, 31u}}) {
        for (const int spread : {128, 4}) {
          const Bytes bytes = random_bytes(size_t{width + 1} * (height + 1) * 2, spread, 11 + width);
          check_every_turn(random_image(format, width, height, colours, bytes), colours,
                           spread == 4 ? 1 : colours.blue);
        }
      }
    }
  }
}

TEST_CASE("image: AREA by a half is within 1 of libyuv's box") {
  Picture whole(320, 48), small(160, 24);
  whole.bytes = random_bytes(whole.bytes.size(), 128, 12);
  const lacuna_image image = random_image(LACUNA_IMAGE_BGRA, 320, 48, kColourKinds[0], whole.bytes);
  libyuv::ARGBScale(whole.data(), whole.row(), whole.width, whole.height, small.data(), small.row(), small.width,
                    small.height, libyuv::kFilterBox);
  lacuna_image_transform transform = lacuna_image_transform_default();
  transform.filter = LACUNA_IMAGE_AREA;
  for (const int worst : compare(image, transform, small)) CHECK(worst <= 1);
}

}  // namespace
}  // namespace lacuna
