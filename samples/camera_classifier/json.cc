#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "sink.h"

namespace camera {
namespace {

/// Text in a buffer of fixed size; what does not fit is left out.
class Text {
 public:
  Text(char* text, size_t size) : text_(text), size_(size) { text_[0] = '\0'; }

  __attribute__((format(printf, 2, 3))) void add(const char* format, ...) {
    va_list args;
    va_start(args, format);
    const int length = std::vsnprintf(text_ + used_, size_ - used_, format, args);
    va_end(args);
    if (length > 0 && static_cast<size_t>(length) < size_ - used_) used_ += static_cast<size_t>(length);
  }
  void add_string(const char* string) {
    add("\"");
    for (; *string != '\0'; ++string) {
      const auto c = static_cast<unsigned char>(*string);
      if (c < 0x20) {
        add("\\u%04x", c);
      } else {
        add(c == '"' || c == '\\' ? "\\%c" : "%c", c);
      }
    }
    add("\"");
  }
  size_t used() const { return used_; }

 private:
  char* text_;
  size_t size_;
  size_t used_ = 0;
};

double number(double x) { return std::isfinite(x) ? x : 0; }  // JSON knows no others

void add_detection(const Detection& d, Text& text) {
  text.add("{\"score\":%.4f,\"box\":[%.4f,%.4f,%.4f,%.4f],\"keypoints\":[", number(d.score), number(d.left),
           number(d.top), number(d.right), number(d.bottom));
  for (int k = 0; k < d.keypoints; ++k) text.add("%s[%.4f,%.4f]", k == 0 ? "" : ",", number(d.x[k]), number(d.y[k]));
  text.add("]}");
}

}  // namespace

size_t format_json(const Report& report, char* buffer, size_t size) {
  Text text(buffer, size);
  text.add("{\"frame\":%zu,\"name\":", report.number);
  text.add_string(report.name);
  text.add(",\"model\":");
  text.add_string(report.network.name().c_str());
  text.add(",\"density\":%.4f,\"isa\":\"%s\",\"twin\":", report.network.density(), report.network.isa());
  if (report.twin != nullptr) {
    text.add_string(report.twin->name().c_str());
  } else {
    text.add("null");
  }
  text.add(",\"prepare_ms\":%.3f,\"run_ms\":%.3f,\"fps\":%.2f,\"p50_ms\":%.3f,\"p95_ms\":%.3f", report.sight.prepare_ms,
           report.sight.run_ms, report.stats.fps(), report.stats.percentile(0.5), report.stats.percentile(0.95));
  if (report.network.is_detector()) {
    text.add(",\"detector\":\"%s\",\"detections\":[", report.network.detector_kind().name);
    for (const Detection& d : report.sight.detections) {
      if (&d != report.sight.detections.data()) text.add(",");
      add_detection(d, text);
    }
  } else {
    text.add(",\"top\":[");
    for (const ClassScore& top : report.sight.top) {
      text.add("%s{\"index\":%zu,\"score\":%.5f,\"label\":", &top == report.sight.top.data() ? "" : ",", top.index,
               number(top.score));
      text.add_string(report.network.label(top.index).c_str());
      text.add("}");
    }
  }
  text.add("]}\n");
  return text.used();
}

}  // namespace camera
