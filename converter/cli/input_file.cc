#include "converter/cli/input_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "converter/cli/status.h"

namespace lacuna {

void require_regular_file(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) malformed(path + ": " + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) malformed(path + ": is a folder; give a file");
  if (!S_ISREG(status.st_mode)) malformed(path + ": is a pipe or a device; give a regular file");
  if (::access(path.c_str(), R_OK) != 0) malformed(path + ": " + std::strerror(errno));
}

InputFile::InputFile(const std::string& path) {
  require_regular_file(path);
  lacuna_error error = {};
  check(map_file(path.c_str(), &file_, &error), error);
}

}  // namespace lacuna
