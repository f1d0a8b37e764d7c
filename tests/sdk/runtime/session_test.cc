#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <thread>

#include "lacuna/lacuna.hpp"
#include "tests/sdk/model_builder.h"

using namespace lacuna;

namespace {

/// Runs the loop backwards and on changing thread numbers.
void backwards(void* calls, uint32_t count, lacuna_task task, void* task_context) {
  ++*static_cast<int*>(calls);
  for (uint32_t i = count; i-- > 0;) task(task_context, i, i % 2);
}

std::vector<float> sample_input(float scale) {
  std::vector<float> x;
  for (uint32_t i = 0; i < kSampleElements; ++i) x.push_back(scale * (static_cast<float>(i % 7) - 3.0f));
  return x;
}

struct SampleOutputs {
  std::vector<float> joined = std::vector<float>(2 * kSampleUnits);
  std::vector<float> bias = std::vector<float>(kSampleElements);
  std::vector<float> flat = std::vector<float>(kSampleElements);
};

SampleOutputs expected(const std::vector<float>& x) {
  SampleOutputs out;
  for (uint32_t i = 0; i < kSampleElements; ++i) {
    out.bias[i] = sample_bias(i);
    out.flat[i] = std::max(x[i], 0.0f) + sample_bias(i);
  }
  for (uint32_t unit = 0; unit < kSampleUnits; ++unit) {
    out.joined[unit] = 1.0f;
    for (uint32_t k = 0; k < kSampleElements; ++k) out.joined[unit] += out.flat[k] * sample_weight(unit, k);
    out.joined[kSampleUnits + unit] = out.flat[3 + unit];
  }
  return out;
}

void check_equal(const std::vector<float>& actual, const std::vector<float>& wanted) {
  for (size_t i = 0; i < wanted.size(); ++i) CHECK(actual[i] == doctest::Approx(wanted[i]).epsilon(1e-5));
}

void run_and_check(Session& session, float scale) {
  const std::vector<float> x = sample_input(scale);
  SampleOutputs out;
  REQUIRE(session.set_input(0, x.data(), x.size() * 4) == LACUNA_OK);
  session.run();
  REQUIRE(session.get_output(0, out.joined.data(), out.joined.size() * 4) == LACUNA_OK);
  REQUIRE(session.get_output(1, out.bias.data(), out.bias.size() * 4) == LACUNA_OK);
  REQUIRE(session.get_output(2, out.flat.data(), out.flat.size() * 4) == LACUNA_OK);
  const SampleOutputs wanted = expected(x);
  check_equal(out.joined, wanted.joined);
  check_equal(out.bias, wanted.bias);
  check_equal(out.flat, wanted.flat);
}

}  // namespace

TEST_CASE(
    "session: right results on every ISA, with every way of threading, in an arena of exact size that holds NaN") {
  const AlignedBytes file = sample_model().file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  int calls = 0;
  for (const char* isa : isas()) {
    for (const uint32_t threads : {1u, 2u, 3u, 7u}) {
      for (const bool own_pool : {true, false}) {
        CAPTURE(isa);
        CAPTURE(threads);
        CAPTURE(own_pool);
        SessionOptions options;
        options.isa = isa;
        options.threads = threads;
        if (!own_pool) {
          options.parallel_for = backwards;
          options.parallel_for_context = &calls;
        }
        const auto bytes = Session::size(*model, options);
        REQUIRE(bytes);
        CHECK(*bytes % LACUNA_ALIGNMENT == 0);
        const AlignedBytes arena(*bytes);
        memset(arena.data(), 0xff, *bytes);
        auto session = Session::make_in(arena.data(), *bytes, *model, options);
        REQUIRE(session);
        CHECK(std::string(session->isa()) == isa);
        run_and_check(*session, 1.0f);
        run_and_check(*session, -2.5f);  // nothing is left over from the run before
      }
    }
  }
}

TEST_CASE("session: a large step has the same result on one thread, in the pool and in the caller's loop") {
  constexpr uint32_t kElements = 1u << 18;
  ModelBuilder builder;
  const uint32_t x = builder.input("x", {kElements}, builder.buffer(kElements));
  fbs::UnaryAttrsT sigmoid;
  sigmoid.function = fbs::Activation(fbs::UnaryKind::Sigmoid, 0.0f, 0.0f);
  builder.program.outputs = {builder.step("y", std::move(sigmoid), {x}, {kElements}, builder.buffer(kElements))};
  builder.set_lives();
  const AlignedBytes file = builder.file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  std::vector<float> input(kElements);
  for (uint32_t i = 0; i < kElements; ++i) input[i] = static_cast<float>(i % 1000) * 0.01f - 5.0f;

  int calls = 0;
  const auto output_with = [&](uint32_t threads, bool own_pool) {
    SessionOptions options;
    options.threads = threads;
    if (!own_pool) {
      options.parallel_for = backwards;
      options.parallel_for_context = &calls;
    }
    auto session = Session::make(*model, options);
    REQUIRE(session);
    std::vector<float> output(kElements);
    session->set_input(0, input.data(), input.size() * 4);
    session->run();
    session->get_output(0, output.data(), output.size() * 4);
    return output;
  };
  const std::vector<float> one = output_with(1, true);
  CHECK(one == output_with(2, true));
  CHECK(one == output_with(3, true));
  CHECK(one == output_with(2, false));
  CHECK_MESSAGE(calls == 1, "the step was split, by the caller's loop");
}

TEST_CASE("session: an arena one byte short or unaligned") {
  const AlignedBytes file = sample_model().file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  const size_t bytes = *Session::size(*model);
  const AlignedBytes arena(bytes + LACUNA_ALIGNMENT);
  lacuna_error error = {};
  CHECK_FALSE(Session::make_in(arena.data(), bytes - 1, *model, {}, &error));
  CHECK(error.status == LACUNA_ERROR_ARENA_TOO_SMALL);
  CHECK(std::string(error.message).find(std::to_string(bytes)) != std::string::npos);
  CHECK(std::string(error.message).find(std::to_string(bytes - 1)) != std::string::npos);
  CHECK_FALSE(Session::make_in(arena.data() + 32, bytes, *model, {}, &error));
  CHECK(error.status == LACUNA_ERROR_ARENA_UNALIGNED);
}

TEST_CASE("session: wrong options and arguments") {
  const AlignedBytes file = sample_model().file();
  auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  lacuna_error error = {};
  SessionOptions options;
  options.threads = 0;
  CHECK_FALSE(Session::size(*model, options, &error));
  CHECK(error.status == LACUNA_ERROR_INVALID_ARGUMENT);
  options.threads = 65;
  CHECK_FALSE(Session::size(*model, options, &error));
  CHECK(error.status == LACUNA_ERROR_INVALID_ARGUMENT);
  options = {};
  options.struct_bytes = 8;
  CHECK_FALSE(Session::size(*model, options, &error));
  CHECK(error.status == LACUNA_ERROR_INVALID_ARGUMENT);
  options = {};
  options.isa = "sse9";
  CHECK_FALSE(Session::size(*model, options, &error));
  CHECK(error.status == LACUNA_ERROR_UNSUPPORTED_ISA);

  auto session = Session::make(*model, {}, &error);
  REQUIRE_MESSAGE(session, error.message);
  std::vector<float> data(kSampleElements);
  CHECK(session->set_input(1, data.data(), data.size() * 4, &error) == LACUNA_ERROR_NO_SUCH_TENSOR);
  CHECK(session->set_input(0, data.data(), data.size() * 4 - 1, &error) == LACUNA_ERROR_WRONG_SIZE);
  const void* odd = reinterpret_cast<const char*>(data.data()) + 1;
  CHECK(session->set_input(0, odd, data.size() * 4, &error) == LACUNA_ERROR_INVALID_ARGUMENT);
  CHECK(session->set_input(0, nullptr, data.size() * 4, &error) == LACUNA_ERROR_INVALID_ARGUMENT);
  CHECK(session->get_output(3, data.data(), data.size() * 4, &error) == LACUNA_ERROR_NO_SUCH_TENSOR);
  CHECK_FALSE(session->step(6));
  lacuna_session* none = nullptr;
  CHECK(lacuna_session_init(model->get(), nullptr, nullptr, 0, &none, &error) == LACUNA_ERROR_INVALID_ARGUMENT);
  CHECK(none == nullptr);
}

TEST_CASE("session: models and sessions can be moved") {
  const AlignedBytes file = sample_model().file();
  auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  SessionOptions options;
  options.threads = 2;
  auto session = Session::make(*model, options);
  REQUIRE(session);
  const Model moved_model = std::move(*model);
  Session moved = std::move(*session);
  run_and_check(moved, 1.5f);
}

TEST_CASE("session: tensors describe themselves") {
  const AlignedBytes file = sample_model().file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  const auto x = model->input(0);
  REQUIRE(x);
  CHECK(std::string(x->name) == "x");
  CHECK(x->rank == 4);
  CHECK(x->shape[1] == 2);
  CHECK(x->strides[1] == 16);
  CHECK(x->bytes == kSampleElements * 4);
  CHECK(x->data == nullptr);
  CHECK_FALSE(model->input(1));
  CHECK(model->output_count() == 3);

  auto session = Session::make(*model);
  REQUIRE(session);
  const auto in_arena = session->input(0);
  REQUIRE(in_arena);
  CHECK(reinterpret_cast<uintptr_t>(in_arena->data) % LACUNA_ALIGNMENT == 0);
  const auto step = session->step(3);
  REQUIRE(step);
  CHECK(std::string(step->name) == "fc");
  CHECK(std::string(step->op) == "FullyConnected");
  CHECK(std::string(step->packing) == "DenseRows16");
  CHECK(step->weights == kSampleUnits * kSampleElements);
  CHECK(step->last_ns == 0);
  CHECK(std::string(session->step(0)->packing) == "-");
}

TEST_CASE("session: profiling times steps") {
  const AlignedBytes file = sample_model().file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  SessionOptions options;
  options.profile = 1;
  auto session = Session::make(*model, options);
  REQUIRE(session);
  uint64_t total = 0;
  for (int run = 0; run < 100 && total == 0; ++run) {
    session->run();
    for (size_t i = 0; i < session->step_count(); ++i) total += session->step(i)->last_ns;
  }
  CHECK(total > 0);
}

TEST_CASE("session: two of one model in two threads do not disturb each other") {
  const AlignedBytes file = sample_model().file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  std::vector<std::vector<float>> results(2, std::vector<float>(kSampleElements));
  std::vector<std::thread> threads;
  for (size_t t = 0; t < results.size(); ++t) {
    threads.emplace_back([&, t] {
      auto session = Session::make(*model);
      const std::vector<float> x = sample_input(static_cast<float>(t + 1));
      for (int run = 0; run < 200; ++run) {
        session->set_input(0, x.data(), x.size() * 4);
        session->run();
        session->get_output(2, results[t].data(), results[t].size() * 4);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t t = 0; t < results.size(); ++t) {
    check_equal(results[t], expected(sample_input(static_cast<float>(t + 1))).flat);
  }
}

TEST_CASE("session: a run flushes denormals and leaves the caller's floating-point state alone") {
  const AlignedBytes file = sample_model().file();
  const auto model = Model::open(file.data(), file.size());
  REQUIRE(model);
  auto session = Session::make(*model);
  REQUIRE(session);
  session->run();
  volatile float tiny = 1e-38f;
  volatile float half = 0.5f;
  CHECK(std::fpclassify(tiny * half) == FP_SUBNORMAL);
}

TEST_CASE("open_file: good files, and reasons for those that are not") {
  const AlignedBytes file = sample_model().file();
  char path[] = "lacuna_session_test_XXXXXX";
  const int descriptor = mkstemp(path);
  REQUIRE(descriptor >= 0);
  lacuna_error error = {};
  CHECK_FALSE(Model::open_file(path, &error));
  CHECK(error.status == LACUNA_ERROR_IO);
  CHECK(std::string(error.message).find("empty") != std::string::npos);

  FILE* out = fdopen(descriptor, "wb");
  REQUIRE(fwrite(file.data(), 1, file.size(), out) == file.size());
  REQUIRE(fclose(out) == 0);
  {
    auto model = Model::open_file(path, &error);
    REQUIRE_MESSAGE(model, error.message);
    CHECK(model->check_weights() == LACUNA_OK);
    lacuna_model plain;
    REQUIRE(lacuna_model_open_file(path, &plain, &error) == LACUNA_OK);
    lacuna_model_close(&plain);
    auto session = Session::make(*model);
    REQUIRE(session);
    run_and_check(*session, 1.0f);
  }
  std::remove(path);

  CHECK_FALSE(Model::open_file(path, &error));
  CHECK(error.status == LACUNA_ERROR_IO);
  CHECK(std::string(error.message).find("No such file") != std::string::npos);
  CHECK_FALSE(Model::open_file(".", &error));
  CHECK(error.status == LACUNA_ERROR_IO);
  CHECK_FALSE(Model::open_file("/dev/null", &error));
  CHECK(error.status == LACUNA_ERROR_IO);
}

TEST_CASE("names: every status and the version have one") {
  for (const lacuna_status status :
       {LACUNA_OK, LACUNA_ERROR_TRUNCATED, LACUNA_ERROR_NOT_A_MODEL, LACUNA_ERROR_VERSION, LACUNA_ERROR_HASH,
        LACUNA_ERROR_STRUCTURE, LACUNA_ERROR_MEANING, LACUNA_ERROR_UNSUPPORTED_OPERATOR, LACUNA_ERROR_UNSUPPORTED_DTYPE,
        LACUNA_ERROR_UNSUPPORTED_ISA, LACUNA_ERROR_ARENA_TOO_SMALL, LACUNA_ERROR_ARENA_UNALIGNED, LACUNA_ERROR_THREADS,
        LACUNA_ERROR_IO, LACUNA_ERROR_TOO_LARGE, LACUNA_ERROR_INVALID_ARGUMENT, LACUNA_ERROR_NO_SUCH_TENSOR}) {
    CHECK(std::string(lacuna_status_name(status)).rfind("LACUNA_", 0) == 0);
  }
  CHECK(std::string(lacuna_status_name(LACUNA_ERROR_WRONG_SIZE)) == "LACUNA_ERROR_WRONG_SIZE");
  CHECK(std::string(lacuna_status_name(static_cast<lacuna_status>(9))) == "unknown lacuna_status");
  CHECK(std::string(lacuna_version()) == "0.1.0");
  CHECK(std::string(isas().front()) == "scalar");
}
