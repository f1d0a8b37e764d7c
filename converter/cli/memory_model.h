// An .lcn file that the converter has just made, opened as a device would.
#pragma once

#include <memory>
#include <string>

#include "sdk/format/model.h"

namespace lacuna {

class MemoryModel {
 public:
  /// Copies the bytes to aligned memory and opens them. A failure is a fault of the converter: Error(kInternal) with
  /// the runtime's message.
  explicit MemoryModel(const std::string& bytes);

  const ModelView& view() const { return view_; }
  /// The aligned bytes.
  const void* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<void, Free> memory_;
  ModelView view_ = {};
};

}  // namespace lacuna
