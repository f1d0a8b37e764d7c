#include "converter/cli/inputs.h"

#include <unistd.h>

#include <random>

#include "converter/cli/npy.h"
#include "converter/cli/photo.h"
#include "converter/ir/graph.h"
#include "lacuna/lacuna_image.h"

namespace lacuna {
namespace {

std::string list_inputs(const std::vector<lacuna_tensor>& inputs) {
  std::string text = "; its inputs are";
  for (const lacuna_tensor& input : inputs) {
    text += std::string(&input == inputs.data() ? " " : ", ") + "'" + input.name + "' " + to_string(shape_of(input));
  }
  return text;
}

/// Index of the input that "NAME=FILE" names; -1 when the option is a file alone. Names may hold '=' themselves.
int named_input(const std::vector<lacuna_tensor>& inputs, const std::string& option) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (option.rfind(std::string(inputs[i].name) + "=", 0) == 0) return static_cast<int>(i);
  }
  const size_t equals = option.find('=');
  if (equals != std::string::npos && ::access(option.c_str(), F_OK) != 0) {
    throw Error(ExitCode::kUsage, "--input " + option + ": the model has no input '" + option.substr(0, equals) + "'" +
                                      list_inputs(inputs));
  }
  return -1;
}

/// The file of each input.
std::vector<std::string> assign_files(const std::vector<lacuna_tensor>& inputs,
                                      const std::vector<std::string>& options) {
  std::vector<std::string> files(inputs.size());
  std::vector<std::string> unnamed;
  for (const std::string& option : options) {
    const int index = named_input(inputs, option);
    if (index < 0) {
      unnamed.push_back(option);
      continue;
    }
    const char* name = inputs[static_cast<size_t>(index)].name;
    std::string& file = files[static_cast<size_t>(index)];
    if (!file.empty()) throw Error(ExitCode::kUsage, std::string("input '") + name + "' is given twice");
    file = option.substr(std::string(name).size() + 1);
    if (file.empty()) throw Error(ExitCode::kUsage, "--input " + option + ": the file's name is missing");
  }
  auto next = unnamed.begin();
  for (std::string& file : files) {
    if (file.empty() && next != unnamed.end()) file = *next++;
  }
  if (next != unnamed.end()) {
    throw Error(ExitCode::kUsage, "--input " + *next + ": the model has no further input" + list_inputs(inputs));
  }
  return files;
}

/// A picture as the model wants it.
Tensor read_picture(const ModelFile& model, size_t index, const std::string& path, const InputFile& file) {
  if (index != 0) throw Error(ExitCode::kUsage, path + ": only the first input of a model takes a picture");
  const Photo photo = read_photo(file, path);
  lacuna_error error;
  lacuna_image image;
  lacuna_image_transform transform;
  lacuna_tensor target = model.inputs()[0];
  Tensor tensor(ElementType::kF32, shape_of(target));
  target.data = tensor.f32.data();
  int64_t step = 1;
  for (int i = target.rank - 1; i >= 0; step *= target.shape[i--]) target.strides[i] = step;
  if (lacuna_image_describe(LACUNA_IMAGE_RGB24, photo.width, photo.height, photo.rgb.data(), photo.rgb.size(), &image,
                            &error) != LACUNA_OK ||
      lacuna_image_transform_for_model(model.model().get(), &image, 0, &transform, &error) != LACUNA_OK ||
      lacuna_image_to_tensor(&image, &transform, &target, &error) != LACUNA_OK) {
    throw Error(ExitCode::kUsage, path + ": " + error.message);
  }
  return tensor;
}

Tensor read_input(const ModelFile& model, size_t index, const std::string& path) {
  const InputFile file(path);
  return is_photo(file) ? read_picture(model, index, path, file) : read_npy(path);
}

}  // namespace

std::vector<Tensor> read_inputs(const ModelFile& model, const std::vector<std::string>& options) {
  const std::vector<lacuna_tensor> inputs = model.inputs();
  const std::vector<std::string> files = assign_files(inputs, options);
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (files[i].empty()) {
      throw Error(ExitCode::kUsage, std::string("input '") + inputs[i].name +
                                        "' is missing: give --input FILE.npy or --input NAME=FILE.npy, or a picture" +
                                        list_inputs(inputs));
    }
    tensors.push_back(read_input(model, i, files[i]));
    const Shape expected = shape_of(inputs[i]);
    if (tensors.back().shape != expected) {
      malformed(files[i] + ": has shape " + to_string(tensors.back().shape) + "; input '" + inputs[i].name +
                "' of the model has " + to_string(expected));
    }
  }
  return tensors;
}

std::vector<Tensor> random_inputs(const ModelFile& model, uint32_t seed) {
  std::mt19937 rng(seed);
  std::vector<Tensor> tensors;
  for (const lacuna_tensor& input : model.inputs()) {
    Tensor tensor(ElementType::kF32, shape_of(input));
    for (float& element : tensor.f32) element = static_cast<float>(rng() >> 8) * 0x1p-23f - 1;  // 24 bits: exact
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace lacuna
