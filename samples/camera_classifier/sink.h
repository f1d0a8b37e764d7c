// Where results go.
#pragma once

#include <memory>
#include <string>

#include "canvas.h"
#include "network.h"
#include "stats.h"

namespace camera {

/// One picture and what was seen in it.
struct Report {
  size_t number;     ///< of the picture, from 0
  const char* name;  ///< file name, or an empty text
  const Network& network;
  const Sight& sight;
  const Stats& stats;
  const Network* twin;  ///< the one to change over to, or null
};

class Sink {
 public:
  virtual ~Sink() = default;
  /// Pixels of the longer side of the picture that show() wants; 0: none.
  virtual int picture_side() const { return 0; }
  /// `canvas` has the picture with boxes drawn, if one is wanted. Throws Failure.
  virtual void show(const Report& report, Canvas& canvas) = 0;
  /// Whether the user asked since the last call for the other network.
  virtual bool wants_switch() { return false; }
};

/// Opens "window", "web[:ADDRESS:PORT]", "jsonl", "frames:DIR" or "none". Throws Failure.
std::unique_ptr<Sink> open_sink(const std::string& text);

std::unique_ptr<Sink> open_web(const std::string& address);
std::unique_ptr<Sink> open_window();

/// The report as one JSON object in `text`, which has room for `size` bytes; returns how many it takes.
size_t format_json(const Report& report, char* text, size_t size);
/// Bytes that are always enough.
constexpr size_t kJsonBytes = 64 << 10;

/// Draws the best classes, the network, frames per second and latency over the picture.
void draw_panel(const Report& report, Canvas& canvas);

}  // namespace camera
