#include "converter/cli/calibration.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "converter/cli/npy.h"
#include "converter/cli/photo.h"
#include "lacuna/lacuna_image.h"

namespace lacuna {
namespace {

/// More samples than this bring next to nothing and take memory.
constexpr size_t kMaxSamples = 1000;
/// Pictures are kept this much larger than the input, so that parts of them can be cut out.
constexpr double kMargin = 8.0 / 7.0;
/// Sides of a varied picture's part, of the side that the network sees in use, and how much one may be longer than the
/// other, as a natural logarithm.
constexpr double kLeastPart = 0.3, kMostPart = 1.2, kStretch = 0.25;
/// How often varied pictures are turned, have colours of their own (with channels in the other order), show another
/// picture through themselves, hold a rectangle of one, and one rectangle more.
constexpr double kTurned = 0.1, kColoured = 0.6, kSwapped = 0.05, kBlended = 0.35, kPasted = 0.5, kPastedAgain = 0.3;
/// Of contrast, as a natural logarithm, and of brightness, of 255: for the picture, half of it for each channel.
constexpr double kContrast = 0.2, kBrightness = 12;

[[noreturn]] void usage(const std::string& message) { throw Error(ExitCode::kUsage, "--calibrate " + message); }

/// A rectangle of a picture, in its pixels; all 0: the whole.
struct Part {
  float x, y, width, height;
};

/// Writes a part of the picture as `transform` says into a contiguous tensor of this shape.
void write_part(const Photo& photo, const Part& part, lacuna_image_transform transform, const Shape& shape,
                float* data) {
  lacuna_image image;
  lacuna_error error;
  lacuna_tensor target = {};
  target.rank = shape.rank;
  target.data = data;
  int64_t step = 1;
  for (int i = shape.rank - 1; i >= 0; step *= shape[i--]) {
    target.shape[i] = shape[i];
    target.strides[i] = step;
  }
  transform.crop_x = part.x;
  transform.crop_y = part.y;
  transform.crop_width = part.width;
  transform.crop_height = part.height;
  if (lacuna_image_describe(LACUNA_IMAGE_RGB24, photo.width, photo.height, photo.rgb.data(), photo.rgb.size(), &image,
                            &error) != LACUNA_OK ||
      lacuna_image_to_tensor(&image, &transform, &target, &error) != LACUNA_OK) {
    usage(std::string("pictures: ") + error.message);
  }
}

Photo resized(const Photo& photo, double width, double height) {
  Photo small = {static_cast<uint32_t>(std::lround(width)), static_cast<uint32_t>(std::lround(height)), {}};
  std::vector<float> values(size_t{small.width} * small.height * 3);
  lacuna_image_transform transform = lacuna_image_transform_default();
  transform.filter = LACUNA_IMAGE_BICUBIC;
  write_part(photo, {}, transform, make_shape({small.height, small.width, 3}), values.data());
  for (const float value : values) small.rgb.push_back(static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f)));
  return small;
}

/// Pictures about as large as the input, with the part that preprocessing takes.
class PictureSamples : public prune::Samples {
 public:
  PictureSamples(const Shape& input, const fbs::PreprocessingT& image)
      : input_(input), image_(image), transform_(lacuna_image_transform_default()) {
    channels_last_ = input[1] != static_cast<int64_t>(image.mean.size());
    width_ = static_cast<double>(input[channels_last_ ? 2 : 3]);
    height_ = static_cast<double>(input[channels_last_ ? 1 : 2]);
    transform_.filter = static_cast<lacuna_image_filter>(image.filter);
    transform_.bgr = image.bgr ? 1 : 0;
    for (size_t c = 0; c < 3; ++c) {
      const size_t from = std::min(c, image.mean.size() - 1);
      transform_.mean[c] = image.mean[from];
      transform_.scale[c] = 1 / image.std[from];
    }
  }

  void add(const Photo& photo) {
    const double w = photo.width, h = photo.height;
    if (image_.resize_short_side != 0) {
      const double scale = image_.resize_short_side / std::min(w, h);
      add(resized(photo, w * scale, h * scale), width_, height_);
    } else if (image_.letterbox) {
      const double scale = std::min(width_ / w, height_ / h) * kMargin;
      add(resized(photo, std::max(w * scale, 1.0), std::max(h * scale, 1.0)), width_ * kMargin, height_ * kMargin);
    } else {
      const Photo wide = resized(photo, width_ * kMargin, height_ * kMargin);
      add(wide, wide.width, wide.height);
    }
  }

  size_t size() const override { return photos_.size(); }

  std::vector<float> plain(size_t i) const override { return input_of(i, parts_[i], transform_); }

  /// A part of another size from another place, mirrored, turned, in other colours, mixed with parts of other pictures:
  /// what many pictures would show together, from few.
  std::vector<float> varied(size_t i, std::mt19937& rng) const override {
    std::vector<float> input = part_of(i, rng);
    if (happens(kBlended, rng)) blend(part_of(rng() % photos_.size(), rng), rng, input);
    if (!happens(kPasted, rng)) return input;
    do {
      paste(part_of(rng() % photos_.size(), rng), rng, input);
    } while (happens(kPastedAgain, rng));
    return input;
  }

 private:
  static double uniform(std::mt19937& rng) { return static_cast<double>(rng()) / 4294967296.0; }
  static bool happens(double how_often, std::mt19937& rng) { return uniform(rng) < how_often; }
  /// In [-most, most].
  static double around_zero(double most, std::mt19937& rng) { return most * (2 * uniform(rng) - 1); }

  std::vector<float> part_of(size_t i, std::mt19937& rng) const {
    lacuna_image_transform transform = transform_;
    transform.filter = LACUNA_IMAGE_LINEAR;
    transform.mirror = happens(0.5, rng) ? 1 : 0;
    if (happens(kTurned, rng)) transform.rotation = 90 * (1 + static_cast<uint32_t>(rng() % 3));
    if (happens(kColoured, rng)) colour(rng, transform);
    if (happens(kSwapped, rng)) transform.bgr = 1 - transform.bgr;
    return input_of(i, draw_part(photos_[i], transform.rotation % 180 != 0, rng), transform);
  }

  /// `on_its_side`: the picture is turned by a quarter.
  Part draw_part(const Photo& photo, bool on_its_side, std::mt19937& rng) const {
    const double photo_width = on_its_side ? photo.height : photo.width;
    const double photo_height = on_its_side ? photo.width : photo.height;
    const double most = std::min({photo_width / width_, photo_height / height_, kMostPart});
    const double least = std::min(kLeastPart, most), scale = least + uniform(rng) * (most - least);
    const double stretch = std::exp(around_zero(kStretch, rng));
    const double width = std::min(photo_width, scale * stretch * width_);
    const double height = std::min(photo_height, scale / stretch * height_);
    return make_part(uniform(rng) * (photo_width - width), uniform(rng) * (photo_height - height), width, height);
  }

  /// Other contrast and brightness, a little more or less in each channel.
  static void colour(std::mt19937& rng, lacuna_image_transform& transform) {
    const double contrast = around_zero(kContrast, rng), brightness = around_zero(kBrightness, rng);
    for (size_t c = 0; c < 3; ++c) {
      transform.scale[c] *= static_cast<float>(std::exp(contrast + around_zero(kContrast / 2, rng)));
      transform.mean[c] += static_cast<float>(brightness + around_zero(kBrightness / 2, rng));
    }
  }

  /// A tenth to a half of the other one.
  static void blend(const std::vector<float>& other, std::mt19937& rng, std::vector<float>& to) {
    const auto part = static_cast<float>(0.1 + 0.4 * uniform(rng));
    for (size_t k = 0; k < to.size(); ++k) to[k] += part * (other[k] - to[k]);
  }

  /// Puts a rectangle of one input, about half of each side, into another at the same place.
  void paste(const std::vector<float>& from, std::mt19937& rng, std::vector<float>& to) const {
    const auto height = static_cast<int64_t>(height_), width = static_cast<int64_t>(width_);
    const auto range = [&rng](int64_t side) {
      const double length = static_cast<double>(side) * (0.3 + 0.4 * uniform(rng));
      const double begin = uniform(rng) * (static_cast<double>(side) - length);
      return std::pair(static_cast<int64_t>(begin), static_cast<int64_t>(begin + length));
    };
    const auto [top, bottom] = range(height);
    const auto [left, right] = range(width);
    const int64_t channels = count(input_) / (height * width);
    for (int64_t i = 0; i < count(input_); ++i) {
      const int64_t pixel = channels_last_ ? i / channels : i % (height * width);
      const int64_t y = pixel / width, x = pixel % width;
      if (y >= top && y < bottom && x >= left && x < right) to[static_cast<size_t>(i)] = from[static_cast<size_t>(i)];
    }
  }

  static Part make_part(double x, double y, double width, double height) {
    return {static_cast<float>(x), static_cast<float>(y), static_cast<float>(width), static_cast<float>(height)};
  }

  /// The part lies in the middle; it may reach beyond the picture.
  void add(Photo photo, double width, double height) {
    parts_.push_back(make_part((photo.width - width) / 2, (photo.height - height) / 2, width, height));
    photos_.push_back(std::move(photo));
  }

  std::vector<float> input_of(size_t i, const Part& part, const lacuna_image_transform& transform) const {
    std::vector<float> input(static_cast<size_t>(count(input_)));
    write_part(photos_[i], part, transform, input_, input.data());
    return input;
  }

  Shape input_;
  const fbs::PreprocessingT& image_;
  lacuna_image_transform transform_;
  bool channels_last_;
  double width_, height_;  ///< of the input
  std::vector<Photo> photos_;
  std::vector<Part> parts_;
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
  if (image->mean.size() != 1 && image->mean.size() != 3) usage(path + ": pictures have one or three channels");
  auto samples = std::make_unique<PictureSamples>(graph.shape(graph.inputs[0]), *image);
  for (const std::string& file : files) {
    try {
      samples->add(read_photo(InputFile(file), file));
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

bool holds_photo(const std::string& path, const Progress& progress) {
  try {
    return is_photo(InputFile(path));
  } catch (const Error& error) {
    progress.say("left out: " + std::string(error.what()));
    return false;
  }
}

}  // namespace

std::unique_ptr<prune::Samples> read_samples(const std::string& path, const Graph& graph,
                                             const fbs::PreprocessingT* image, const Progress& progress) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    if (is_photo(InputFile(path))) return read_pictures(path, {path}, graph, image, progress);
    return read_arrays(path, {path}, graph);
  }
  std::vector<std::string> pictures, arrays;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::string name = entry.path().string();
    if (!entry.is_regular_file(error)) continue;
    if (entry.path().extension() == ".npy") {
      arrays.push_back(name);
    } else if (holds_photo(name, progress)) {
      pictures.push_back(name);
    }
  }
  if (error) malformed("--calibrate " + path + ": " + error.message());
  if (pictures.empty() && arrays.empty()) {
    malformed("--calibrate " + path + ": holds neither pictures (JPEG, PNG) nor .npy files");
  }
  if (!pictures.empty() && !arrays.empty()) usage(path + ": holds pictures and .npy files; keep one kind of them");
  return pictures.empty() ? read_arrays(path, spread(arrays), graph)
                          : read_pictures(path, spread(pictures), graph, image, progress);
}

}  // namespace lacuna
