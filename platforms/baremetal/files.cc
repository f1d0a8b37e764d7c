// No files: models are part of the program's memory.
#include "platforms/platform.h"

namespace lacuna {

Status map_file(const char* path, MappedFile* /*file*/, lacuna_error* error) {
  return fail(error, LACUNA_ERROR_IO, "%.160s: there are no files here: open the model in memory", path);
}

Status copy_file(const char* path, MappedFile* file, lacuna_error* error) { return map_file(path, file, error); }

void unmap_file(const MappedFile& /*file*/) {}
void hint_sequential(const MappedFile& /*file*/) {}
void hint_needed(const void* /*data*/, size_t /*bytes*/) {}
void hint_done(const void* /*data*/, size_t /*bytes*/) {}

}  // namespace lacuna
