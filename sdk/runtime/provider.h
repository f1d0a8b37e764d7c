// Other people's kernels for whole regions of steps.
#pragma once

#include <cstddef>
#include <cstdint>

struct lacuna_session;

/// What a provider made for a region.
struct ProvidedRegion {
  void* handle = nullptr;       ///< null: it could not
  size_t bytes = 0;             ///< of memory outside the arena
  uint32_t layout_changes = 0;  ///< values that a run brings into the provider's layout or back
};

/// The session is bound: operands have their places. Steps of a region read and write these as if they had run one by
/// one, except values that only the region reads. What is made may allocate; run neither fails nor allocates.
struct lacuna_provider {
  const char* name;
  /// How many steps from `first` on it would take as one region; 0: not the first.
  uint32_t (*claim)(const lacuna_session& session, uint32_t first);
  ProvidedRegion (*make)(const lacuna_session& session, uint32_t first, uint32_t count);
  void (*run)(void* handle);
  void (*end)(void* handle);
};
