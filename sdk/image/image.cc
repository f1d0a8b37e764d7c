#include "sdk/image/image.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/pixels/pixels.h"
#include "platforms/cpu_features.h"
#include "sdk/base/status.h"
#include "sdk/image/taps.h"

namespace lacuna {
namespace {

constexpr uint32_t kMaxSide = 1u << 15;
/// Result columns that are made at once, and their taps.
constexpr int kMaxColumns = 256;
constexpr int kMaxWeights = 2048;
static_assert(kMaxTaps <= kMaxWeights && kMaxTaps + 2 <= kRunPixels, "a strip has room for one column");

Status check(bool good, const char* what, lacuna_error* error) {
  return good ? LACUNA_OK : fail(error, LACUNA_ERROR_INVALID_ARGUMENT, "%s", what);
}

/// Where the parts of a pixel lie.
struct Format {
  lacuna_image_format format;
  bool yuv;
  int planes;
  int step;         ///< bytes between pixels in plane 0
  int chroma_step;  ///< bytes between pairs of pixels
  struct {
    int plane, offset;
  } parts[kColours];  ///< red, green, blue or y, u, v
  bool half_rows;     ///< U and V have half of the rows, planes of their own
};

constexpr Format kFormats[] = {
    {LACUNA_IMAGE_RGB24, false, 1, 3, 0, {{0, 0}, {0, 1}, {0, 2}}, false},
    {LACUNA_IMAGE_BGR24, false, 1, 3, 0, {{0, 2}, {0, 1}, {0, 0}}, false},
    {LACUNA_IMAGE_RGBA, false, 1, 4, 0, {{0, 0}, {0, 1}, {0, 2}}, false},
    {LACUNA_IMAGE_BGRA, false, 1, 4, 0, {{0, 2}, {0, 1}, {0, 0}}, false},
    {LACUNA_IMAGE_GRAY, false, 1, 1, 0, {{0, 0}, {0, 0}, {0, 0}}, false},
    {LACUNA_IMAGE_YUYV, true, 1, 2, 4, {{0, 0}, {0, 1}, {0, 3}}, false},
    {LACUNA_IMAGE_UYVY, true, 1, 2, 4, {{0, 1}, {0, 0}, {0, 2}}, false},
    {LACUNA_IMAGE_NV12, true, 2, 1, 2, {{0, 0}, {1, 0}, {1, 1}}, true},
    {LACUNA_IMAGE_NV21, true, 2, 1, 2, {{0, 0}, {1, 1}, {1, 0}}, true},
    {LACUNA_IMAGE_I420, true, 3, 1, 1, {{0, 0}, {1, 0}, {2, 0}}, true},
};

const Format* find_format(lacuna_image_format format) {
  for (const Format& known : kFormats) {
    if (known.format == format) return &known;
  }
  return nullptr;
}

/// Bytes of a row of a plane.
size_t row_bytes_of(const Format& format, int plane, uint32_t width) {
  const size_t even = (size_t{width} + 1) / 2 * 2;
  if (plane > 0) return even / 2 * static_cast<size_t>(format.chroma_step);
  return (format.yuv && format.step == 2 ? even : width) * static_cast<size_t>(format.step);
}

uint32_t rows_of(const Format& format, int plane, uint32_t height) {
  return plane > 0 && format.half_rows ? (height + 1) / 2 : height;
}

YuvMatrix matrix_of(const lacuna_image& image) {
  // Recommendations ITU-R BT.601 and BT.709: what red and blue weigh in luma.
  const bool hd = image.matrix == LACUNA_IMAGE_BT709;
  const double red = hd ? 0.2126 : 0.299, blue = hd ? 0.0722 : 0.114, green = 1 - red - blue;
  const bool limited = image.range == LACUNA_IMAGE_LIMITED;
  const double luma = limited ? 255.0 / 219.0 : 1, chroma = limited ? 255.0 / 224.0 : 1;
  return {limited ? 16.0f : 0.0f,
          static_cast<float>(luma),
          static_cast<float>(2 * (1 - red) * chroma),
          static_cast<float>(-2 * (1 - blue) * blue / green * chroma),
          static_cast<float>(-2 * (1 - red) * red / green * chroma),
          static_cast<float>(2 * (1 - blue) * chroma)};
}

Status check_image(const lacuna_image* image, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check(image != nullptr, "image is null", error));
  LACUNA_RETURN_IF_ERROR(
      check(image->struct_bytes >= sizeof(lacuna_image), "image.struct_bytes is not its size", error));
  const Format* format = find_format(image->format);
  LACUNA_RETURN_IF_ERROR(check(format != nullptr, "image.format is none of lacuna_image_format", error));
  LACUNA_RETURN_IF_ERROR(
      check(image->width >= 1 && image->width <= kMaxSide && image->height >= 1 && image->height <= kMaxSide,
            "image.width and height must be 1 to 32768", error));
  for (int i = 0; i < format->planes; ++i) {
    LACUNA_RETURN_IF_ERROR(check(image->planes[i] != nullptr, "a plane of the image is null", error));
    const ptrdiff_t pitch = image->row_bytes[i];
    const auto gap = static_cast<size_t>(pitch < 0 ? -pitch : pitch);
    LACUNA_RETURN_IF_ERROR(
        check(gap >= row_bytes_of(*format, i, image->width) || rows_of(*format, i, image->height) == 1,
              "image.row_bytes is less than a row of pixels takes", error));
  }
  LACUNA_RETURN_IF_ERROR(check(image->chroma_step <= 2, "image.chroma_step must be 0, 1 or 2", error));
  LACUNA_RETURN_IF_ERROR(check(image->matrix == LACUNA_IMAGE_BT601 || image->matrix == LACUNA_IMAGE_BT709,
                               "image.matrix is none of lacuna_image_matrix", error));
  return check(image->range == LACUNA_IMAGE_LIMITED || image->range == LACUNA_IMAGE_FULL,
               "image.range is none of lacuna_image_range", error);
}

/// The tensor that is written: strides of channel, row and column.
struct Target {
  float* data;
  int channels, width, height;
  int64_t channel_stride, row_stride, column_stride;
};

Status check_target(const lacuna_tensor* tensor, Target* target, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check(tensor != nullptr && tensor->data != nullptr, "target or its data is null", error));
  LACUNA_RETURN_IF_ERROR(check(tensor->dtype == LACUNA_F32, "the target must have dtype LACUNA_F32", error));
  const int rank = tensor->rank;
  LACUNA_RETURN_IF_ERROR(check(rank == 3 || (rank == 4 && tensor->shape[0] == 1),
                               "the target must be [1, C, H, W], [1, H, W, C] or the same without the 1", error));
  const int64_t* shape = tensor->shape + rank - 3;
  const int64_t* strides = tensor->strides + rank - 3;
  const int channel = shape[0] == 3 || (shape[0] == 1 && shape[2] != 3) ? 0 : 2;
  const int row = channel == 0 ? 1 : 0;
  LACUNA_RETURN_IF_ERROR(
      check(shape[channel] == 1 || shape[channel] == 3, "the target must have 1 or 3 channels", error));
  for (int i = row; i < row + 2; ++i) {
    LACUNA_RETURN_IF_ERROR(
        check(shape[i] >= 1 && shape[i] <= kMaxSide, "the target's sides must be 1 to 32768", error));
  }
  *target = {static_cast<float*>(tensor->data),
             static_cast<int>(shape[channel]),
             static_cast<int>(shape[row + 1]),
             static_cast<int>(shape[row]),
             strides[channel],
             strides[row],
             strides[row + 1]};
  return LACUNA_OK;
}

struct Rect {
  double x, y, width, height;
};

Status check_transform(const lacuna_image_transform* transform, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check(transform != nullptr, "transform is null", error));
  const lacuna_image_transform& t = *transform;
  LACUNA_RETURN_IF_ERROR(check(t.struct_bytes >= sizeof(t), "transform.struct_bytes is not its size", error));
  LACUNA_RETURN_IF_ERROR(
      check(t.rotation % 90 == 0 && t.rotation < 360, "transform.rotation must be 0, 90, 180 or 270", error));
  LACUNA_RETURN_IF_ERROR(check(t.filter >= LACUNA_IMAGE_BILINEAR && t.filter <= LACUNA_IMAGE_BICUBIC,
                               "transform.filter is none of lacuna_image_filter", error));
  for (int c = 0; c < kColours; ++c) {
    LACUNA_RETURN_IF_ERROR(check(std::isfinite(t.fill[c]) && std::isfinite(t.mean[c]) && std::isfinite(t.scale[c]),
                                 "fill, mean and scale of the transform must be finite", error));
  }
  const bool none = t.crop_x == 0 && t.crop_y == 0 && t.crop_width == 0 && t.crop_height == 0;
  const auto inside = [](float at) {
    return at >= -static_cast<float>(kMaxSide) && at <= static_cast<float>(kMaxSide);
  };
  return check(none || (inside(t.crop_x) && inside(t.crop_y) && t.crop_width > 0 && t.crop_height > 0 &&
                        t.crop_width <= 2 * kMaxSide && t.crop_height <= 2 * kMaxSide),
               "the crop must have positive sides and lie within 32768 pixels", error);
}

bool is_turned(uint32_t rotation) { return rotation == 90 || rotation == 270; }

/// The crop in the picture as it is stored.
Rect stored_crop(const lacuna_image& image, const lacuna_image_transform& t) {
  const double width = image.width, height = image.height;
  const double upright_width = is_turned(t.rotation) ? height : width;
  const double upright_height = is_turned(t.rotation) ? width : height;
  Rect crop = {t.crop_x, t.crop_y, t.crop_width, t.crop_height};
  if (crop.width == 0) crop = {0, 0, upright_width, upright_height};
  if (t.mirror != 0) crop.x = upright_width - crop.x - crop.width;
  switch (t.rotation) {
    case 90:
      return {crop.y, height - crop.x - crop.width, crop.height, crop.width};
    case 180:
      return {width - crop.x - crop.width, height - crop.y - crop.height, crop.width, crop.height};
    case 270:
      return {width - crop.y - crop.height, crop.x, crop.height, crop.width};
    default:
      return crop;
  }
}

/// Turns the target instead of the picture: strides along the stored picture's rows and columns.
Target turned_target(Target target, const lacuna_image_transform& t) {
  if (t.mirror != 0) {
    target.data += (target.width - 1) * target.column_stride;
    target.column_stride = -target.column_stride;
  }
  if (t.rotation == 90 || t.rotation == 180) {  // stored y runs against upright x, or against upright y
    int64_t& stride = t.rotation == 90 ? target.column_stride : target.row_stride;
    target.data += ((t.rotation == 90 ? target.width : target.height) - 1) * stride;
    stride = -stride;
  }
  if (t.rotation == 270 || t.rotation == 180) {  // stored x runs against upright y, or against upright x
    int64_t& stride = t.rotation == 270 ? target.row_stride : target.column_stride;
    target.data += ((t.rotation == 270 ? target.height : target.width) - 1) * stride;
    stride = -stride;
  }
  if (is_turned(t.rotation)) {
    std::swap(target.row_stride, target.column_stride);
    std::swap(target.width, target.height);
  }
  return target;
}

/// Walks a result in strips of columns whose source fits a run.
class Resizer {
 public:
  Resizer(const lacuna_image& image, const lacuna_image_transform& transform, const Target& target, const Rect& crop,
          const PixelKernels& kernels)
      : image_(image),
        format_(*find_format(image.format)),
        transform_(transform),
        target_(target),
        kernels_(kernels),
        columns_(make_axis(crop.x, crop.width, static_cast<int>(image.width), target.width, transform.filter)),
        rows_(make_axis(crop.y, crop.height, static_cast<int>(image.height), target.height, transform.filter)),
        matrix_(matrix_of(image)) {}

  void run() {
    for (int at = 0; at < target_.width; at += strip_) {
      find_strip(at);
      for (int y = 0; y < target_.height; ++y) {
        sum_rows(y);
        write_row(at, y);
      }
    }
  }

 private:
  /// As many columns as fit, from `at` on. The run starts at an even pixel, where pairs start.
  void find_strip(int at) {
    taps_ = most_taps(columns_);
    const int most = std::min({kMaxColumns, kMaxWeights / taps_, target_.width - at});
    strip_ = 0;
    while (strip_ < most) {
      const int first = find_taps(columns_, at + strip_, weights_ + strip_ * taps_);
      if (strip_ == 0) run_begin_ = first & ~1;
      if (first - run_begin_ + taps_ > kRunPixels) break;
      first_[strip_++] = first - run_begin_;
    }
    const int needed = first_[strip_ - 1] + taps_;
    run_end_ = std::min(run_begin_ + needed, columns_.high);
  }

  /// sums_ becomes the source rows of result row `y`, weighted.
  void sum_rows(int y) {
    float weights[kMaxTaps];
    const int first = find_taps(rows_, y, weights);
    const int taps = most_taps(rows_);
    memset(sums_, 0, sizeof(sums_));
    for (int t = 0; t < taps; ++t) {
      if (weights[t] != 0) add_row(first + t, weights[t]);
    }
  }

  void add_row(int y, float weight) {
    const auto height = static_cast<int>(image_.height), width = static_cast<int>(image_.width);
    const bool outside = y < 0 || y >= height;
    const int begin = outside ? run_end_ : std::min(std::max(run_begin_, 0), run_end_);
    const int end = outside ? run_end_ : std::max(std::min(run_end_, width), begin);
    add_fill(run_begin_, begin, weight);
    add_fill(end, run_end_, weight);
    if (begin < end) kernels_.add(run_of(begin, y, end - begin), weight, sums_ + (begin - run_begin_));
  }

  void add_fill(int begin, int end, float weight) {
    for (int c = 0; c < kColours; ++c) {
      for (int x = begin; x < end; ++x) sums_[c * kSumStride + x - run_begin_] += weight * transform_.fill[c];
    }
  }

  PixelRun run_of(int x, int y, int count) const {
    PixelRun run = {format_.yuv, {}, format_.step, chroma_step(), count, matrix_};
    for (int i = 0; i < kColours; ++i) {
      const auto [plane, offset] = format_.parts[i];
      const bool half = plane > 0 && format_.half_rows;
      const auto* row =
          static_cast<const uint8_t*>(image_.planes[plane]) + image_.row_bytes[plane] * (half ? y / 2 : y);
      const bool pairs = format_.yuv && i > 0;
      run.planes[i] = row + offset + (pairs ? x / 2 * run.chroma_step : x * run.step);
    }
    return run;
  }

  int chroma_step() const {
    const bool own = format_.format == LACUNA_IMAGE_I420 && image_.chroma_step != 0;
    return own ? static_cast<int>(image_.chroma_step) : format_.chroma_step;
  }

  void write_row(int at, int y) {
    float lines[kColours][kMaxColumns];
    for (int c = 0; c < kColours; ++c) {
      kernels_.filter(sums_ + c * kSumStride, first_, weights_, taps_, strip_, lines[c]);
    }
    if (target_.channels == 1) {
      for (int x = 0; x < strip_; ++x) {
        lines[0][x] = 0.299f * lines[0][x] + 0.587f * lines[1][x] + 0.114f * lines[2][x];
      }
    } else if (transform_.bgr != 0) {
      std::swap(lines[0], lines[2]);
    }
    for (int c = 0; c < target_.channels; ++c) {
      float* out = target_.data + c * target_.channel_stride + y * target_.row_stride + at * target_.column_stride;
      const float mean = transform_.mean[c], scale = transform_.scale[c];
      for (int x = 0; x < strip_; ++x) {
        const float value = std::min(std::max(lines[c][x], 0.0f), 255.0f);  // BICUBIC overshoots
        out[x * target_.column_stride] = (value - mean) * scale;
      }
    }
  }

  const lacuna_image& image_;
  const Format& format_;
  const lacuna_image_transform& transform_;
  const Target target_;
  const PixelKernels& kernels_;
  const Axis columns_, rows_;
  const YuvMatrix matrix_;
  int strip_ = 0;                    ///< columns of the strip
  int taps_ = 0;                     ///< of each column
  int run_begin_ = 0, run_end_ = 0;  ///< source pixels of the strip
  int32_t first_[kMaxColumns] = {};  ///< of the run, for each column
  float weights_[kMaxWeights];
  float sums_[kColours * kSumStride];
};

}  // namespace

lacuna_status image_to_tensor(const lacuna_image* image, const lacuna_image_transform* transform,
                              const lacuna_tensor* tensor, IsaMask isas, lacuna_error* error) {
  Target target;
  LACUNA_RETURN_IF_ERROR(check_image(image, error));
  LACUNA_RETURN_IF_ERROR(check_transform(transform, error));
  LACUNA_RETURN_IF_ERROR(check_target(tensor, &target, error));
  const Rect crop = stored_crop(*image, *transform);
  target = turned_target(target, *transform);
  LACUNA_RETURN_IF_ERROR(
      check(crop.width <= double{kMaxShrink} * target.width && crop.height <= double{kMaxShrink} * target.height,
            "the crop is more than 64 times as large as the target: shrink it in two steps", error));
  Resizer(*image, *transform, target, crop, *select_pixels(isas).kernels).run();
  return LACUNA_OK;
}

}  // namespace lacuna

using namespace lacuna;  // NOLINT(google-build-using-namespace): this file is the C face of the namespace

lacuna_status lacuna_image_describe(lacuna_image_format format, uint32_t width, uint32_t height, const void* pixels,
                                    size_t bytes, lacuna_image* image, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check(image != nullptr, "image is null", error));
  *image = {};
  const Format* known = find_format(format);
  LACUNA_RETURN_IF_ERROR(check(known != nullptr, "format is none of lacuna_image_format", error));
  lacuna_image described = {};
  described.struct_bytes = sizeof(described);
  described.format = format;
  described.width = width;
  described.height = height;
  const auto* at = static_cast<const uint8_t*>(pixels);
  size_t needed = 0;
  for (int i = 0; i < known->planes && width <= kMaxSide && height <= kMaxSide; ++i) {
    const size_t row_bytes = row_bytes_of(*known, i, width);
    described.planes[i] = at == nullptr ? nullptr : at + needed;
    described.row_bytes[i] = static_cast<ptrdiff_t>(row_bytes);
    needed += row_bytes * rows_of(*known, i, height);
  }
  LACUNA_RETURN_IF_ERROR(check_image(&described, error));
  if (bytes < needed) {
    return fail(error, LACUNA_ERROR_WRONG_SIZE, "%zu bytes; %u x %u pixels of this format take %zu", bytes, width,
                height, needed);
  }
  *image = described;
  return LACUNA_OK;
}

lacuna_image_transform lacuna_image_transform_default(void) {
  lacuna_image_transform transform = {};
  transform.struct_bytes = sizeof(transform);
  for (float& scale : transform.scale) scale = 1;
  return transform;
}

lacuna_status lacuna_image_to_tensor(const lacuna_image* image, const lacuna_image_transform* transform,
                                     const lacuna_tensor* target, lacuna_error* error) {
  return image_to_tensor(image, transform, target, cpu_isas(), error);
}
