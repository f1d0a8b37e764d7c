#include "converter/cli/picture.h"

// jpeglib.h needs FILE.
#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "converter/cli/input_file.h"
#include "converter/ir/error.h"

namespace lacuna {
namespace {

constexpr int64_t kMaxPixels = 100'000'000;
constexpr double kCubic = -0.5;

void check_size(const std::string& path, int64_t width, int64_t height) {
  if (width < 1 || height < 1) malformed(path + ": the picture is empty");
  if (width * height > kMaxPixels) throw Error(ExitCode::kResourceLimit, path + ": has more than 100 megapixels");
}

struct JpegError {
  jpeg_error_mgr base;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

void leave_jpeg(j_common_ptr info) {
  auto* error = reinterpret_cast<JpegError*>(info->err);
  error->base.format_message(info, error->message);
  std::longjmp(error->back, 1);
}

/// Nothing with a destructor lives between setjmp and longjmp. Returns whether it went well.
bool decode_jpeg(const InputFile& file, const std::string& path, Picture* picture, JpegError* error) {
  jpeg_decompress_struct info;
  info.err = jpeg_std_error(&error->base);
  error->base.error_exit = leave_jpeg;
  error->base.emit_message = [](j_common_ptr, int) {};
  if (setjmp(error->back) != 0) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), static_cast<unsigned long>(file.bytes()));
  jpeg_read_header(&info, TRUE);
  if (info.num_components == 4) {
    std::strcpy(error->message, "four ink colours; save it as RGB");
    jpeg_destroy_decompress(&info);
    return false;
  }
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  const bool fits = static_cast<int64_t>(info.output_width) * info.output_height <= kMaxPixels;
  if (fits) {
    picture->width = static_cast<int>(info.output_width);
    picture->height = static_cast<int>(info.output_height);
    const size_t row_bytes = static_cast<size_t>(picture->width) * 3;
    picture->pixels.resize(row_bytes * static_cast<size_t>(picture->height));
    while (info.output_scanline < info.output_height) {
      JSAMPROW row = picture->pixels.data() + info.output_scanline * row_bytes;
      jpeg_read_scanlines(&info, &row, 1);
    }
  }
  jpeg_abort_decompress(&info);
  jpeg_destroy_decompress(&info);
  if (!fits) check_size(path, kMaxPixels, 2);
  return true;
}

Picture read_jpeg(const InputFile& file, const std::string& path) {
  Picture picture;
  JpegError error;
  if (!decode_jpeg(file, path, &picture, &error)) malformed(path + ": not a whole JPEG picture: " + error.message);
  check_size(path, picture.width, picture.height);
  return picture;
}

Picture read_png(const InputFile& file, const std::string& path) {
  png_image image;
  std::memset(&image, 0, sizeof(image));
  image.version = PNG_IMAGE_VERSION;
  Picture picture;
  bool read = png_image_begin_read_from_memory(&image, file.data(), file.bytes()) != 0;
  if (read) {
    check_size(path, image.width, image.height);
    image.format = PNG_FORMAT_RGB;
    picture.width = static_cast<int>(image.width);
    picture.height = static_cast<int>(image.height);
    picture.pixels.resize(PNG_IMAGE_SIZE(image));
    const png_color white = {255, 255, 255};
    read = png_image_finish_read(&image, &white, picture.pixels.data(), 0, nullptr) != 0;
  }
  const std::string message = image.message;
  png_image_free(&image);
  if (!read) malformed(path + ": not a whole PNG picture: " + message);
  return picture;
}

double cubic(double x) {
  x = std::fabs(x);
  if (x < 1) return ((kCubic + 2) * x - (kCubic + 3)) * x * x + 1;
  if (x < 2) return ((kCubic * x - 5 * kCubic) * x + 8 * kCubic) * x - 4 * kCubic;
  return 0;
}

/// What one output pixel is made of along one side.
struct Taps {
  int first;
  std::vector<float> weights;
};

std::vector<Taps> make_taps(int from, int to) {
  const double scale = static_cast<double>(from) / to, stretch = std::max(scale, 1.0), reach = 2 * stretch;
  std::vector<Taps> all;
  for (int i = 0; i < to; ++i) {
    const double center = (i + 0.5) * scale;
    Taps taps;
    taps.first = std::max(0, static_cast<int>(center - reach + 0.5));
    const int last = std::min(from, static_cast<int>(center + reach + 0.5));
    double sum = 0;
    for (int k = taps.first; k < last; ++k) {
      const double weight = cubic((k - center + 0.5) / stretch);
      taps.weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    for (float& weight : taps.weights) weight = static_cast<float>(weight / sum);
    all.push_back(std::move(taps));
  }
  return all;
}

uint8_t to_byte(float x) { return static_cast<uint8_t>(std::clamp(std::lround(x), 0L, 255L)); }

}  // namespace

bool is_picture_name(const std::string& path) {
  std::string end = path.substr(std::min(path.size(), path.rfind('.')));
  for (char& c : end) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return end == ".jpg" || end == ".jpeg" || end == ".png";
}

Picture read_picture(const std::string& path) {
  const InputFile file(path);
  if (file.bytes() >= 8 && png_sig_cmp(file.data(), 0, 8) == 0) return read_png(file, path);
  if (file.bytes() >= 2 && file.data()[0] == 0xff && file.data()[1] == 0xd8) return read_jpeg(file, path);
  malformed(path + ": is neither a JPEG nor a PNG picture");
}

Picture resize(const Picture& picture, int width, int height) {
  if (picture.width == width && picture.height == height) return picture;
  const std::vector<Taps> across = make_taps(picture.width, width), down = make_taps(picture.height, height);
  Picture narrow{width, picture.height, {}};
  narrow.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(picture.height) * 3);
  uint8_t* out = narrow.pixels.data();
  for (int y = 0; y < picture.height; ++y) {
    for (const Taps& taps : across) {
      float sums[3] = {};
      const uint8_t* in = picture.at(taps.first, y);
      for (const float weight : taps.weights) {
        for (float& sum : sums) sum += weight * static_cast<float>(*in++);
      }
      for (const float sum : sums) *out++ = to_byte(sum);
    }
  }
  Picture result{width, height, {}};
  const size_t row = static_cast<size_t>(width) * 3;
  result.pixels.resize(row * static_cast<size_t>(height));
  out = result.pixels.data();
  std::vector<float> sums(row);
  for (const Taps& taps : down) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    const uint8_t* in = narrow.at(0, taps.first);
    for (const float weight : taps.weights) {
      for (size_t i = 0; i < row; ++i) sums[i] += weight * static_cast<float>(in[i]);
      in += row;
    }
    for (const float sum : sums) *out++ = to_byte(sum);
  }
  return result;
}

Picture crop(const Picture& picture, int left, int top, int width, int height) {
  Picture part{width, height, {}};
  for (int y = 0; y < height; ++y) {
    const uint8_t* row = picture.at(left, top + y);
    part.pixels.insert(part.pixels.end(), row, row + static_cast<size_t>(width) * 3);
  }
  return part;
}

}  // namespace lacuna
