#include "converter/cli/calibration.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "converter/cli/npy.h"
#include "converter/cli/picture.h"

namespace lacuna {
namespace {

/// More samples than this bring next to nothing and take memory.
constexpr size_t kMaxSamples = 1000;
/// Pictures are kept this much larger than the input, so that parts of them can be cut out.
constexpr double kMargin = 8.0 / 7.0;
/// Sides of a varied picture's part, of the side that the network sees in use.
constexpr double kLeastPart = 0.6;

[[noreturn]] void usage(const std::string& message) { throw Error(ExitCode::kUsage, "--calibrate " + message); }

/// How the input lies in memory.
struct InputLayout {
  int channels = 0, height = 0, width = 0;
  bool channels_last = false;
};

InputLayout layout_of(const Graph& graph, const fbs::PreprocessingT& image) {
  const Shape& shape = graph.shape(graph.inputs[0]);
  const auto channels = static_cast<int64_t>(image.mean.size());
  InputLayout layout;
  layout.channels_last = shape[1] != channels;
  layout.channels = static_cast<int>(channels);
  layout.height = static_cast<int>(shape[layout.channels_last ? 1 : 2]);
  layout.width = static_cast<int>(shape[layout.channels_last ? 2 : 3]);
  return layout;
}

class PictureSamples : public prune::Samples {
 public:
  PictureSamples(InputLayout layout, const fbs::PreprocessingT& image) : layout_(layout), image_(image) {}

  void add(const Picture& picture) {
    const int w = layout_.width, h = layout_.height;
    if (image_.resize_short_side == 0) {
      wide_.push_back(resize(picture, static_cast<int>(w * kMargin), static_cast<int>(h * kMargin)));
      plain_.push_back(resize(picture, w, h));
      return;
    }
    const double scale = static_cast<double>(image_.resize_short_side) / std::min(picture.width, picture.height);
    wide_.push_back(resize(picture, static_cast<int>(std::lround(picture.width * scale)),
                           static_cast<int>(std::lround(picture.height * scale))));
    const Picture& wide = wide_.back();
    plain_.push_back(crop(wide, (wide.width - w) / 2, (wide.height - h) / 2, w, h));
  }

  size_t size() const override { return plain_.size(); }

  std::vector<float> plain(size_t i) const override {
    const Picture& picture = plain_[i];
    return make_input([&](int x, int y, int c) { return static_cast<float>(picture.at(x, y)[c]); });
  }

  /// A part of another size from another place, mirrored every other time.
  std::vector<float> varied(size_t i, std::mt19937& rng) const override {
    const auto uniform = [&rng] { return static_cast<double>(rng()) / 4294967296.0; };
    const Picture& picture = wide_[i];
    const double most = std::min(static_cast<double>(picture.width) / layout_.width,
                                 static_cast<double>(picture.height) / layout_.height);
    const double part = std::min(most, kLeastPart + uniform() * (std::min(most, 1.2) - kLeastPart));
    const double width = part * layout_.width, height = part * layout_.height;
    const double left = uniform() * (picture.width - width), top = uniform() * (picture.height - height);
    const bool mirrored = uniform() < 0.5;
    return make_input([&](int x, int y, int c) {
      const int column = mirrored ? layout_.width - 1 - x : x;
      return sample(picture, left + (column + 0.5) * part - 0.5, top + (y + 0.5) * part - 0.5, c);
    });
  }

 private:
  static float sample(const Picture& picture, double x, double y, int c) {
    const double px = std::clamp(x, 0.0, picture.width - 1.0), py = std::clamp(y, 0.0, picture.height - 1.0);
    const int x0 = static_cast<int>(px), y0 = static_cast<int>(py);
    const int x1 = std::min(x0 + 1, picture.width - 1), y1 = std::min(y0 + 1, picture.height - 1);
    const auto fx = static_cast<float>(px - x0), fy = static_cast<float>(py - y0);
    const auto value = [&](int at_x, int at_y) { return static_cast<float>(picture.at(at_x, at_y)[c]); };
    return (1 - fy) * ((1 - fx) * value(x0, y0) + fx * value(x1, y0)) +
           fy * ((1 - fx) * value(x0, y1) + fx * value(x1, y1));
  }

  template <class Value>
  std::vector<float> make_input(Value value) const {
    const int w = layout_.width, h = layout_.height, channels = layout_.channels;
    std::vector<float> input(static_cast<size_t>(w) * static_cast<size_t>(h) * static_cast<size_t>(channels));
    for (int c = 0; c < channels; ++c) {
      const auto at = static_cast<size_t>(c);
      const float mean = image_.mean[at], scale = 1 / image_.std[at];
      for (int y = 0; y < h; ++y) {
        for (int x = 0; x < w; ++x) {
          const float v = channels == 1 ? (value(x, y, 0) * 0.299f + value(x, y, 1) * 0.587f + value(x, y, 2) * 0.114f)
                                        : value(x, y, image_.bgr ? 2 - c : c);
          const int index = layout_.channels_last ? (y * w + x) * channels + c : (c * h + y) * w + x;
          input[static_cast<size_t>(index)] = (v - mean) * scale;
        }
      }
    }
    return input;
  }

  InputLayout layout_;
  const fbs::PreprocessingT& image_;
  std::vector<Picture> plain_, wide_;
};

class ArraySamples : public prune::Samples {
 public:
  void add(std::vector<float> elements) { samples_.push_back(std::move(elements)); }
  size_t size() const override { return samples_.size(); }
  std::vector<float> plain(size_t i) const override { return samples_[i]; }
  /// Nothing is known about arrays but that what lies between two of them is not far from either.
  std::vector<float> varied(size_t i, std::mt19937& rng) const override {
    std::vector<float> sample = samples_[i];
    if (rng() % 2 == 0) return sample;
    const std::vector<float>& other = samples_[rng() % samples_.size()];
    const float part = 0.25f * static_cast<float>(rng()) / 4294967296.0f;
    for (size_t k = 0; k < sample.size(); ++k) sample[k] += part * (other[k] - sample[k]);
    return sample;
  }

 private:
  std::vector<std::vector<float>> samples_;
};

/// Adds the samples of one array; false when its shape does not fit.
bool add_array(const Tensor& array, const Shape& input, ArraySamples& samples) {
  const auto elements = static_cast<size_t>(count(input));
  Shape tail;  // the input without its batch of one
  for (int d = input.rank > 0 && input[0] == 1 ? 1 : 0; d < input.rank; ++d) tail.push_back(input[d]);
  const int extra = array.shape.rank - tail.rank;
  if (extra < 0 || array.f32.size() % elements != 0) return false;
  for (int d = 0; d < tail.rank; ++d) {
    if (array.shape[extra + d] != tail[d]) return false;
  }
  for (size_t at = 0; at < array.f32.size() && samples.size() < kMaxSamples; at += elements) {
    const auto first = array.f32.begin() + static_cast<std::ptrdiff_t>(at);
    samples.add({first, first + static_cast<std::ptrdiff_t>(elements)});
  }
  return true;
}

/// At most kMaxSamples files, evenly from a sorted list.
std::vector<std::string> spread(std::vector<std::string> files) {
  std::sort(files.begin(), files.end());
  if (files.size() <= kMaxSamples) return files;
  std::vector<std::string> some;
  for (size_t i = 0; i < kMaxSamples; ++i) some.push_back(files[i * files.size() / kMaxSamples]);
  return some;
}

std::unique_ptr<prune::Samples> read_pictures(const std::string& path, const std::vector<std::string>& files,
                                              const Graph& graph, const fbs::PreprocessingT* image,
                                              const Progress& progress) {
  if (image == nullptr) {
    usage(path +
          ": holds pictures; say with --image how one becomes the input, such as --image "
          "'mean=127,127,127;std=128,128,128;resize=256'");
  }
  const InputLayout layout = layout_of(graph, *image);
  if (image->mean.size() != 1 && image->mean.size() != 3) usage(path + ": pictures have one or three channels");
  if (image->resize_short_side != 0 &&
      static_cast<int>(image->resize_short_side) < std::max(layout.width, layout.height)) {
    usage(path + ": --image resizes pictures to less than the input's " + std::to_string(layout.width) + " x " +
          std::to_string(layout.height));
  }
  auto samples = std::make_unique<PictureSamples>(layout, *image);
  for (const std::string& file : files) {
    try {
      samples->add(read_picture(file));
    } catch (const Error& error) {
      progress.say("left out: " + std::string(error.what()));
    }
  }
  if (samples->size() == 0) malformed("--calibrate " + path + ": none of its pictures can be read");
  return samples;
}

std::unique_ptr<prune::Samples> read_arrays(const std::string& path, const std::vector<std::string>& files,
                                            const Graph& graph) {
  auto samples = std::make_unique<ArraySamples>();
  const Shape& input = graph.shape(graph.inputs[0]);
  for (const std::string& file : files) {
    const Tensor array = read_npy(file);
    if (std::any_of(array.f32.begin(), array.f32.end(), [](float x) { return !std::isfinite(x); })) {
      malformed(file + ": holds infinities or NaN");
    }
    if (!add_array(array, input, *samples)) {
      usage(file + ": has shape " + to_string(array.shape) + ", but the input is " + to_string(input) +
            "; samples go along a first dimension");
    }
  }
  if (samples->size() == 0) malformed("--calibrate " + path + ": holds no sample");
  return samples;
}

}  // namespace

std::unique_ptr<prune::Samples> read_samples(const std::string& path, const Graph& graph,
                                             const fbs::PreprocessingT* image, const Progress& progress) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    if (!error && is_picture_name(path)) return read_pictures(path, {path}, graph, image, progress);
    return read_arrays(path, {path}, graph);
  }
  std::vector<std::string> pictures, arrays;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::string name = entry.path().string();
    if (is_picture_name(name)) pictures.push_back(name);
    if (entry.path().extension() == ".npy") arrays.push_back(name);
  }
  if (error) malformed("--calibrate " + path + ": " + error.message());
  if (pictures.empty() && arrays.empty()) {
    malformed("--calibrate " + path + ": holds neither pictures (.jpg, .png) nor .npy files");
  }
  if (!pictures.empty() && !arrays.empty()) usage(path + ": holds pictures and .npy files; keep one kind of them");
  return pictures.empty() ? read_arrays(path, spread(arrays), graph)
                          : read_pictures(path, spread(pictures), graph, image, progress);
}

}  // namespace lacuna
