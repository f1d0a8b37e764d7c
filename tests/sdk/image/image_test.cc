// Pictures into tensors, against a slow reference that turns, cuts and resizes whole pictures in doubles.
#include "sdk/image/image.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "lacuna/lacuna_image.h"
#include "tests/support/op_harness.h"

namespace lacuna {
namespace {

using Colour = std::vector<double>;

/// A picture of colours, 0..255; rows of pixels.
struct Picture {
  int width = 0, height = 0;
  std::vector<Colour> pixels;
  const Colour& at(int x, int y) const { return pixels[static_cast<size_t>(y * width + x)]; }
};

Picture make_picture(int width, int height, const std::function<Colour(int, int)>& colour) {
  Picture picture{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) picture.pixels.push_back(colour(x, y));
  }
  return picture;
}

struct Case {
  lacuna_image_format format = LACUNA_IMAGE_RGB24;
  lacuna_image_matrix matrix = LACUNA_IMAGE_BT601;
  lacuna_image_range range = LACUNA_IMAGE_LIMITED;
  int width = 0, height = 0;
  std::vector<uint8_t> bytes;

  lacuna_image image() const {
    lacuna_image image;
    REQUIRE(lacuna_image_describe(format, static_cast<uint32_t>(width), static_cast<uint32_t>(height), bytes.data(),
                                  bytes.size(), &image, nullptr) == LACUNA_OK);
    image.matrix = matrix;
    image.range = range;
    return image;
  }
};

size_t bytes_of(lacuna_image_format format, int width, int height) {
  const int even = (width + 1) / 2 * 2, pairs = even / 2 * ((height + 1) / 2);
  switch (format) {
    case LACUNA_IMAGE_RGB24:
    case LACUNA_IMAGE_BGR24:
      return static_cast<size_t>(width * height * 3);
    case LACUNA_IMAGE_RGBA:
    case LACUNA_IMAGE_BGRA:
      return static_cast<size_t>(width * height * 4);
    case LACUNA_IMAGE_GRAY:
      return static_cast<size_t>(width * height);
    case LACUNA_IMAGE_YUYV:
    case LACUNA_IMAGE_UYVY:
      return static_cast<size_t>(even * height * 2);
    default:
      return static_cast<size_t>(width * height + 2 * pairs);
  }
}

Case random_case(std::mt19937& rng, lacuna_image_format format, int width, int height) {
  Case c;
  c.format = format;
  c.width = width;
  c.height = height;
  c.bytes.resize(bytes_of(format, width, height));
  for (uint8_t& byte : c.bytes) byte = static_cast<uint8_t>(rng());
  return c;
}

Colour from_yuv(const Case& c, double y, double u, double v) {
  // Recommendation ITU-R BT.601-7, 2.5, and BT.709-6, 3 and 4, solved for the colours.
  if (c.range == LACUNA_IMAGE_LIMITED) {
    y = (y - 16) * 255 / 219;
    u = (u - 128) * 255 / 224;
    v = (v - 128) * 255 / 224;
  } else {
    u -= 128;
    v -= 128;
  }
  Colour colour = c.matrix == LACUNA_IMAGE_BT601
                      ? Colour{y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u}
                      : Colour{y + 1.5748 * v, y - 0.187324 * u - 0.468124 * v, y + 1.8556 * u};
  for (double& part : colour) part = std::clamp(part, 0.0, 255.0);
  return colour;
}

Colour colour_at(const Case& c, int x, int y) {
  const auto byte = [&](int at) { return static_cast<double>(c.bytes[static_cast<size_t>(at)]); };
  const int even = (c.width + 1) / 2 * 2, i = y * c.width + x, pair = (y / 2) * (even / 2) + x / 2;
  const int chroma = c.width * c.height, quarter = (even / 2) * ((c.height + 1) / 2), row = y * even * 2;
  switch (c.format) {
    case LACUNA_IMAGE_RGB24:
      return {byte(3 * i), byte(3 * i + 1), byte(3 * i + 2)};
    case LACUNA_IMAGE_BGR24:
      return {byte(3 * i + 2), byte(3 * i + 1), byte(3 * i)};
    case LACUNA_IMAGE_RGBA:
      return {byte(4 * i), byte(4 * i + 1), byte(4 * i + 2)};
    case LACUNA_IMAGE_BGRA:
      return {byte(4 * i + 2), byte(4 * i + 1), byte(4 * i)};
    case LACUNA_IMAGE_GRAY:
      return {byte(i), byte(i), byte(i)};
    case LACUNA_IMAGE_YUYV:
      return from_yuv(c, byte(row + 2 * x), byte(row + x / 2 * 4 + 1), byte(row + x / 2 * 4 + 3));
    case LACUNA_IMAGE_UYVY:
      return from_yuv(c, byte(row + 2 * x + 1), byte(row + x / 2 * 4), byte(row + x / 2 * 4 + 2));
    case LACUNA_IMAGE_NV12:
      return from_yuv(c, byte(i), byte(chroma + 2 * pair), byte(chroma + 2 * pair + 1));
    case LACUNA_IMAGE_NV21:
      return from_yuv(c, byte(i), byte(chroma + 2 * pair + 1), byte(chroma + 2 * pair));
    default:
      return from_yuv(c, byte(i), byte(chroma + pair), byte(chroma + quarter + pair));
  }
}

Picture turn_right(const Picture& p) {
  return make_picture(p.height, p.width, [&](int x, int y) { return p.at(y, p.height - 1 - x); });
}

double filter_at(lacuna_image_filter filter, double distance, double scale) {
  const double grown = filter == LACUNA_IMAGE_LINEAR ? 1 : std::max(scale, 1.0), x = std::fabs(distance) / grown;
  if (filter == LACUNA_IMAGE_AREA) {
    return std::max(0.0, std::min(distance + 0.5, grown / 2) - std::max(distance - 0.5, -grown / 2));
  }
  if (filter != LACUNA_IMAGE_BICUBIC) return std::max(0.0, 1 - x);
  if (x < 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
  return x < 2 ? -0.5 * (x * x * x - 5 * x * x + 8 * x - 4) : 0;
}

/// Weights of all source pixels from `low` on.
std::vector<double> weights(int low, int high, double middle, double scale, lacuna_image_filter filter) {
  std::vector<double> w;
  double total = 0;
  for (int x = low; x < high; ++x) total += w.emplace_back(filter_at(filter, x + 0.5 - middle, scale));
  for (double& one : w) one /= total;
  return w;
}

/// Rows of pixels of the result, channels innermost.
std::vector<double> reference(const Case& c, const lacuna_image_transform& t, int width, int height) {
  Picture p = make_picture(c.width, c.height, [&](int x, int y) { return colour_at(c, x, y); });
  for (uint32_t turns = 0; turns < t.rotation / 90; ++turns) p = turn_right(p);
  if (t.mirror != 0) p = make_picture(p.width, p.height, [&](int x, int y) { return p.at(p.width - 1 - x, y); });
  const double crop_width = t.crop_width == 0 ? double{1} * p.width : t.crop_width;
  const double crop_height = t.crop_height == 0 ? double{1} * p.height : t.crop_height;
  const int left = std::min(0, static_cast<int>(std::floor(t.crop_x))),
            top = std::min(0, static_cast<int>(std::floor(t.crop_y)));
  const int right = std::max(p.width, static_cast<int>(std::ceil(t.crop_x + crop_width)));
  const int bottom = std::max(p.height, static_cast<int>(std::ceil(t.crop_y + crop_height)));
  const double sx = crop_width / width, sy = crop_height / height;
  const Colour fill(t.fill, t.fill + 3);
  std::vector<double> result;
  for (int y = 0; y < height; ++y) {
    const auto wy = weights(top, bottom, t.crop_y + (y + 0.5) * sy, sy, t.filter);
    for (int x = 0; x < width; ++x) {
      const auto wx = weights(left, right, t.crop_x + (x + 0.5) * sx, sx, t.filter);
      Colour sum(3);
      for (int v = top; v < bottom; ++v) {
        for (int u = left; u < right; ++u) {
          const double w = wy[static_cast<size_t>(v - top)] * wx[static_cast<size_t>(u - left)];
          if (w == 0) continue;
          const bool inside = u >= 0 && u < p.width && v >= 0 && v < p.height;
          const Colour& colour = inside ? p.at(u, v) : fill;
          for (size_t k = 0; k < 3; ++k) sum[k] += w * colour[k];
        }
      }
      for (size_t k = 0; k < 3; ++k) {
        const double value = std::clamp(sum[t.bgr != 0 ? 2 - k : k], 0.0, 255.0);
        result.push_back((value - t.mean[k]) * t.scale[k]);
      }
    }
  }
  return result;
}

/// A tensor over memory of its own, with gaps that must stay as they are.
struct Target {
  lacuna_tensor tensor = {};
  std::vector<float> memory;
  bool planar;
  int channels, width, height;

  Target(bool is_planar, int c, int w, int h) : planar(is_planar), channels(c), width(w), height(h) {
    tensor.rank = 4;
    const int64_t row = w + 3, plane = row * h + 5;
    const int64_t shape[2][4] = {{1, h, w, c}, {1, c, h, w}};
    const int64_t strides[2][4] = {{0, row * (c + 1), c + 1, 1}, {0, plane, row, 1}};
    std::copy_n(shape[planar], 4, tensor.shape);
    std::copy_n(strides[planar], 4, tensor.strides);
    memory.assign(static_cast<size_t>(planar ? plane * c : row * h * (c + 1)), kGap);
    tensor.data = memory.data();
  }
  float at(int c, int x, int y) const {
    const int64_t* s = tensor.strides;
    return memory[static_cast<size_t>(planar ? c * s[1] + y * s[2] + x : y * s[1] + x * s[2] + c)];
  }
  size_t gaps() const { return static_cast<size_t>(std::count(memory.begin(), memory.end(), kGap)); }
  static constexpr float kGap = -12345.0f;
};

void check_case(const Case& c, const lacuna_image_transform& transform, int width, int height) {
  const std::vector<double> expected = reference(c, transform, width, height);
  const lacuna_image image = c.image();
  for (const Isa isa : machine_isas()) {
    for (const bool planar : {true, false}) {
      CAPTURE(isa);
      CAPTURE(planar);
      Target target(planar, 3, width, height);
      lacuna_error error = {};
      const lacuna_status status = image_to_tensor(&image, &transform, &target.tensor, isa | kScalar, &error);
      REQUIRE_MESSAGE(status == LACUNA_OK, error.message);
      CHECK(target.gaps() == target.memory.size() - static_cast<size_t>(width * height * 3));
      double worst = 0;
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          for (int k = 0; k < 3; ++k) {
            const double off = target.at(k, x, y) - expected[static_cast<size_t>((y * width + x) * 3 + k)];
            worst = std::max(worst, std::fabs(off / transform.scale[k]));
          }
        }
      }
      CHECK(worst < 0.01);  // of 255: no step rounds to whole numbers
    }
  }
}

constexpr lacuna_image_format kAllFormats[] = {
    LACUNA_IMAGE_RGB24, LACUNA_IMAGE_BGR24, LACUNA_IMAGE_RGBA, LACUNA_IMAGE_BGRA, LACUNA_IMAGE_GRAY,
    LACUNA_IMAGE_YUYV,  LACUNA_IMAGE_UYVY,  LACUNA_IMAGE_NV12, LACUNA_IMAGE_NV21, LACUNA_IMAGE_I420};
constexpr lacuna_image_filter kAllFilters[] = {LACUNA_IMAGE_BILINEAR, LACUNA_IMAGE_LINEAR, LACUNA_IMAGE_AREA,
                                               LACUNA_IMAGE_BICUBIC};

TEST_CASE("image: every format, matrix and range, odd and even sides") {
  std::mt19937 rng(7);
  for (const lacuna_image_format format : kAllFormats) {
    for (const auto& [width, height] : {std::pair{22, 14}, {21, 13}, {1, 1}, {2, 1}, {67, 5}}) {
      for (const auto& [matrix, range] : {std::pair{LACUNA_IMAGE_BT601, LACUNA_IMAGE_LIMITED},
                                          {LACUNA_IMAGE_BT601, LACUNA_IMAGE_FULL},
                                          {LACUNA_IMAGE_BT709, LACUNA_IMAGE_LIMITED},
                                          {LACUNA_IMAGE_BT709, LACUNA_IMAGE_FULL}}) {
        Case c = random_case(rng, format, width, height);
        c.matrix = matrix;
        c.range = range;
        CAPTURE(format);
        CAPTURE(width);
        CAPTURE(matrix);
        CAPTURE(range);
        check_case(c, lacuna_image_transform_default(), width, height);
      }
    }
  }
}

TEST_CASE("image: every rotation and mirror, filter, crop inside and beyond, larger and smaller") {
  std::mt19937 rng(8);
  for (const lacuna_image_filter filter : kAllFilters) {
    for (const uint32_t rotation : {0u, 90u, 180u, 270u}) {
      for (const uint32_t mirror : {0u, 1u}) {
        lacuna_image_transform t = lacuna_image_transform_default();
        t.rotation = rotation;
        t.mirror = mirror;
        t.filter = filter;
        t.bgr = mirror;
        for (int k = 0; k < 3; ++k) {
          t.fill[k] = static_cast<float>(50 * k);
          t.mean[k] = static_cast<float>(100 + k);
          t.scale[k] = 1.0f / static_cast<float>(50 + k);
        }
        const Case c = random_case(rng, mirror != 0 ? LACUNA_IMAGE_NV12 : LACUNA_IMAGE_RGB24, 23, 17);
        for (const auto& [x, y, w, h] :
             {std::array<float, 4>{0, 0, 0, 0}, {3.25f, 2.5f, 9.5f, 11.75f}, {-4.5f, -2, 30, 24}, {-9, -9, 4, 4}}) {
          t.crop_x = x;
          t.crop_y = y;
          t.crop_width = w;
          t.crop_height = h;
          CAPTURE(filter);
          CAPTURE(rotation);
          CAPTURE(mirror);
          CAPTURE(x);
          check_case(c, t, 7, 5);
          check_case(c, t, 31, 40);
        }
      }
    }
  }
}

TEST_CASE("image: wider than one strip, and the strongest shrinking") {
  std::mt19937 rng(9);
  for (const lacuna_image_filter filter : kAllFilters) {
    lacuna_image_transform t = lacuna_image_transform_default();
    t.filter = filter;
    CAPTURE(filter);
    check_case(random_case(rng, LACUNA_IMAGE_YUYV, 1501, 4), t, 701, 5);
    check_case(random_case(rng, LACUNA_IMAGE_RGBA, 640, 3), t, 10, 2);
    check_case(random_case(rng, LACUNA_IMAGE_GRAY, 5, 2), t, 600, 2);
  }
}

TEST_CASE("image: one channel is luma") {
  const Case c = {LACUNA_IMAGE_RGB24, LACUNA_IMAGE_BT601, LACUNA_IMAGE_FULL, 2, 1, {255, 0, 0, 10, 20, 30}};
  const lacuna_image image = c.image();
  const lacuna_image_transform t = lacuna_image_transform_default();
  Target target(true, 1, 2, 1);
  REQUIRE(lacuna_image_to_tensor(&image, &t, &target.tensor, nullptr) == LACUNA_OK);
  CHECK(target.at(0, 0, 0) == doctest::Approx(0.299 * 255));
  CHECK(target.at(0, 1, 0) == doctest::Approx(0.299 * 10 + 0.587 * 20 + 0.114 * 30));
}

TEST_CASE("image: chroma two bytes apart, and rows upside down") {
  std::mt19937 rng(10);
  const Case nv12 = random_case(rng, LACUNA_IMAGE_NV12, 9, 6);
  const lacuna_image_transform t = lacuna_image_transform_default();
  lacuna_image image = nv12.image();
  image.format = LACUNA_IMAGE_I420;
  image.planes[2] = static_cast<const uint8_t*>(image.planes[1]) + 1;
  image.row_bytes[2] = image.row_bytes[1];
  image.chroma_step = 2;
  Target target(false, 3, 9, 6);
  REQUIRE(lacuna_image_to_tensor(&image, &t, &target.tensor, nullptr) == LACUNA_OK);
  const std::vector<double> expected = reference(nv12, t, 9, 6);
  for (int i = 0; i < 54; ++i) {
    CHECK(target.at(1, i % 9, i / 9) == doctest::Approx(expected[static_cast<size_t>(3 * i + 1)]).epsilon(1e-4));
  }
  const Case gray = random_case(rng, LACUNA_IMAGE_GRAY, 3, 4);
  image = gray.image();
  image.planes[0] = gray.bytes.data() + 9;
  image.row_bytes[0] = -3;
  Target flipped(true, 3, 3, 4);
  REQUIRE(lacuna_image_to_tensor(&image, &t, &flipped.tensor, nullptr) == LACUNA_OK);
  CHECK(flipped.at(0, 1, 0) == gray.bytes[10]);
}

TEST_CASE("image: wrong arguments are refused with a text") {
  const Case c = {LACUNA_IMAGE_RGB24, LACUNA_IMAGE_BT601, LACUNA_IMAGE_FULL, 2, 1, {1, 2, 3, 4, 5, 6}};
  const auto refused = [&](const std::function<void(lacuna_image&, lacuna_image_transform&, lacuna_tensor&)>& spoil) {
    lacuna_image image = c.image();
    lacuna_image_transform t = lacuna_image_transform_default();
    Target target(true, 3, 2, 1);
    spoil(image, t, target.tensor);
    lacuna_error error = {};
    CHECK(lacuna_image_to_tensor(&image, &t, &target.tensor, &error) == LACUNA_ERROR_INVALID_ARGUMENT);
    CHECK(error.message[0] != '\0');
    CHECK(target.gaps() == target.memory.size());
  };
  refused([](auto& image, auto&, auto&) { image.struct_bytes = 4; });
  refused([](auto& image, auto&, auto&) { image.format = static_cast<lacuna_image_format>(9); });
  refused([](auto& image, auto&, auto&) { image.width = 0; });
  refused([](auto& image, auto&, auto&) { image.height = 32769; });
  refused([](auto& image, auto&, auto&) { image.planes[0] = nullptr; });
  refused([](auto& image, auto&, auto&) { image.height = 2, image.row_bytes[0] = 5; });
  refused([](auto& image, auto&, auto&) { image.chroma_step = 3; });
  refused([](auto&, auto& t, auto&) { t.rotation = 45; });
  refused([](auto&, auto& t, auto&) { t.rotation = 360; });
  refused([](auto&, auto& t, auto&) { t.filter = static_cast<lacuna_image_filter>(4); });
  refused([](auto&, auto& t, auto&) { t.crop_width = 1; });
  refused([](auto&, auto& t, auto&) { t.crop_width = -1, t.crop_height = 1; });
  refused([](auto&, auto& t, auto&) { t.crop_x = NAN, t.crop_width = 1, t.crop_height = 1; });
  refused([](auto&, auto& t, auto&) { t.crop_width = 129, t.crop_height = 1; });
  refused([](auto&, auto& t, auto&) { t.scale[1] = INFINITY; });
  refused([](auto&, auto&, auto& tensor) { tensor.shape[1] = 2; });
  refused([](auto&, auto&, auto& tensor) { tensor.shape[0] = 2; });
  refused([](auto&, auto&, auto& tensor) { tensor.rank = 2; });
  refused([](auto&, auto&, auto& tensor) { tensor.data = nullptr; });
  lacuna_image image;
  CHECK(lacuna_image_describe(LACUNA_IMAGE_I420, 3, 3, c.bytes.data(), 16, &image, nullptr) == LACUNA_ERROR_WRONG_SIZE);
  CHECK(lacuna_image_describe(LACUNA_IMAGE_I420, 3, 3, nullptr, 17, &image, nullptr) == LACUNA_ERROR_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace lacuna
