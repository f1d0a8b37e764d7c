#include "converter/cli/table.h"

#include <doctest/doctest.h>

#include "converter/cli/console.h"

namespace lacuna {
namespace {

TEST_CASE("table: numbers") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1000) == "1,000");
  CHECK(with_commas(18446744073709551615u) == "18,446,744,073,709,551,615");
  CHECK(percent(0.1234) == "12.3%");
  CHECK(fixed(2.5, 2) == "2.50");
}

TEST_CASE("printable: what is not UTF-8 and what terminals obey becomes '?'") {
  const auto same = [](const std::string& text) { return printable(text) == text; };
  CHECK(same("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
  CHECK(printable("a\tb\nc\x7f\x1b") == "a?b?c??");
  CHECK(printable("a\nb\t", true) == "a\nb?");
  CHECK(printable("\xc2\x9b") == "?");
  CHECK(printable("\xc3") == "?");
  CHECK(printable("\xe3x") == "?x");
  CHECK(printable("\xc0\x80\xff") == "???");
  CHECK(printable("\xed\xa0\x80") == "???");
  CHECK(printable("\xf4\x90\x80\x80") == "????");
  CHECK(printable("\xe0\x80\x80") == "???");
}

TEST_CASE("table: long names keep their end, whole characters") {
  CHECK(shortened(std::string(40, 'x')) == std::string(40, 'x'));
  CHECK(shortened(std::string(41, 'x')) == "..." + std::string(37, 'x'));
  CHECK(shortened(std::string(20, 'x') + "\xc3\xa9" + std::string(36, 'y')) == "..." + std::string(36, 'y'));
}

TEST_CASE("table: columns are aligned, UTF-8 counts by characters, control characters vanish") {
  Table table({{"name"}, {"n", Table::Align::kRight}, {"why"}});
  table.add_row({"caf\xc3\xa9", "10", "a\x1b[2Jb"});
  table.add_row({"x", "7", ""});
  CHECK(table.to_string() == "name   n  why\ncaf\xc3\xa9  10  a?[2Jb\nx      7\n");
}

}  // namespace
}  // namespace lacuna
