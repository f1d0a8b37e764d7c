#include "converter/cli/image_spec.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <set>
#include <sstream>

#include "converter/cli/input_file.h"
#include "sdk/format/limits.h"

namespace lacuna {
namespace {

constexpr size_t kMaxLabelsBytes = size_t{16} << 20;

[[noreturn]] void fail(const std::string& what) {
  throw Error(
      ExitCode::kUsage,
      "--image: " + what + "; an example: 'mean=127,127,127;std=128,128,128;resize=256;filter=bicubic;labels=FILE'");
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<float> parse_numbers(const std::string& key, const std::string& text) {
  std::vector<float> numbers;
  for (const std::string& part : split(text, ',')) {
    char* end = nullptr;
    const float number = std::strtof(part.c_str(), &end);
    if (part.empty() || *end != '\0' || !std::isfinite(number)) fail(key + " has '" + part + "', which is no number");
    numbers.push_back(number);
  }
  return numbers;
}

uint32_t parse_size(const std::string& text) {
  const bool digits = !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
  const auto size = digits ? static_cast<uint32_t>(std::stoul(text)) : 0;
  if (size == 0 || size > kMaxImageSide) fail("resize is '" + text + "'; give a number of pixels from 1 to 32768");
  return size;
}

fbs::ImageFilter parse_filter(const std::string& text) {
  for (const fbs::ImageFilter filter : fbs::EnumValuesImageFilter()) {
    std::string name = fbs::EnumNameImageFilter(filter);
    name[0] = static_cast<char>(std::tolower(name[0]));
    if (name == text) return filter;
  }
  fail("filter is '" + text + "'; it is bilinear, linear, area or bicubic");
}

std::vector<std::string> read_labels(const std::string& path) {
  const InputFile file(path);
  if (file.bytes() > kMaxLabelsBytes) malformed(path + ": is larger than 16 MiB: not a list of class names");
  std::vector<std::string> labels = split(std::string(reinterpret_cast<const char*>(file.data()), file.bytes()), '\n');
  for (std::string& label : labels) {
    if (!label.empty() && label.back() == '\r') label.pop_back();
    if (label.size() > kMaxNameBytes || label.find('\0') != std::string::npos) {
      malformed(path + ": is not a list of class names, one a line");
    }
  }
  return labels;
}

void set_key(const std::string& key, const std::string& value, fbs::PreprocessingT& image) {
  if (key == "mean") {
    image.mean = parse_numbers(key, value);
  } else if (key == "std") {
    image.std = parse_numbers(key, value);
  } else if (key == "resize") {
    image.resize_short_side = parse_size(value);
  } else if (key == "order") {
    if (value != "rgb" && value != "bgr") fail("order is '" + value + "'; it is rgb or bgr");
    image.bgr = value == "bgr";
  } else if (key == "fit") {
    if (value != "crop" && value != "letterbox") fail("fit is '" + value + "'; it is crop or letterbox");
    image.letterbox = value == "letterbox";
  } else if (key == "filter") {
    image.filter = parse_filter(value);
  } else if (key == "labels") {
    image.labels = read_labels(value);
  } else {
    fail("there is no key '" + key + "'; the keys are mean, std, resize, fit, filter, order and labels");
  }
}

}  // namespace

fbs::PreprocessingT parse_image_spec(const std::string& text) {
  fbs::PreprocessingT image;
  std::set<std::string> seen;
  for (const std::string& part : split(text, ';')) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos) fail("'" + part + "' is not KEY=VALUE");
    const std::string key = part.substr(0, equals);
    if (!seen.insert(key).second) fail(key + " is given twice");
    set_key(key, part.substr(equals + 1), image);
  }
  if (image.mean.empty() || image.std.empty()) fail("mean and std are required");
  if (image.mean.size() != image.std.size()) fail("mean and std have different numbers of channels");
  if (std::any_of(image.std.begin(), image.std.end(), [](float x) { return x <= 0; })) fail("std must be positive");
  if (image.mean.size() != 1 && image.mean.size() != 3) fail("mean and std have one number, or three");
  if (image.bgr && image.mean.size() < 3) fail("order=bgr needs three channels");
  if (image.letterbox && image.resize_short_side != 0) fail("fit=letterbox takes the whole picture: leave resize out");
  return image;
}

void check_image_spec(const fbs::PreprocessingT& image, const Graph& graph) {
  const Shape shape = graph.inputs.empty() ? Shape() : graph.shape(graph.inputs[0]);
  const auto channels = static_cast<int64_t>(image.mean.size());
  if (shape.rank != 4 || shape[0] != 1 || (shape[1] != channels && shape[3] != channels)) {
    throw Error(ExitCode::kUsage, "--image: mean has " + std::to_string(channels) +
                                      " numbers, but the first input, of shape " + to_string(shape) +
                                      ", is no picture of that many channels");
  }
  const auto labels = static_cast<int64_t>(image.labels.size());
  if (labels > count(graph.shape(graph.outputs.at(0)))) {
    throw Error(ExitCode::kUsage, "--image: there are " + std::to_string(labels) +
                                      " labels, but the first output has shape " +
                                      to_string(graph.shape(graph.outputs[0])));
  }
}

}  // namespace lacuna
