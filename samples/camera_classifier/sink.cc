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

void draw_panel(const Report& report, Canvas& canvas) {
  const int scale = std::max(1, std::min(canvas.width(), canvas.height()) / 240), line = 10 * scale, margin = 4 * scale;
  const int lines = static_cast<int>(report.sight.top.size()) + 2;
  const int top = canvas.height() - lines * line - 2 * margin;
  canvas.darken(0, top, canvas.width(), canvas.height());
  int y = top + margin;
  char text[128];
  const int bar = canvas.width() / 4;
  for (const ClassScore& best : report.sight.top) {
    const int length = static_cast<int>(static_cast<float>(bar) * std::clamp(best.score, 0.0f, 1.0f));
    canvas.fill(margin, y, margin + length, y + 7 * scale, kGreen);
    std::snprintf(text, sizeof(text), "%3.0f%% %s", static_cast<double>(best.score) * 100,
                  report.network.label(best.index).c_str());
    canvas.text(2 * margin + bar, y, scale, kWhite, text);
    y += line;
  }
  const bool dense = report.network.density() > 0.99;
  char density[32];
  std::snprintf(density, sizeof(density), "%.0f%% of weights", report.network.density() * 100);
  std::snprintf(text, sizeof(text), "%s  %s%s", report.network.name().c_str(), dense ? "dense" : density,
                report.twin != nullptr ? "  (T: switch)" : "");
  canvas.text(margin, y, scale, kWhite, text);
  std::snprintf(text, sizeof(text), "%.1f fps  p50 %.1f ms  p95 %.1f ms  %s", report.stats.fps(),
                report.stats.percentile(0.5), report.stats.percentile(0.95), report.network.isa());
  canvas.text(margin, y + line, scale, kWhite, text);
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
