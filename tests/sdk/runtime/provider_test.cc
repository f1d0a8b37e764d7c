#include "sdk/runtime/provider.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "converter/convert.h"
#include "lacuna/lacuna.hpp"
#include "tests/sdk/model_builder.h"
#include "tests/support/pass_check.h"

using namespace lacuna;

namespace {

/// A provider that takes the first step, with what it was asked to do. Its kernel does nothing, at once or late.
struct Calls {
  int made = 0, ran = 0, ended = 0;
};
Calls* calls_of_provider = nullptr;
bool provider_is_late = false;

constexpr lacuna_provider kIdle = {"idle", [](const lacuna_session&, uint32_t first) { return first == 0 ? 1u : 0u; },
                                   [](const lacuna_session&, uint32_t, uint32_t) {
                                     ++calls_of_provider->made;
                                     return ProvidedRegion{calls_of_provider, 100, 2};
                                   },
                                   [](void* calls) {
                                     ++static_cast<Calls*>(calls)->ran;
                                     if (provider_is_late) std::this_thread::sleep_for(std::chrono::milliseconds(20));
                                   },
                                   [](void* calls) { ++static_cast<Calls*>(calls)->ended; }};

/// Two convolutions that take so long that doing nothing is faster in spite of everything.
AlignedBytes slow_model() {
  TestNet net;
  net.output(net.conv(net.conv(net.input({1, 32, 48, 48}), 32, 3, 1), 8));
  const std::string bytes = convert(std::move(net.graph()), costs_of_target("generic"), {}).file;
  AlignedBytes file(bytes.size());
  memcpy(file.data(), bytes.data(), file.size());
  return file;
}

}  // namespace

TEST_CASE("session: a provider's region takes the place of its steps, and is ended with the session") {
  const AlignedBytes file = slow_model();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  Calls calls;
  calls_of_provider = &calls;
  provider_is_late = false;
  {
    SessionOptions options;
    options.provider = &kIdle;
    auto session = Session::make(*model, options);
    REQUIRE(session);
    const lacuna_provided provided = session->provided();
    CHECK(provided.provider == std::string("idle"));
    CHECK(provided.regions == 1);
    CHECK(provided.steps == 1);
    CHECK(provided.layout_changes == 2);
    CHECK(provided.bytes == 100);
    CHECK(session->step(0)->kernel == std::string("idle"));
    CHECK(session->step(1)->kernel != std::string("idle"));
    const int before = calls.ran;
    session->run();
    CHECK(calls.ran == before + 1);
    CHECK(calls.ended == 0);
  }
  CHECK(calls.made == 1);
  CHECK(calls.ended == 1);
}

TEST_CASE("session: a provider that is slower is ended at once, and own kernels run") {
  const AlignedBytes file = sample_model().file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  Calls calls;
  calls_of_provider = &calls;
  provider_is_late = true;
  SessionOptions options;
  options.provider = &kIdle;
  auto session = Session::make(*model, options);
  REQUIRE(session);
  CHECK(calls.ended == 1);
  CHECK(session->provided().regions == 0);
}
