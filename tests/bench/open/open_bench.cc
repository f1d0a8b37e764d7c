// Times what stands between a file in the page cache and the first run: mapping and verifying it, and preparing a
// session.
#include <lacuna/lacuna.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

constexpr int kRounds = 200;

double milliseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int bench(const char* path) {
  std::vector<double> opened, prepared;
  for (int round = 0; round < kRounds; ++round) {
    lacuna_model model;
    lacuna_error error;
    lacuna_session* session;
    size_t bytes = 0;
    const double start = milliseconds();
    if (lacuna_model_open_file(path, &model, &error) != LACUNA_OK ||
        lacuna_session_size(&model, nullptr, &bytes, &error) != LACUNA_OK) {
      std::fprintf(stderr, "%s\n", error.message);
      return 1;
    }
    const double open_end = milliseconds();
    const std::unique_ptr<void, void (*)(void*)> arena(std::aligned_alloc(LACUNA_ALIGNMENT, bytes), std::free);
    const double prepare_start = milliseconds();
    if (lacuna_session_init(&model, nullptr, arena.get(), bytes, &session, &error) != LACUNA_OK) {
      std::fprintf(stderr, "%s\n", error.message);
      return 1;
    }
    opened.push_back(open_end - start);
    prepared.push_back(milliseconds() - prepare_start);
    lacuna_session_end(session);
    lacuna_model_close(&model);
  }
  std::printf("%s: open and size %.3f ms, prepare %.3f ms (medians of %d)\n", path, median(opened), median(prepared),
              kRounds);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: open_bench MODEL.lcn...\n");
    return 2;
  }
  int status = 0;
  for (int i = 1; i < argc; ++i) status |= bench(argv[i]);
  return status;
}
