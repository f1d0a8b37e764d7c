// The command line.
#pragma once

#include <string>

#include "network.h"
#include "source.h"

namespace camera {

struct Options {
  std::string model, twin;
  std::string source, sink;
  SourceOptions input;
  NetworkOptions network;
  Orientation orientation;
  size_t frames = 0;  ///< 0: until the end
  double fps = 0;     ///< most pictures a second; 0: as many as there are
  bool smooth_given = false;
};

/// Throws UsageFailure. Prints the help and leaves when it is asked for.
Options parse_options(int count, char** arguments);

}  // namespace camera
