// The small languages of options: --image, --input-shape, --target.
#include <doctest/doctest.h>

#include "converter/cli/image_spec.h"
#include "converter/cli/input_shapes.h"
#include "converter/cli/target.h"
#include "tests/support/exit_code.h"

namespace lacuna {
namespace {

TEST_CASE("image: a whole text") {
  const fbs::PreprocessingT image = parse_image_spec("mean=127,126.5,125;std=128,128,1;resize=256;order=bgr");
  CHECK(image.mean == std::vector<float>{127, 126.5f, 125});
  CHECK(image.std == std::vector<float>{128, 128, 1});
  CHECK(image.resize_short_side == 256);
  CHECK(image.bgr);
}

TEST_CASE("image: defaults") {
  const fbs::PreprocessingT image = parse_image_spec("mean=0;std=255");
  CHECK(image.resize_short_side == 0);
  CHECK_FALSE(image.bgr);
  CHECK_FALSE(image.letterbox);
  CHECK(image.filter == fbs::ImageFilter::Bilinear);
}

TEST_CASE("image: fit and filter") {
  const fbs::PreprocessingT image = parse_image_spec("mean=0;std=255;fit=letterbox;filter=area");
  CHECK(image.letterbox);
  CHECK(image.filter == fbs::ImageFilter::Area);
}

TEST_CASE("image: wrong texts are usage errors") {
  for (const std::string text : {"",
                                 "mean",
                                 "mean=1",
                                 "std=1",
                                 "mean=1,2;std=1",
                                 "mean=x;std=1",
                                 "mean=1,,2;std=1,1,1",
                                 "mean=1;std=0",
                                 "mean=1;std=-1",
                                 "mean=nan;std=1",
                                 "mean=1;std=inf",
                                 "mean=1;std=1;resize=0",
                                 "mean=1;std=1;resize=-5",
                                 "mean=1;std=1;resize=100000",
                                 "mean=1;std=1;order=grb",
                                 "mean=1;std=1;order=bgr",
                                 "mean=1;mean=1;std=1",
                                 "mean=1;std=1;size=3",
                                 "mean=1,2;std=1,1",
                                 "mean=1;std=1;resize=32769",
                                 "mean=1;std=1;fit=wide",
                                 "mean=1;std=1;filter=Area",
                                 "mean=1;std=1;fit=letterbox;resize=256"}) {
    CAPTURE(text);
    CHECK(exit_code_of([&] { parse_image_spec(text); }) == ExitCode::kUsage);
  }
  CHECK(exit_code_of([] { parse_image_spec("mean=1;std=1;labels=/nonexistent"); }) == ExitCode::kMalformed);
}

TEST_CASE("image: must fit the first input and output") {
  Graph graph;
  graph.inputs = {graph.add_input("x", make_shape({1, 3, 8, 8}))};
  graph.outputs = {graph.add_input("y", make_shape({1, 2}))};
  fbs::PreprocessingT image = parse_image_spec("mean=1,2,3;std=1,1,1");
  const auto check = [&] { check_image_spec(image, graph); };
  CHECK(exit_code_of(check) == ExitCode::kOk);
  image.labels = {"cat", "dog"};
  CHECK(exit_code_of(check) == ExitCode::kOk);
  image.labels.emplace_back("one too many");
  CHECK(exit_code_of(check) == ExitCode::kUsage);
  image = parse_image_spec("mean=1;std=1");
  CHECK(exit_code_of(check) == ExitCode::kUsage);
}

TEST_CASE("input shapes: names may hold '='") {
  const auto shapes = parse_input_shapes({"data=1,3,224,224", "a=b=7"});
  CHECK(shapes.at("data") == make_shape({1, 3, 224, 224}));
  CHECK(shapes.at("a=b") == make_shape({7}));
}

TEST_CASE("input shapes: wrong texts are usage errors") {
  for (const std::string text : {"", "data", "=1,2", "data=", "data=0", "data=-1", "data=1,,2", "data=1,", "data=1x2",
                                 "data=2147483648", "data=99999999999999999999", "data=1,1,1,1,1,1,1,1,1"}) {
    CAPTURE(text);
    CHECK(exit_code_of([&] { parse_input_shapes({text}); }) == ExitCode::kUsage);
  }
  CHECK(exit_code_of([] { parse_input_shapes({"x=1", "x=1"}); }) == ExitCode::kUsage);
}

TEST_CASE("target: known ones only, and native names a profile") {
  CHECK(check_target("armv7").empty());
  CHECK(check_target("x87").find("arm64-little") != std::string::npos);
  CHECK(resolve_target("generic") == "generic");
  CHECK(resolve_target("native") != "native");
  CHECK(check_target(resolve_target("native")).empty());
}

}  // namespace
}  // namespace lacuna
