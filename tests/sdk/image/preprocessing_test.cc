// How a model wants its pictures: what is accepted at open, what is told, and the transform that comes of it.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "lacuna/lacuna_image.h"
#include "sdk/format/limits.h"
#include "tests/sdk/model_builder.h"

namespace lacuna {
namespace {

/// A model whose input is a picture; `shape` is its input's and output's.
ModelBuilder picture_model(const std::vector<uint32_t>& shape = {1, 3, 8, 10}) {
  ModelBuilder model;
  const uint32_t in = model.buffer(256), out = model.buffer(256);
  const uint32_t x = model.input("x", shape, in);
  fbs::UnaryAttrsT clamp;
  clamp.function = fbs::Activation(fbs::UnaryKind::Clamp, 0.0f, 3.0e38f);
  model.program.outputs = {model.step("clamp", clamp, {x}, shape, out)};
  model.set_lives();
  auto image = std::make_unique<fbs::PreprocessingT>();
  image->mean = {1, 2, 3};
  image->std = {2, 4, 8};
  image->labels = {"cat", "dog"};
  model.program.preprocessing = std::move(image);
  return model;
}

lacuna_status open(const AlignedBytes& file, std::string* message = nullptr) {
  lacuna_model model;
  lacuna_error error = {};
  const lacuna_status status = lacuna_model_open(file.data(), file.size(), &model, &error);
  lacuna_model_close(&model);
  if (message != nullptr) *message = error.message;
  return status;
}

TEST_CASE("preprocessing: rules of the format") {
  using Damage = std::function<void(fbs::PreprocessingT&)>;
  const std::pair<const char*, Damage> rejects[] = {
      {"neither 1 nor 3",
       [](auto& p) {
         p.mean = p.std = {1, 2};
       }},
      {"neither 1 nor 3", [](auto& p) { p.mean.clear(); }},
      {"different numbers", [](auto& p) { p.std = {1}; }},
      {"not finite", [](auto& p) { p.mean[2] = std::nanf(""); }},
      {"std is not positive", [](auto& p) { p.std[0] = 0; }},
      {"std is not positive", [](auto& p) { p.std[0] = -1; }},
      {"std is not positive", [](auto& p) { p.std[0] = std::nanf(""); }},
      {"std is not positive", [](auto& p) { p.std[0] = std::numeric_limits<float>::denorm_min(); }},
      {"no picture", [](auto& p) { p.mean = p.std = {1}; }},
      {"beyond 32768", [](auto& p) { p.resize_short_side = 32769; }},
      {"exclude each other", [](auto& p) { p.letterbox = true, p.resize_short_side = 9; }},
      {"unknown filter", [](auto& p) { p.filter = static_cast<fbs::ImageFilter>(4); }},
      {"more labels", [](auto& p) { p.labels.assign(241, "x"); }},
      {"label is too long", [](auto& p) { p.labels[1].assign(kMaxNameBytes + 1, 'x'); }},
  };
  for (const auto& [text, damage] : rejects) {
    ModelBuilder model = picture_model();
    REQUIRE(open(model.file()) == LACUNA_OK);
    damage(*model.program.preprocessing);
    std::string message;
    CHECK(open(model.file(), &message) == LACUNA_ERROR_MEANING);
    CAPTURE(message);
    CHECK(message.find(text) != std::string::npos);
  }
  for (const std::vector<uint32_t>& shape : {std::vector<uint32_t>{2, 3, 8, 10}, {3, 8, 10}, {}}) {
    CHECK(open(picture_model(shape).file()) == LACUNA_ERROR_MEANING);
  }
  CHECK(open(picture_model({1, 8, 10, 3}).file()) == LACUNA_OK);
}

TEST_CASE("preprocessing: what is told") {
  ModelBuilder builder = picture_model({1, 8, 10, 3});
  builder.program.preprocessing->bgr = true;
  builder.program.preprocessing->filter = fbs::ImageFilter::Area;
  const AlignedBytes file = builder.file();
  lacuna_model model;
  REQUIRE(lacuna_model_open(file.data(), file.size(), &model, nullptr) == LACUNA_OK);
  lacuna_preprocessing told = {};
  CHECK(lacuna_model_preprocessing(&model, &told, nullptr) == LACUNA_ERROR_INVALID_ARGUMENT);
  told.struct_bytes = sizeof(told);
  REQUIRE(lacuna_model_preprocessing(&model, &told, nullptr) == LACUNA_OK);
  CHECK(told.channels == 3);
  CHECK(told.width == 10);
  CHECK(told.height == 8);
  CHECK(told.mean[1] == 2.0f);
  CHECK(told.scale[2] == 0.125f);
  CHECK(told.bgr == 1);
  CHECK(told.filter == LACUNA_IMAGE_AREA);
  CHECK(told.label_count == 2);
  CHECK(std::string(lacuna_model_label(&model, 1)) == "dog");
  CHECK(lacuna_model_label(&model, 2) == nullptr);

  lacuna_preprocessing old = {};  // of a caller whose struct ends before the members of today
  old.struct_bytes = offsetof(lacuna_preprocessing, mean);
  REQUIRE(lacuna_model_preprocessing(&model, &old, nullptr) == LACUNA_OK);
  CHECK(old.height == 8);
  CHECK(old.mean[1] == 0.0f);
  lacuna_model_close(&model);
  CHECK(lacuna_model_preprocessing(&model, &told, nullptr) == LACUNA_ERROR_INVALID_ARGUMENT);
  CHECK(lacuna_model_label(&model, 0) == nullptr);
}

TEST_CASE("preprocessing: none") {
  ModelBuilder builder = picture_model();
  builder.program.preprocessing.reset();
  const AlignedBytes file = builder.file();
  lacuna_model model;
  REQUIRE(lacuna_model_open(file.data(), file.size(), &model, nullptr) == LACUNA_OK);
  lacuna_preprocessing told = {};
  told.struct_bytes = sizeof(told);
  lacuna_error error = {};
  CHECK(lacuna_model_preprocessing(&model, &told, &error) == LACUNA_ERROR_NO_PREPROCESSING);
  CHECK(std::string(error.message).find("--image") != std::string::npos);
  CHECK(std::string(lacuna_status_name(LACUNA_ERROR_NO_PREPROCESSING)) == "LACUNA_ERROR_NO_PREPROCESSING");
  lacuna_model_close(&model);
}

lacuna_image_transform transform_for(const ModelBuilder& builder, uint32_t width, uint32_t height, uint32_t rotation) {
  const AlignedBytes file = builder.file();
  lacuna_model model;
  REQUIRE(lacuna_model_open(file.data(), file.size(), &model, nullptr) == LACUNA_OK);
  lacuna_image image = {};
  image.width = width;
  image.height = height;
  lacuna_image_transform transform;
  CHECK(lacuna_image_transform_for_model(&model, &image, rotation, &transform, nullptr) == LACUNA_OK);
  lacuna_model_close(&model);
  return transform;
}

TEST_CASE("preprocessing: the part of a picture that is taken") {
  ModelBuilder builder = picture_model();  // 10 wide, 8 high
  lacuna_image_transform t = transform_for(builder, 40, 30, 0);
  CHECK(t.crop_width == 0.0f);  // all of it, stretched
  CHECK(t.mean[2] == 3.0f);

  builder.program.preprocessing->resize_short_side = 15;  // 40 x 30 becomes 20 x 15; from (5, 3) on
  t = transform_for(builder, 40, 30, 0);
  CHECK(t.crop_x == 10.0f);
  CHECK(t.crop_y == 6.0f);
  CHECK(t.crop_width == 20.0f);
  CHECK(t.crop_height == 16.0f);
  t = transform_for(builder, 30, 40, 90);  // a turned picture is looked at upright
  CHECK(t.crop_x == 10.0f);
  CHECK(t.rotation == 90);

  builder.program.preprocessing->resize_short_side = 0;
  builder.program.preprocessing->letterbox = true;
  t = transform_for(builder, 40, 24, 0);  // 40 x 32 around it
  CHECK(t.crop_x == 0.0f);
  CHECK(t.crop_y == -4.0f);
  CHECK(t.crop_width == 40.0f);
  CHECK(t.crop_height == 32.0f);
}

TEST_CASE("preprocessing: no damage of the program does harm") {
  const AlignedBytes good = picture_model().file();
  const Header header = decode(good.data());
  for (size_t at = kHeaderBytes; at < kHeaderBytes + header.program_bytes; ++at) {
    for (const uint8_t byte : {uint8_t{0x00}, uint8_t{0x01}, uint8_t{0x7f}, uint8_t{0x80}, uint8_t{0xff}}) {
      AlignedBytes file(good.size());
      memcpy(file.data(), good.data(), good.size());
      file.data()[at] = byte;
      const uint64_t hash = hash64(file.data() + kHeaderBytes, static_cast<size_t>(header.program_bytes));
      memcpy(file.data() + 24, &hash, sizeof(hash));
      lacuna_model model;
      if (lacuna_model_open(file.data(), file.size(), &model, nullptr) != LACUNA_OK) continue;
      lacuna_preprocessing told = {};
      told.struct_bytes = sizeof(told);
      if (lacuna_model_preprocessing(&model, &told, nullptr) == LACUNA_OK) {
        for (size_t i = 0; i < told.label_count; ++i)
          CHECK(std::string(lacuna_model_label(&model, i)).size() <= kMaxNameBytes);
        CHECK(std::isfinite(told.mean[0] * told.scale[0]));
      }
      lacuna_model_close(&model);
    }
  }
}

}  // namespace
}  // namespace lacuna
