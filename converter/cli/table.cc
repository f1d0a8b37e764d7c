#include "converter/cli/table.h"

#include <algorithm>
#include <cstdio>

#include "converter/cli/console.h"

namespace lacuna {
namespace {

/// Characters of UTF-8 text: bytes that do not continue one.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string with_commas(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string percent(double fraction) { return fixed(fraction * 100, 1) + "%"; }

std::string fixed(double number, int digits) {
  char text[400];  // the largest double has 309 digits before the point
  std::snprintf(text, sizeof(text), "%.*f", digits, number);
  return text;
}

std::string shortened(const std::string& name) {
  constexpr size_t kMost = 40;
  if (name.size() <= kMost) return name;
  size_t start = name.size() - (kMost - 3);
  while (start < name.size() && (name[start] & 0xc0) == 0x80) ++start;  // never inside a character
  return "..." + name.substr(start);
}

void Table::add_row(const std::vector<std::string>& cells) {
  std::vector<std::string> row;
  for (const std::string& cell : cells) row.push_back(printable(cell));
  rows_.push_back(row);
}

std::string Table::to_string() const {
  std::vector<std::string> titles;
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    widths.push_back(width_of(titles[i]));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text = colored(line(titles, widths), Color::kBold, stdout) + "\n";
  for (const auto& row : rows_) text += line(row, widths) + "\n";
  return text;
}

std::string Table::line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const {
  std::string text;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::string padding(widths[i] - width_of(cells[i]), ' ');
    if (i > 0) text += "  ";
    text += columns_[i].align == Align::kRight ? padding + cells[i] : cells[i] + padding;
  }
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace lacuna
