// Lacuna in C++17: owners around lacuna.h, whose manual applies. Header-only, without exceptions.
//
//   lacuna_error error;
//   auto model = lacuna::Model::open_file("net.lcn", &error);
//   if (!model) { fputs(error.message, stderr); return 1; }
//   auto session = lacuna::Session::make(*model, {}, &error);           // allocates its arena, once
//   if (!session) { fputs(error.message, stderr); return 1; }
//   session->set_input(0, pixels, pixel_bytes, &error);
//   session->run();
//   session->get_output(0, scores, score_bytes, &error);
//
// What can fail gives an empty optional or a status other than LACUNA_OK, and fills `error` unless that is null.
#ifndef LACUNA_LACUNA_HPP_
#define LACUNA_LACUNA_HPP_

#include <cstddef>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "lacuna/lacuna.h"

namespace lacuna {

/// Names of this CPU's instruction sets that the library has kernels for, lowest first.
inline std::vector<const char*> isas() {
  std::vector<const char*> names(lacuna_isas(nullptr, 0));
  lacuna_isas(names.data(), names.size());
  return names;
}

/// Options of opening a file; members as in lacuna_open_options.
struct OpenOptions : lacuna_open_options {
  OpenOptions() : lacuna_open_options(lacuna_open_options_default()) {}
};

/// An open model. Can be moved while it has sessions, must outlive them.
class Model {
 public:
  /// Maps a file. Errors: those of lacuna_model_open_file().
  static std::optional<Model> open_file(const char* path, lacuna_error* error = nullptr) {
    return open_file(path, OpenOptions(), error);
  }

  /// Maps or copies a file. Errors: those of lacuna_model_open_file_with().
  static std::optional<Model> open_file(const char* path, const OpenOptions& options, lacuna_error* error = nullptr) {
    Model model;
    if (lacuna_model_open_file_with(path, &options, &model.model_, error) != LACUNA_OK) return std::nullopt;
    return model;
  }

  /// Borrows bytes aligned to LACUNA_ALIGNMENT. Errors: those of lacuna_model_open().
  static std::optional<Model> open(const void* data, size_t bytes, lacuna_error* error = nullptr) {
    Model model;
    if (lacuna_model_open(data, bytes, &model.model_, error) != LACUNA_OK) return std::nullopt;
    return model;
  }

  Model(Model&& other) noexcept : model_(std::exchange(other.model_, lacuna_model{})) {}
  Model& operator=(Model&& other) noexcept {
    std::swap(model_, other.model_);
    return *this;
  }
  ~Model() { lacuna_model_close(&model_); }

  lacuna_status check_weights(lacuna_error* error = nullptr) const {
    return lacuna_model_check_weights(&model_, error);
  }

  size_t input_count() const { return lacuna_model_input_count(&model_); }
  size_t output_count() const { return lacuna_model_output_count(&model_); }

  /// Empty for an index out of range.
  std::optional<lacuna_tensor> input(size_t index) const { return described(lacuna_model_input, index); }
  std::optional<lacuna_tensor> output(size_t index) const { return described(lacuna_model_output, index); }

  const lacuna_model* get() const { return &model_; }

 private:
  Model() = default;

  template <class Describe>
  std::optional<lacuna_tensor> described(Describe describe, size_t index) const {
    lacuna_tensor tensor;
    if (describe(&model_, index, &tensor, nullptr) != LACUNA_OK) return std::nullopt;
    return tensor;
  }

  lacuna_model model_ = {};
};

/// Options of a session; members as in lacuna_session_options.
struct SessionOptions : lacuna_session_options {
  SessionOptions() : lacuna_session_options(lacuna_session_options_default()) {}
};

/// A prepared model in an arena of its own or of the caller's.
class Session {
 public:
  /// Bytes of arena that a session takes. Errors: those of lacuna_session_size().
  static std::optional<size_t> size(const Model& model, const SessionOptions& options = {},
                                    lacuna_error* error = nullptr) {
    size_t bytes = 0;
    if (lacuna_session_size(model.get(), &options, &bytes, error) != LACUNA_OK) return std::nullopt;
    return bytes;
  }

  /// Builds a session in the caller's arena, which stays the session's until its end.
  /// Errors: those of lacuna_session_init().
  static std::optional<Session> make_in(void* arena, size_t arena_bytes, const Model& model,
                                        const SessionOptions& options = {}, lacuna_error* error = nullptr) {
    Session session;
    if (lacuna_session_init(model.get(), &options, arena, arena_bytes, &session.session_, error) != LACUNA_OK) {
      return std::nullopt;
    }
    return session;
  }

  /// Allocates an arena and builds a session in it. Errors: those of make_in(); without memory, ARENA_TOO_SMALL.
  static std::optional<Session> make(const Model& model, const SessionOptions& options = {},
                                     lacuna_error* error = nullptr) {
    const std::optional<size_t> bytes = size(model, options, error);
    if (!bytes) return std::nullopt;
    void* arena = std::aligned_alloc(LACUNA_ALIGNMENT, *bytes);  // a session's size is a multiple of the alignment
    // Without memory: an aligned arena of no bytes, so that the error says how many are needed.
    alignas(LACUNA_ALIGNMENT) static char none[LACUNA_ALIGNMENT];
    std::optional<Session> session = make_in(arena ? arena : none, arena ? *bytes : 0, model, options, error);
    if (session) {
      session->own_arena_ = arena;
    } else {
      std::free(arena);
    }
    return session;
  }

  Session(Session&& other) noexcept
      : session_(std::exchange(other.session_, nullptr)), own_arena_(std::exchange(other.own_arena_, nullptr)) {}
  Session& operator=(Session&& other) noexcept {
    std::swap(session_, other.session_);
    std::swap(own_arena_, other.own_arena_);
    return *this;
  }
  ~Session() {
    lacuna_session_end(session_);
    std::free(own_arena_);
  }

  lacuna_status set_input(size_t index, const void* data, size_t bytes, lacuna_error* error = nullptr) {
    return lacuna_session_set_input(session_, index, data, bytes, error);
  }
  lacuna_status get_output(size_t index, void* data, size_t bytes, lacuna_error* error = nullptr) const {
    return lacuna_session_get_output(session_, index, data, bytes, error);
  }
  void run() { lacuna_session_run(session_); }

  /// What the session leaves to a provider.
  lacuna_provided provided() const {
    lacuna_provided result = {};
    lacuna_session_provided(session_, &result, nullptr);
    return result;
  }

  /// With `data`, for access in place. Empty for an index out of range.
  std::optional<lacuna_tensor> input(size_t index) {
    lacuna_tensor tensor;
    if (lacuna_session_input(session_, index, &tensor, nullptr) != LACUNA_OK) return std::nullopt;
    return tensor;
  }
  std::optional<lacuna_tensor> output(size_t index) {
    lacuna_tensor tensor;
    if (lacuna_session_output(session_, index, &tensor, nullptr) != LACUNA_OK) return std::nullopt;
    return tensor;
  }

  size_t step_count() const { return lacuna_session_step_count(session_); }
  std::optional<lacuna_step> step(size_t index) const {
    lacuna_step step;
    if (lacuna_session_step(session_, index, &step, nullptr) != LACUNA_OK) return std::nullopt;
    return step;
  }
  const char* isa() const { return lacuna_session_isa(session_); }

  lacuna_session* get() { return session_; }

 private:
  Session() = default;

  lacuna_session* session_ = nullptr;
  void* own_arena_ = nullptr;
};

}  // namespace lacuna

#endif  // LACUNA_LACUNA_HPP_
