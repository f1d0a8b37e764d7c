// Ctrl-C.
#pragma once

namespace camera {

/// From here on SIGINT and SIGTERM ask for the end instead of killing. Call once.
void catch_stop_signals();

/// Whether the end was asked for.
bool stop_asked();

/// Asks for the end, from any thread or signal handler.
void ask_stop();

/// A descriptor that becomes readable then, for poll().
int stop_descriptor();

/// Waits; returns early, with true, when the end is asked for.
bool wait_or_stop(int milliseconds);

}  // namespace camera
