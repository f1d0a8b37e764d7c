// Calls of the system and of the allocator that fail when told to. They stand in front of those of the C library.
#pragma once

#include <cstddef>

namespace lacuna::faults {

enum Kind : unsigned {
  kMemory = 1,   ///< malloc and its kin
  kFiles = 2,    ///< open, read, write, map, sync, rename and their kin
  kThreads = 4,  ///< pthread_create
};

/// Makes the `number`-th call (from 0) of these kinds fail, once. Counting starts anew.
void arm(unsigned kinds, size_t number);

/// Ends that. True: the call was reached, and failed.
bool disarm();

/// Files and mappings that were opened less those that were closed, since the program began.
long open_files();
long open_mappings();

}  // namespace lacuna::faults
