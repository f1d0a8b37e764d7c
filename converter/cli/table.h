// Text for people: aligned columns and readable numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lacuna {

/// 1234567 as "1,234,567".
std::string with_commas(uint64_t number);

/// 0.123 as "12.3%".
std::string percent(double fraction);

/// A name for a table: a long one loses its beginning, which says less than its end.
std::string shortened(const std::string& name);

/// A number with this many digits behind the point.
std::string fixed(double number, int digits);

/// Columns as wide as their widest cell, two spaces apart.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns. Control characters in them are made harmless.
  void add_row(const std::vector<std::string>& cells);

  /// The title line, bold when stdout shows colours, and the rows, each ended by a line feed.
  std::string to_string() const;

 private:
  std::string line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace lacuna
