#include "converter/cli/console.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "converter/ir/error.h"

namespace lacuna {

bool wants_color(std::FILE* stream) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  if (no_color != nullptr && *no_color != '\0') return false;
  return isatty(fileno(stream)) != 0 && (terminal == nullptr || std::strcmp(terminal, "dumb") != 0);
}

std::string colored(const std::string& text, Color color, std::FILE* stream) {
  if (!wants_color(stream)) return text;
  return (color == Color::kBold ? "\033[1m" : "\033[31m") + text + "\033[0m";
}

std::string printable(const std::string& text, bool keep_lines) {
  std::string clean = text;
  for (char& c : clean) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control && !(keep_lines && c == '\n')) c = '?';
  }
  return clean;
}

void print(const std::string& text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (written || errno == EPIPE) return;
  const ExitCode code = errno == ENOSPC ? ExitCode::kResourceLimit : ExitCode::kMalformed;
  throw Error(code, std::string("the result cannot be written to standard output: ") + std::strerror(errno));
}

void print_error(const std::string& message) {
  std::fprintf(stderr, "%s %s\n", colored("lacuna:", Color::kRed, stderr).c_str(), printable(message, true).c_str());
}

void Progress::say(const std::string& line) const {
  if (!quiet_) std::fprintf(stderr, "%s\n", printable(line).c_str());
}

}  // namespace lacuna
