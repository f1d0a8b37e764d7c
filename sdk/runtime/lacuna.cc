// The C interface: checks of arguments around what model, session and copy do.
#include "lacuna/lacuna.h"

#include <cstring>

#include "platforms/cpu_features.h"
#include "platforms/platform.h"
#include "sdk/runtime/copy.h"
#include "sdk/runtime/open_model.h"
#include "sdk/runtime/session.h"

#define LACUNA_TEXT_OF(x) #x
#define LACUNA_TEXT(x) LACUNA_TEXT_OF(x)

namespace lacuna {
namespace {

/// What the members of lacuna_model hold.
struct OpenModel {
  ModelView view;
  MappedFile file;  ///< empty for a model in memory
};
static_assert(sizeof(OpenModel) <= sizeof(lacuna_model) && alignof(OpenModel) <= alignof(lacuna_model),
              "lacuna_model has room for what it holds");

OpenModel load(const lacuna_model* model) {
  OpenModel open;
  memcpy(static_cast<void*>(&open), model, sizeof(open));
  return open;
}

/// No version will have options as large; bounds what a wrong struct_bytes makes us read.
constexpr uint32_t kMaxOptionBytes = 1024;

void store(const OpenModel& open, lacuna_model* model) { memcpy(model, &open, sizeof(open)); }

Status check_argument(bool good, const char* what, lacuna_error* error) {
  return good ? LACUNA_OK : fail(error, LACUNA_ERROR_INVALID_ARGUMENT, "%s", what);
}

Status check_open(const lacuna_model* model, lacuna_error* error) {
  return check_argument(program_of(model) != nullptr, "the model is not open", error);
}

using Tensors = flatbuffers::Vector<uint32_t>;

/// Describes member `index` of a program's inputs or outputs.
Status describe_member(const fbs::Program& program, const Tensors* list, size_t index, const Bases& bases,
                       lacuna_tensor* tensor, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_argument(tensor != nullptr, "tensor is null", error));
  if (index >= size_of(list)) {
    return fail(error, LACUNA_ERROR_NO_SUCH_TENSOR, "no tensor %zu; there are %u", index, size_of(list));
  }
  *tensor = describe(program, list->Get(static_cast<uint32_t>(index)), bases);
  return LACUNA_OK;
}

Status check_transfer(const lacuna_tensor& tensor, const void* data, size_t bytes, lacuna_error* error) {
  const bool good = data != nullptr && reinterpret_cast<uintptr_t>(data) % lacuna_dtype_bytes(tensor.dtype) == 0;
  LACUNA_RETURN_IF_ERROR(check_argument(good, "data is null or not aligned to an element", error));
  if (bytes == tensor.bytes) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_WRONG_SIZE, "%zu bytes were given; \"%.80s\" has %zu", bytes, tensor.name,
              tensor.bytes);
}

TensorView view_of(const lacuna_tensor& tensor) {
  TensorView view;
  view.data = static_cast<float*>(tensor.data);
  view.present = true;
  for (int i = 0; i < tensor.rank; ++i) {
    view.shape.push_back(tensor.shape[i]);
    view.strides.push_back(tensor.strides[i]);
  }
  return view;
}

/// Options that a caller gives with their size: those of a later version are taken as long as what this one does not
/// know is zero.
template <class Options>
Status read_options(const Options& given, Options* options, lacuna_error* error) {
  const uint32_t bytes = given.struct_bytes;
  bool good = bytes >= sizeof(Options) && bytes <= kMaxOptionBytes;
  for (size_t i = sizeof(Options); good && i < bytes; ++i) good = reinterpret_cast<const uint8_t*>(&given)[i] == 0;
  if (!good) {
    return fail(error, LACUNA_ERROR_INVALID_ARGUMENT,
                "struct_bytes is %u, not %zu, or asks for what this version does not have: start from the _default()",
                bytes, sizeof(Options));
  }
  *options = given;
  return LACUNA_OK;
}

/// Model and options, checked.
Status prepare(const lacuna_model* model, const lacuna_session_options* options, ModelView* view, SessionConfig* config,
               lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_open(model, error));
  *view = load(model).view;
  lacuna_session_options chosen = lacuna_session_options_default();
  if (options != nullptr) LACUNA_RETURN_IF_ERROR(read_options(*options, &chosen, error));
  return make_config(chosen, config, error);
}

}  // namespace

const fbs::Program* program_of(const lacuna_model* model) {
  return model == nullptr ? nullptr : load(model).view.program;
}

}  // namespace lacuna

using namespace lacuna;  // NOLINT(google-build-using-namespace): this file is the C face of the namespace

const char* lacuna_status_name(lacuna_status status) {
#define LACUNA_CASE(name) \
  case name:              \
    return #name
  switch (status) {
    LACUNA_CASE(LACUNA_OK);
    LACUNA_CASE(LACUNA_ERROR_TRUNCATED);
    LACUNA_CASE(LACUNA_ERROR_NOT_A_MODEL);
    LACUNA_CASE(LACUNA_ERROR_VERSION);
    LACUNA_CASE(LACUNA_ERROR_HASH);
    LACUNA_CASE(LACUNA_ERROR_STRUCTURE);
    LACUNA_CASE(LACUNA_ERROR_MEANING);
    LACUNA_CASE(LACUNA_ERROR_UNSUPPORTED_OPERATOR);
    LACUNA_CASE(LACUNA_ERROR_UNSUPPORTED_DTYPE);
    LACUNA_CASE(LACUNA_ERROR_UNSUPPORTED_ISA);
    LACUNA_CASE(LACUNA_ERROR_ARENA_TOO_SMALL);
    LACUNA_CASE(LACUNA_ERROR_ARENA_UNALIGNED);
    LACUNA_CASE(LACUNA_ERROR_THREADS);
    LACUNA_CASE(LACUNA_ERROR_IO);
    LACUNA_CASE(LACUNA_ERROR_TOO_LARGE);
    LACUNA_CASE(LACUNA_ERROR_INVALID_ARGUMENT);
    LACUNA_CASE(LACUNA_ERROR_NO_SUCH_TENSOR);
    LACUNA_CASE(LACUNA_ERROR_WRONG_SIZE);
    LACUNA_CASE(LACUNA_ERROR_NO_PREPROCESSING);
    case LACUNA_STATUS_WIDTH_:
      break;
  }
#undef LACUNA_CASE
  return "unknown lacuna_status";
}

const char* lacuna_version(void) {
  return LACUNA_TEXT(LACUNA_VERSION_MAJOR) "." LACUNA_TEXT(LACUNA_VERSION_MINOR) "." LACUNA_TEXT(LACUNA_VERSION_PATCH);
}

size_t lacuna_isas(const char** names, size_t capacity) {
  const IsaMask available = cpu_isas();
  size_t found = 0;
  for (const IsaName& isa : kIsaNames) {
    if ((available & isa.isa) == 0) continue;
    if (found < capacity) names[found] = isa.name;
    ++found;
  }
  return found;
}

lacuna_status lacuna_model_open(const void* data, size_t bytes, lacuna_model* model, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_argument(model != nullptr, "model is null", error));
  *model = {};
  LACUNA_RETURN_IF_ERROR(check_argument(data != nullptr, "data is null", error));
  if (reinterpret_cast<uintptr_t>(data) % kAlignment != 0) {
    return fail(error, LACUNA_ERROR_INVALID_ARGUMENT, "data is not aligned to %zu bytes", kAlignment);
  }
  OpenModel open = {};
  LACUNA_RETURN_IF_ERROR(open_model(data, bytes, &open.view, error));
  store(open, model);
  return LACUNA_OK;
}

lacuna_open_options lacuna_open_options_default(void) {
  lacuna_open_options options = {};
  options.struct_bytes = sizeof(options);
  return options;
}

lacuna_status lacuna_model_open_file(const char* path, lacuna_model* model, lacuna_error* error) {
  return lacuna_model_open_file_with(path, nullptr, model, error);
}

lacuna_status lacuna_model_open_file_with(const char* path, const lacuna_open_options* options, lacuna_model* model,
                                          lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_argument(model != nullptr, "model is null", error));
  *model = {};
  LACUNA_RETURN_IF_ERROR(check_argument(path != nullptr, "path is null", error));
  lacuna_open_options chosen = lacuna_open_options_default();
  if (options != nullptr) LACUNA_RETURN_IF_ERROR(read_options(*options, &chosen, error));
  const bool copy = chosen.copy != 0;
  const bool stream = chosen.stream != 0;
  LACUNA_RETURN_IF_ERROR(check_argument(!copy || !stream, "a copy cannot be streamed: set copy or stream", error));
  OpenModel open = {};
  LACUNA_RETURN_IF_ERROR(copy ? copy_file(path, &open.file, error) : map_file(path, &open.file, error));
  if (stream) hint_sequential(open.file);
  if (const Status status = open_model(open.file.data, open.file.bytes, &open.view, error); status != LACUNA_OK) {
    unmap_file(open.file);
    return status;
  }
  open.view.stream = stream;
  store(open, model);
  return LACUNA_OK;
}

void lacuna_model_close(lacuna_model* model) {
  if (model == nullptr) return;
  unmap_file(load(model).file);
  *model = {};
}

lacuna_status lacuna_model_check_weights(const lacuna_model* model, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_open(model, error));
  return check_weights(load(model).view, error);
}

size_t lacuna_dtype_bytes(lacuna_dtype dtype) { return dtype == LACUNA_F32 ? sizeof(float) : 0; }

size_t lacuna_model_input_count(const lacuna_model* model) {
  const fbs::Program* program = program_of(model);
  return program == nullptr ? 0 : size_of(program->inputs());
}

size_t lacuna_model_output_count(const lacuna_model* model) {
  const fbs::Program* program = program_of(model);
  return program == nullptr ? 0 : size_of(program->outputs());
}

lacuna_status lacuna_model_input(const lacuna_model* model, size_t index, lacuna_tensor* tensor, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_open(model, error));
  const fbs::Program& program = *program_of(model);
  return describe_member(program, program.inputs(), index, {}, tensor, error);
}

lacuna_status lacuna_model_output(const lacuna_model* model, size_t index, lacuna_tensor* tensor, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_open(model, error));
  const fbs::Program& program = *program_of(model);
  return describe_member(program, program.outputs(), index, {}, tensor, error);
}

lacuna_session_options lacuna_session_options_default(void) {
  lacuna_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.threads = 1;
  return options;
}

lacuna_status lacuna_session_size(const lacuna_model* model, const lacuna_session_options* options, size_t* bytes,
                                  lacuna_error* error) {
  ModelView view;
  SessionConfig config;
  LACUNA_RETURN_IF_ERROR(prepare(model, options, &view, &config, error));
  LACUNA_RETURN_IF_ERROR(check_argument(bytes != nullptr, "bytes is null", error));
  return session_bytes(view, config, bytes, error);
}

lacuna_status lacuna_session_init(const lacuna_model* model, const lacuna_session_options* options, void* arena,
                                  size_t arena_bytes, lacuna_session** session, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_argument(session != nullptr, "session is null", error));
  *session = nullptr;
  ModelView view;
  SessionConfig config;
  LACUNA_RETURN_IF_ERROR(prepare(model, options, &view, &config, error));
  LACUNA_RETURN_IF_ERROR(check_argument(arena != nullptr, "arena is null", error));
  return make_session(view, config, arena, arena_bytes, session, error);
}

void lacuna_session_end(lacuna_session* session) {
  if (session != nullptr) session->end();
}

lacuna_status lacuna_session_input(lacuna_session* session, size_t index, lacuna_tensor* tensor, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_argument(session != nullptr, "session is null", error));
  const fbs::Program& program = *session->model.program;
  return describe_member(program, program.inputs(), index, session->bases, tensor, error);
}

lacuna_status lacuna_session_output(lacuna_session* session, size_t index, lacuna_tensor* tensor, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_argument(session != nullptr, "session is null", error));
  const fbs::Program& program = *session->model.program;
  return describe_member(program, program.outputs(), index, session->bases, tensor, error);
}

lacuna_status lacuna_session_set_input(lacuna_session* session, size_t index, const void* data, size_t bytes,
                                       lacuna_error* error) {
  lacuna_tensor tensor = {};
  LACUNA_RETURN_IF_ERROR(lacuna_session_input(session, index, &tensor, error));
  LACUNA_RETURN_IF_ERROR(check_transfer(tensor, data, bytes, error));
  copy_in(static_cast<const float*>(data), view_of(tensor));
  return LACUNA_OK;
}

lacuna_status lacuna_session_get_output(const lacuna_session* session, size_t index, void* data, size_t bytes,
                                        lacuna_error* error) {
  lacuna_tensor tensor = {};
  LACUNA_RETURN_IF_ERROR(lacuna_session_output(const_cast<lacuna_session*>(session), index, &tensor, error));
  LACUNA_RETURN_IF_ERROR(check_transfer(tensor, data, bytes, error));
  copy_out(view_of(tensor), static_cast<float*>(data));
  return LACUNA_OK;
}

void lacuna_session_run(lacuna_session* session) { session->run(); }

size_t lacuna_session_step_count(const lacuna_session* session) { return session == nullptr ? 0 : session->steps.size; }

lacuna_status lacuna_session_step(const lacuna_session* session, size_t index, lacuna_step* step, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_argument(session != nullptr && step != nullptr, "session or step is null", error));
  if (index >= session->steps.size) {
    return fail(error, LACUNA_ERROR_NO_SUCH_TENSOR, "no step %zu; there are %zu", index, session->steps.size);
  }
  const BoundStep& bound = session->steps[index];
  const fbs::Step& source = *session->model.program->steps()->Get(static_cast<uint32_t>(index));
  *step = {};
  step->name = text_of(source.name());
  step->op = bound.op->name;
  step->kernel = kernel_of(*session, bound);
  step->packing = source.weights() == nullptr ? "-" : fbs::EnumNamePacking(bound.weights.packing);
  step->last_ns = bound.last_ns;
  if (const fbs::Choice* choice = source.choice(); choice != nullptr) {
    step->nonzeros = choice->nonzeros();
    step->weights = choice->weights();
    step->macs = choice->macs();
    step->nonzero_macs = choice->nonzero_macs();
  }
  return LACUNA_OK;
}

lacuna_status lacuna_session_provided(const lacuna_session* session, lacuna_provided* provided, lacuna_error* error) {
  LACUNA_RETURN_IF_ERROR(check_argument(session != nullptr && provided != nullptr, "an argument is null", error));
  *provided = {};
  provided->provider = session->config.provider == nullptr ? "" : session->config.provider->name;
  // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): checked above
  for (const BoundStep& step : session->steps) {
    provided->steps += step.provided ? 1 : 0;
    if (step.region.handle == nullptr) continue;
    ++provided->regions;
    provided->layout_changes += step.region.layout_changes;
    provided->bytes += step.region.bytes;
  }
  return LACUNA_OK;
}

const char* lacuna_session_isa(const lacuna_session* session) { return session == nullptr ? "" : session->config.isa; }
