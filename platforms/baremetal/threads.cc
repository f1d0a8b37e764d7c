// No threads: a session with several needs the caller's parallel_for.
#include "platforms/platform.h"

namespace lacuna {

bool start_thread(Thread* /*thread*/, void* (* /*entry*/)(void*), void* /*argument*/) { return false; }
void join_thread(const Thread& /*thread*/) {}

Monitor::Monitor() = default;
Monitor::~Monitor() = default;
void Monitor::lock() {}
void Monitor::unlock() {}
void Monitor::wait() {}
void Monitor::notify_all() {}

}  // namespace lacuna
