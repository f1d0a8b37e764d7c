#include "stop.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "failure.h"

namespace camera {
namespace {

volatile std::sig_atomic_t stop = 0;
int ends[2] = {-1, -1};

}  // namespace

void catch_stop_signals() {
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw Failure("the system gives no pipe");
  struct sigaction action = {};
  action.sa_handler = [](int) { ask_stop(); };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool stop_asked() { return stop != 0; }

void ask_stop() {
  stop = 1;
  const char byte = 0;
  if (::write(ends[1], &byte, 1) < 0) return;  // full: it was asked for before
}

int stop_descriptor() { return ends[0]; }

bool wait_or_stop(int milliseconds) {
  pollfd waiting = {ends[0], POLLIN, 0};
  ::poll(&waiting, 1, milliseconds);
  return stop_asked();
}

}  // namespace camera
