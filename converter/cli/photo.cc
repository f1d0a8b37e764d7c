#include "converter/cli/photo.h"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

// clang-format off
#include <jpeglib.h>  // wants size_t and FILE before it
#include <jerror.h>
// clang-format on

#include "converter/ir/error.h"
#include "lacuna/lacuna_image.h"

namespace lacuna {
namespace {

constexpr uint64_t kMaxPixels = uint64_t{1} << 28;

bool starts_with(const InputFile& file, const char* magic, size_t bytes) {
  return file.bytes() >= bytes && std::memcmp(file.data(), magic, bytes) == 0;
}
bool is_jpeg(const InputFile& file) { return starts_with(file, "\xff\xd8\xff", 3); }
bool is_png(const InputFile& file) { return starts_with(file, "\x89PNG\r\n\x1a\n", 8); }
bool is_pnm(const InputFile& file) {
  return (starts_with(file, "P6", 2) || starts_with(file, "P5", 2)) && file.bytes() > 2 && std::isspace(file.data()[2]);
}

Photo make_photo(uint64_t width, uint64_t height, const std::string& path) {
  if (width == 0 || height == 0) malformed(path + ": a picture without pixels");
  if (width > kMaxPixels / height) {
    throw Error(ExitCode::kResourceLimit, path + ": has more than 2^28 pixels: shrink it first");
  }
  return {static_cast<uint32_t>(width), static_cast<uint32_t>(height), std::vector<uint8_t>(width * height * 3)};
}

/// libjpeg leaves by this when it meets an error.
struct JpegFailure {
  jpeg_error_mgr manager;
  std::jmp_buf leave;
  char message[JMSG_LENGTH_MAX];
};

void fail_jpeg(j_common_ptr jpeg) {
  auto* failure = reinterpret_cast<JpegFailure*>(jpeg->err);
  jpeg->err->format_message(jpeg, failure->message);
  std::longjmp(failure->leave, 1);
}

/// Counts damage alone: decoders pass over bytes that belong to nothing.
void count_jpeg_damage(j_common_ptr jpeg, int level) {
  if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA) ++jpeg->err->num_warnings;
}

/// Rows of red, green and blue from rows of what printers take, inverted as Adobe writes it.
void to_rgb(const uint8_t* cmyk, size_t pixels, uint8_t* rgb) {
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c)
      rgb[3 * i + c] = static_cast<uint8_t>((cmyk[4 * i + c] * cmyk[4 * i + 3] + 127) / 255);
  }
}

/// Between setjmp and the end nothing has a destructor.
bool decode_jpeg(const InputFile& file, jpeg_decompress_struct& jpeg, JpegFailure& failure, Photo& photo,
                 void (*allocate)(jpeg_decompress_struct&, Photo&)) {
  if (setjmp(failure.leave) != 0) return false;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, file.data(), static_cast<unsigned long>(file.bytes()));
  jpeg_read_header(&jpeg, TRUE);
  const bool printed = jpeg.num_components == 4;
  jpeg.out_color_space = printed ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  allocate(jpeg, photo);
  JSAMPARRAY cmyk = nullptr;  // libjpeg's, since longjmp passes over destructors
  if (printed) {
    cmyk = jpeg.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&jpeg), JPOOL_IMAGE, jpeg.output_width * 4, 1);
  }
  while (!photo.rgb.empty() && jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = photo.rgb.data() + size_t{jpeg.output_scanline} * jpeg.output_width * 3;
    jpeg_read_scanlines(&jpeg, printed ? cmyk : &row, 1);
    if (printed) to_rgb(cmyk[0], jpeg.output_width, row);
  }
  return true;
}

/// Turns pixels as the file's Exif data says.
Photo upright(Photo photo, const InputFile& file) {
  uint32_t rotation, mirror;
  lacuna_image_orientation(file.data(), file.bytes(), &rotation, &mirror);
  if (rotation == 0 && mirror == 0) return photo;
  const bool aside = rotation % 180 != 0;
  Photo turned{aside ? photo.height : photo.width, aside ? photo.width : photo.height,
               std::vector<uint8_t>(photo.rgb.size())};
  for (uint32_t y = 0; y < turned.height; ++y) {
    for (uint32_t i = 0; i < turned.width; ++i) {
      const uint32_t x = mirror != 0 ? turned.width - 1 - i : i;
      const uint32_t column = aside ? y : x, row = aside ? x : y;  // counted from the corner that rotation brings up
      const uint32_t from_x = rotation == 180 || rotation == 270 ? photo.width - 1 - column : column;
      const uint32_t from_y = rotation == 180 || rotation == 90 ? photo.height - 1 - row : row;
      std::memcpy(&turned.rgb[3 * (size_t{y} * turned.width + i)],
                  &photo.rgb[3 * (size_t{from_y} * photo.width + from_x)], 3);
    }
  }
  return turned;
}

Photo read_jpeg(const InputFile& file, const std::string& path) {
  jpeg_decompress_struct jpeg = {};
  JpegFailure failure = {};
  jpeg.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = fail_jpeg;
  failure.manager.output_message = [](j_common_ptr) {};
  failure.manager.emit_message = count_jpeg_damage;
  Photo photo;
  const bool good = decode_jpeg(file, jpeg, failure, photo, [](jpeg_decompress_struct& header, Photo& result) {
    const uint64_t width = header.output_width, height = header.output_height;
    result.width = header.output_width;
    result.height = header.output_height;
    if (width * height <= kMaxPixels) result.rgb.resize(width * height * 3);
  });
  const long warnings = failure.manager.num_warnings;
  jpeg_destroy_decompress(&jpeg);
  if (!good) malformed(path + ": a damaged JPEG: " + failure.message);
  if (warnings != 0) malformed(path + ": a damaged JPEG: the picture is cut off or holds wrong codes");
  if (photo.rgb.empty()) return make_photo(photo.width, photo.height, path);
  return upright(std::move(photo), file);
}

Photo read_png(const InputFile& file, const std::string& path) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, file.data(), file.bytes()) == 0) {
    malformed(path + ": a damaged PNG: " + image.message);
  }
  image.format = PNG_FORMAT_RGBA;  // RGB would blend over black: alpha is dropped as other tools do it
  std::vector<uint8_t> rgba;
  Photo photo;
  try {
    photo = make_photo(image.width, image.height, path);
    rgba.resize(size_t{image.width} * image.height * 4);
  } catch (...) {
    png_image_free(&image);
    throw;
  }
  if (png_image_finish_read(&image, nullptr, rgba.data(), 0, nullptr) == 0) {
    malformed(path + ": a damaged PNG: " + image.message);
  }
  for (size_t i = 0; i < rgba.size() / 4; ++i) std::memcpy(&photo.rgb[3 * i], &rgba[4 * i], 3);
  return photo;
}

/// The next number of a PNM header; 0 when there is none.
uint32_t next_number(const InputFile& file, size_t& at) {
  while (at < file.bytes() && (std::isspace(file.data()[at]) || file.data()[at] == '#')) {
    const bool comment = file.data()[at] == '#';
    while (comment && at < file.bytes() && file.data()[at] != '\n') ++at;
    if (at < file.bytes()) ++at;
  }
  uint32_t number = 0;
  for (; at < file.bytes() && std::isdigit(file.data()[at]) && number < 100000000; ++at) {
    number = number * 10 + static_cast<uint32_t>(file.data()[at] - '0');
  }
  return number;
}

Photo read_pnm(const InputFile& file, const std::string& path) {
  size_t at = 2;
  const uint32_t width = next_number(file, at), height = next_number(file, at), most = next_number(file, at);
  if (most != 255) malformed(path + ": a PPM or PGM whose largest value is not 255");
  Photo photo = make_photo(width, height, path);
  const bool gray = file.data()[1] == '5';
  const size_t bytes = photo.rgb.size() / (gray ? 3 : 1);
  if (++at > file.bytes() || file.bytes() - at < bytes) malformed(path + ": a PPM or PGM that is cut off");
  const uint8_t* pixels = file.data() + at;
  for (size_t i = 0; i < photo.rgb.size(); ++i) photo.rgb[i] = pixels[gray ? i / 3 : i];
  return photo;
}

}  // namespace

bool is_photo(const InputFile& file) { return is_jpeg(file) || is_png(file) || is_pnm(file); }

Photo read_photo(const InputFile& file, const std::string& path) {
  if (is_jpeg(file)) return read_jpeg(file, path);
  if (is_png(file)) return read_png(file, path);
  if (is_pnm(file)) return read_pnm(file, path);
  unsupported(path + ": is no JPEG, PNG or binary PPM");
}

}  // namespace lacuna
