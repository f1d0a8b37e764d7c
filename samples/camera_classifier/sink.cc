#include "sink.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "failure.h"
#include "file.h"
#include "jpeg.h"
#include "stop.h"

namespace camera {
namespace {

constexpr int kFramesSide = 1280;
constexpr int kJpegQuality = 90;

class NoSink : public Sink {
 public:
  void show(const Report&, Canvas&) override {}
};

class JsonSink : public Sink {
 public:
  void show(const Report& report, Canvas&) override {
    size_t left = format_json(report, text_.data(), text_.size());
    for (const char* at = text_.data(); left > 0;) {
      const ssize_t put = ::write(STDOUT_FILENO, at, left);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0 && errno == EPIPE) return ask_stop();  // the reader has enough
      if (put < 0) throw Failure(std::string("standard output cannot be written: ") + std::strerror(errno));
      at += put;
      left -= static_cast<size_t>(put);
    }
  }

 private:
  std::vector<char> text_ = std::vector<char>(kJsonBytes);
};

class FramesSink : public Sink {
 public:
  explicit FramesSink(const std::string& folder) : folder_(folder) {
    struct stat status = {};
    if (::mkdir(folder.c_str(), 0777) != 0 && (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))) {
      throw Failure(folder + ": is no folder and cannot be made one");
    }
    path_.reserve(folder.size() + 32);
  }
  int picture_side() const override { return kFramesSide; }
  void show(const Report& report, Canvas& canvas) override {
    draw_panel(report, canvas);
    char name[32];
    std::snprintf(name, sizeof(name), "/%06zu.jpg", report.number);
    path_.assign(folder_).append(name);
    encoder_.encode(canvas.picture(), bytes_);
    if (const int error = write_file(path_.c_str(), bytes_.data(), bytes_.size()); error != 0) {
      throw Failure(path_ + ": cannot be written: " + std::strerror(error));
    }
  }

 private:
  std::string folder_, path_;
  JpegEncoder encoder_{kJpegQuality};
  std::vector<uint8_t> bytes_;
};

}  // namespace

namespace {

/// The part of a canvas that the panel covers.
struct Panel {
  int scale, line, margin, top;
  Colour tone;  ///< of the network: sparse or dense
};

void draw_classes(const Report& report, const Panel& panel, Canvas& canvas) {
  const int bar = canvas.width() / 4, height = 7 * panel.scale;
  int y = panel.top + panel.margin;
  for (const ClassScore& best : report.sight.top) {
    const int length = static_cast<int>(static_cast<float>(bar) * std::clamp(best.score, 0.0f, 1.0f));
    canvas.fill(panel.margin, y, panel.margin + bar, y + height, kGray);
    canvas.fill(panel.margin, y, panel.margin + std::max(length, panel.scale), y + height, panel.tone);
    char text[128];
    std::snprintf(text, sizeof(text), "%3.0f%% %s", static_cast<double>(best.score) * 100,
                  report.network.label(best.index).c_str());
    canvas.text(2 * panel.margin + bar, y, panel.scale, kWhite, text);
    y += panel.line;
  }
}

void draw_network(const Report& report, const Panel& panel, int y, Canvas& canvas) {
  char text[160];
  std::snprintf(text, sizeof(text), report.network.is_dense() ? "%s, dense" : "%s, %.0f%% of weights left",
                report.network.name().c_str(), report.network.density() * 100);
  const int end = canvas.text(panel.margin, y, panel.scale, panel.tone, text);
  if (report.twin == nullptr) return;
  std::snprintf(text, sizeof(text), "   T: %s", report.twin->name().c_str());
  canvas.text(end, y, panel.scale, kWhite, text);
}

void draw_times(const Report& report, const Panel& panel, int y, Canvas& canvas) {
  char text[128];
  std::snprintf(text, sizeof(text), "p50 %.1f ms  p95 %.1f ms  %.1f pictures/s  %s", report.stats.percentile(0.5),
                report.stats.percentile(0.95), report.stats.fps(), report.network.isa());
  canvas.text(panel.margin, y, panel.scale, kWhite, text);
}

/// A bar for each of the last pictures, the newest on the right; twice the median is as high as it gets.
void draw_chart(const Stats& stats, const Panel& panel, Canvas& canvas) {
  const int width = canvas.width() / 4, bottom = canvas.height() - panel.margin;
  const int height = bottom - panel.top - panel.margin;
  const double most = std::max(2 * stats.percentile(0.5), 1e-6);
  int right = canvas.width() - panel.margin;
  for (size_t age = 0; age < stats.kept() && right > canvas.width() - panel.margin - width; ++age) {
    const int tall = static_cast<int>(height * std::min(stats.work_ms(age) / most, 1.0));
    canvas.fill(right - panel.scale, bottom - tall, right, bottom, panel.tone);
    right -= panel.scale + 1;
  }
}

}  // namespace

void draw_panel(const Report& report, Canvas& canvas) {
  Panel panel = {};
  panel.scale = std::max(1, std::min(canvas.width(), canvas.height()) / 240);
  panel.line = 10 * panel.scale;
  panel.margin = 4 * panel.scale;
  const int classes = static_cast<int>(report.sight.top.size());
  panel.top = canvas.height() - (classes + 2) * panel.line - 2 * panel.margin;
  panel.tone = report.network.is_dense() ? kAmber : kGreen;
  canvas.darken(0, panel.top, canvas.width(), canvas.height());
  draw_chart(report.stats, panel, canvas);
  draw_classes(report, panel, canvas);
  const int y = panel.top + panel.margin + classes * panel.line;
  draw_network(report, panel, y, canvas);
  draw_times(report, panel, y + panel.line, canvas);
}

std::unique_ptr<Sink> open_sink(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon), where = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (text == "none") return std::make_unique<NoSink>();
  if (text == "jsonl") return std::make_unique<JsonSink>();
  if (kind == "frames" && !where.empty()) return std::make_unique<FramesSink>(where);
  if (kind == "web") return open_web(where);
  if (text == "window") {
#ifdef CAMERA_HAS_WINDOW
    return open_window();
#else
    throw UsageFailure(
        "--sink window: this build has no window (SDL2 was not there); --sink web shows the same in a browser");
#endif
  }
  throw UsageFailure("--sink " + text + ": give window, web, web:ADDRESS:PORT, jsonl, frames:DIR or none");
}

}  // namespace camera
