#include "converter/cli/memory_model.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "converter/ir/error.h"
#include "sdk/base/align.h"

namespace lacuna {

MemoryModel::MemoryModel(const std::string& bytes) : memory_(std::aligned_alloc(kAlignment, align_up(bytes.size()))) {
  if (memory_ == nullptr) throw std::bad_alloc();
  std::memcpy(memory_.get(), bytes.data(), bytes.size());
  lacuna_error error = {};
  const auto expect_ok = [&](Status status) {
    if (status == LACUNA_OK) return;
    throw Error(ExitCode::kInternal, std::string("internal error: the file just made does not open: ") + error.message +
                                         "; nothing was written; please report it with the model");
  };
  expect_ok(open_model(memory_.get(), bytes.size(), &view_, &error));
  expect_ok(check_weights(view_, &error));
}

void MemoryModel::Free::operator()(void* memory) const { std::free(memory); }

}  // namespace lacuna
