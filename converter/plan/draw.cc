#include <algorithm>

#include "converter/plan/plan.h"

namespace lacuna {

std::string draw_plan(const std::vector<Buffer>& buffers, uint64_t arena_bytes, int steps, int rows, int columns) {
  if (arena_bytes == 0 || steps == 0) return "";
  columns = std::min(columns, steps);
  const auto row_bytes = static_cast<double>(arena_bytes) / rows;
  std::string picture;
  for (int row = rows - 1; row >= 0; --row) {  // low addresses at the bottom
    const double address = (row + 0.5) * row_bytes;
    for (int column = 0; column < columns; ++column) {
      const int step = static_cast<int>((column + 0.5) * steps / columns);
      char cell = '.';
      for (size_t i = 0; i < buffers.size(); ++i) {
        const Buffer& buffer = buffers[i];
        const bool here = address >= static_cast<double>(buffer.offset) &&
                          address < static_cast<double>(buffer.offset + buffer.bytes) && step >= buffer.life.first &&
                          step <= buffer.life.last;
        if (here) cell = static_cast<char>('A' + i % 26);
      }
      picture += cell;
    }
    picture += '\n';
  }
  return picture;
}

}  // namespace lacuna
