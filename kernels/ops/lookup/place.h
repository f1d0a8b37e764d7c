// Which row of a table a number means.
#pragma once

#include <cstdint>

namespace lacuna {

/// `number` as a row of `rows`, cut towards zero; a negative one counts from the end. What is no row is the nearest
/// one, what is no number row 0: nothing outside of the table is ever read.
inline int64_t place_of(float number, int64_t rows) {
  const auto limit = static_cast<float>(rows);
  if (!(number > -limit)) return 0;
  if (number >= limit) return rows - 1;
  const auto place = static_cast<int64_t>(number);
  return place < 0 ? place + rows : place < rows ? place : rows - 1;
}

}  // namespace lacuna
