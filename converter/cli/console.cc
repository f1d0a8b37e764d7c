#include "converter/cli/console.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "converter/ir/error.h"

namespace lacuna {
namespace {

/// Bytes of the character at the start of `text`; 0 where that is not UTF-8 (RFC 3629: shortest form, no surrogates).
size_t utf8_bytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes > text.size()) return 0;
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool too_long = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool no_character = (lead == 0xed && byte(1) >= 0xa0) || (lead == 0xf4 && byte(1) >= 0x90);
  return too_long || no_character ? 0 : bytes;
}

/// Of ASCII, or the second set that some terminals obey (U+0080 to U+009F).
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  return first < 0x20 || first == 0x7f || (first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0);
}

}  // namespace

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
  std::string clean;
  const std::string_view all = text;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = utf8_bytes(all.substr(at));
    const bool shown = bytes > 0 && (!is_control(text.substr(at, bytes)) || (keep_lines && text[at] == '\n'));
    clean += shown ? text.substr(at, bytes) : "?";
    at += bytes == 0 ? 1 : bytes;
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
