// Orientation of a JPEG: tag 0x0112 of the first directory of its Exif segment (Exif 3.0, section 4.6.5; TIFF 6.0,
// section 2). Nothing in the file is trusted: what does not fit says nothing.
#include <cstring>

#include "lacuna/lacuna_image.h"
#include "sdk/base/span.h"

namespace lacuna {
namespace {

constexpr uint16_t kOrientation = 0x0112;
constexpr uint16_t kShort = 3;
constexpr size_t kEntryBytes = 12;

/// Numbers of a TIFF block, little-endian ("II") or big-endian ("MM"); 0 beyond its end.
class Tiff {
 public:
  explicit Tiff(Span<const uint8_t> bytes) : bytes_(bytes), big_(bytes.size > 0 && bytes.data[0] == 'M') {}

  uint32_t number(size_t at, size_t count) const {
    if (at > bytes_.size || bytes_.size - at < count) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | bytes_.data[at + (big_ ? i : count - 1 - i)];
    return value;
  }
  uint32_t u16(size_t at) const { return number(at, 2); }
  uint32_t u32(size_t at) const { return number(at, 4); }

 private:
  Span<const uint8_t> bytes_;
  bool big_;
};

/// 1 to 8, or 0 when the block does not say.
uint32_t orientation_of(const Tiff& tiff) {
  if (tiff.u16(2) != 42) return 0;
  const size_t directory = tiff.u32(4);
  const size_t entries = tiff.u16(directory);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (tiff.u16(entry) == kOrientation && tiff.u16(entry + 2) == kShort) return tiff.u16(entry + 8);
  }
  return 0;
}

/// What stands in the Exif segment behind its name; empty without one.
Span<const uint8_t> find_exif(Span<const uint8_t> jpeg) {
  size_t at = 2;  // behind the marker that starts a picture
  while (at + 4 <= jpeg.size && jpeg.data[at] == 0xff) {
    const uint8_t marker = jpeg.data[at + 1];
    const size_t bytes = size_t{jpeg.data[at + 2]} << 8 | jpeg.data[at + 3];  // with these two
    if (marker == 0xda || bytes < 2 || jpeg.size - at - 2 < bytes) break;     // 0xda: pixels follow
    if (marker == 0xe1 && bytes >= 8 && std::memcmp(jpeg.data + at + 4, "Exif\0", 6) == 0) {
      return {jpeg.data + at + 10, bytes - 8};
    }
    at += 2 + bytes;
  }
  return {};
}

}  // namespace
}  // namespace lacuna

void lacuna_image_orientation(const void* jpeg, size_t bytes, uint32_t* rotation, uint32_t* mirror) {
  static constexpr uint32_t kTurns[9][2] = {{0, 0},  {0, 0},  {0, 1},   {180, 0}, {180, 1},
                                            {90, 1}, {90, 0}, {270, 1}, {270, 0}};
  const auto* data = static_cast<const uint8_t*>(jpeg);
  uint32_t orientation = 0;
  if (bytes > 2 && data[0] == 0xff && data[1] == 0xd8) {
    orientation = lacuna::orientation_of(lacuna::Tiff(lacuna::find_exif({data, bytes})));
  }
  if (orientation > 8) orientation = 0;
  *rotation = kTurns[orientation][0];
  *mirror = kTurns[orientation][1];
}
