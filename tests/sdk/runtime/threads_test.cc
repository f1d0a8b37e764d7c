// Many sessions of one model in many threads, and the same bytes however work is split. Run under ThreadSanitizer too.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "lacuna/lacuna.hpp"
#include "tests/sdk/golden.h"
#include "tests/sdk/model_builder.h"

using namespace lacuna;

namespace {

using Inputs = std::vector<std::vector<float>>;

/// A network of tests/golden, with inputs for it.
struct Network {
  explicit Network(const std::string& name) : file(0) {
    const std::string bytes = read_golden(golden_path("accept/" + name));
    file = AlignedBytes(bytes.size());
    memcpy(file.data(), bytes.data(), bytes.size());
    const auto model = Model::open(file.data(), file.size());
    REQUIRE(model);
    for (size_t i = 0; i < model->input_count(); ++i) {
      inputs.emplace_back(model->input(i)->bytes / sizeof(float));
      for (size_t at = 0; at < inputs[i].size(); ++at) inputs[i][at] = static_cast<float>(at * 37 % 64) / 32.0f - 1.0f;
    }
  }

  AlignedBytes file;
  Inputs inputs;
};

/// All networks of several steps.
std::vector<std::string> networks() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(golden_path("accept"))) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() == ".lcn" && name.rfind("network-", 0) == 0) names.push_back(name);
  }
  return names;
}

/// Bytes of all outputs after a run in an arena full of 0xff.
std::vector<float> run(const Model& model, const Inputs& inputs, const SessionOptions& options, int runs = 1) {
  std::vector<float> all;
  const auto bytes = Session::size(model, options);
  if (!bytes) return all;
  const AlignedBytes arena(*bytes);
  memset(arena.data(), 0xff, *bytes);
  auto session = Session::make_in(arena.data(), *bytes, model, options);
  if (!session) return all;
  for (int i = 0; i < runs; ++i) {
    all.clear();
    for (size_t at = 0; at < inputs.size(); ++at) session->set_input(at, inputs[at].data(), inputs[at].size() * 4);
    session->run();
    for (size_t at = 0; at < model.output_count(); ++at) {
      std::vector<float> y(model.output(at)->bytes / sizeof(float));
      session->get_output(at, y.data(), y.size() * 4);
      all.insert(all.end(), y.begin(), y.end());
    }
  }
  return all;
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return !a.empty() && a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The caller's pool: a thread for each of two halves.
void two_threads(void* /*context*/, uint32_t count, lacuna_task task, void* task_context) {
  std::thread other([&] {
    for (uint32_t i = 1; i < count; i += 2) task(task_context, i, 1);
  });
  for (uint32_t i = 0; i < count; i += 2) task(task_context, i, 0);
  other.join();
}

}  // namespace

TEST_CASE("threads: any number of them gives the same bytes on the same instruction set") {
  REQUIRE(networks().size() >= 4);
  for (const std::string& name : networks()) {
    CAPTURE(name);
    const Network network(name);
    const auto model = Model::open(network.file.data(), network.file.size());
    REQUIRE(model);
    for (const char* isa : isas()) {
      CAPTURE(isa);
      SessionOptions options;
      options.isa = isa;
      const std::vector<float> one = run(*model, network.inputs, options);
      for (const uint32_t threads : {1u, 2u, 3u, 5u, 8u}) {
        CAPTURE(threads);
        options.threads = threads;
        CHECK(same_bytes(one, run(*model, network.inputs, options, 2)));
      }
      options.threads = 2;
      options.parallel_for = two_threads;
      CHECK(same_bytes(one, run(*model, network.inputs, options)));
    }
  }
}

TEST_CASE("threads: eight of them share a model, each with sessions of its own, some with pools") {
  const Network network(networks()[0]);
  const auto model = Model::open(network.file.data(), network.file.size());
  REQUIRE(model);
  const std::vector<float> expected = run(*model, network.inputs, {});
  constexpr size_t kThreads = 8;
  std::vector<std::vector<float>> results(kThreads);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      SessionOptions options;
      options.threads = t % 3 == 0 ? 3 : 1;
      for (int session = 0; session < 4; ++session) results[t] = run(*model, network.inputs, options, 5);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& result : results) CHECK(same_bytes(expected, result));
}

TEST_CASE("threads: a session may move from thread to thread between calls") {
  const Network network(networks()[1]);
  const auto model = Model::open(network.file.data(), network.file.size());
  REQUIRE(model);
  const std::vector<float> expected = run(*model, network.inputs, {});
  SessionOptions options;
  options.threads = 2;
  auto session = Session::make(*model, options);
  REQUIRE(session);
  std::vector<float> all;
  std::thread([&] {
    for (size_t i = 0; i < network.inputs.size(); ++i) {
      session->set_input(i, network.inputs[i].data(), network.inputs[i].size() * 4);
    }
  }).join();
  std::thread([&] { session->run(); }).join();
  for (size_t i = 0; i < model->output_count(); ++i) {
    std::vector<float> y(model->output(i)->bytes / sizeof(float));
    session->get_output(i, y.data(), y.size() * 4);
    all.insert(all.end(), y.begin(), y.end());
  }
  CHECK(same_bytes(expected, all));
}
