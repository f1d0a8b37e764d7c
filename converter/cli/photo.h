// Pictures that the user names: JPEG, PNG and binary PPM or PGM.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converter/cli/input_file.h"

namespace lacuna {

/// Pixels of red, green and blue, row by row.
struct Photo {
  uint32_t width = 0, height = 0;
  std::vector<uint8_t> rgb;
};

/// Whether the file starts like a picture of a format that read_photo knows. Throws Error as InputFile does.
bool is_photo(const InputFile& file);

/// Decodes a picture and turns it upright; alpha is dropped, 16 bits become 8, cyan, magenta, yellow and black become
/// colours as Pillow makes them. `path` names it in messages. Throws Error: kMalformed for a
/// damaged picture, kUnsupported for one of another kind, kResourceLimit for more than 2^28 pixels.
Photo read_photo(const InputFile& file, const std::string& path);

}  // namespace lacuna
