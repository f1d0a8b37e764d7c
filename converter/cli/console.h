// What the program writes to its terminal: results to stdout, progress and errors to stderr.
#pragma once

#include <cstdio>
#include <string>

namespace lacuna {

/// The stream is a terminal that shows colours and NO_COLOR is not set.
bool wants_color(std::FILE* stream);

enum class Color { kBold, kRed };
/// `text` in a colour where the stream wants that, otherwise as it is.
std::string colored(const std::string& text, Color color, std::FILE* stream);

/// Text of a model as a terminal may see it: control characters (line feeds unless `keep_lines`) and what is not UTF-8
/// become '?'.
std::string printable(const std::string& text, bool keep_lines = false);

/// Result on stdout. Ignores a reader that has gone. Throws Error(kResourceLimit or kMalformed) when it cannot be
/// written.
void print(const std::string& text);

/// One line on stderr, "lacuna: ...".
void print_error(const std::string& message);

/// Lines of progress on stderr; none when quiet.
class Progress {
 public:
  explicit Progress(bool quiet) : quiet_(quiet) {}
  void say(const std::string& line) const;

 private:
  bool quiet_;
};

}  // namespace lacuna
