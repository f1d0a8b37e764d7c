#include "converter/cli/model_file.h"

#include <cstring>

#include "converter/cli/status.h"
#include "converter/ir/error.h"
#if LACUNA_WITH_XNNPACK
#include "lacuna/lacuna_xnnpack.h"
#endif
#include "sdk/format/header.h"

namespace lacuna {
namespace {

constexpr char kExtension[] = ".lcn";

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

const lacuna_provider* find_provider(const std::string& name) {
  if (name.empty()) return nullptr;
#if LACUNA_WITH_XNNPACK
  const lacuna_provider* provider = lacuna_xnnpack();
  if (provider == nullptr) unsupported("--provider " + name + ": it does not run on this CPU");
  return provider;
#else
  unsupported("--provider " + name + ": not in this build; make one with -DLACUNA_WITH_XNNPACK=ON");
#endif
}

SessionOptions to_session_options(const RunOptions& options) {
  SessionOptions result;
  result.threads = options.threads;
  result.isa = options.isa.empty() ? nullptr : options.isa.c_str();
  result.profile = options.profile ? 1 : 0;
  result.provider = find_provider(options.provider);
  return result;
}

}  // namespace

bool is_lcn(const std::string& path) {
  const InputFile file(path);
  return ends_with(path, kExtension) ||
         (file.bytes() >= sizeof(kMagic) && std::memcmp(file.data(), kMagic, sizeof(kMagic)) == 0);
}

ModelFile::ModelFile(const std::string& path) : path_(path), file_(path) {
  lacuna_error error = {};
  model_ = Model::open(file_.data(), file_.bytes(), &error);
  if (!model_ && error.status == LACUNA_ERROR_NOT_A_MODEL && !ends_with(path, kExtension)) {
    malformed(path + ": is not an .lcn file; make one with: lacuna convert " + path + " -o MODEL.lcn");
  }
  check(model_ ? LACUNA_OK : error.status, error, path);
  check(open_model(file_.data(), file_.bytes(), &view_, &error), error, path);
}

std::vector<lacuna_tensor> ModelFile::inputs() const {
  std::vector<lacuna_tensor> result;
  for (size_t i = 0; i < model_->input_count(); ++i) result.push_back(*model_->input(i));
  return result;
}

std::vector<lacuna_tensor> ModelFile::outputs() const {
  std::vector<lacuna_tensor> result;
  for (size_t i = 0; i < model_->output_count(); ++i) result.push_back(*model_->output(i));
  return result;
}

Session start_session(const ModelFile& file, const RunOptions& options) {
  lacuna_error error = {};
  std::optional<Session> session = Session::make(file.model(), to_session_options(options), &error);
  check(session ? LACUNA_OK : error.status, error, file.path());
  return std::move(*session);
}

size_t arena_bytes_of(const ModelFile& file, const RunOptions& options) {
  lacuna_error error = {};
  const std::optional<size_t> bytes = Session::size(file.model(), to_session_options(options), &error);
  check(bytes ? LACUNA_OK : error.status, error, file.path());
  return *bytes;
}

void set_inputs(Session& session, const std::vector<Tensor>& inputs) {
  lacuna_error error = {};
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<float>& elements = inputs[i].f32;
    check(session.set_input(i, elements.data(), elements.size() * sizeof(float), &error), error);
  }
}

std::vector<Tensor> get_outputs(const ModelFile& file, const Session& session) {
  std::vector<Tensor> outputs;
  lacuna_error error = {};
  for (const lacuna_tensor& description : file.outputs()) {
    Tensor tensor(ElementType::kF32, shape_of(description));
    check(session.get_output(outputs.size(), tensor.f32.data(), description.bytes, &error), error);
    outputs.push_back(std::move(tensor));
  }
  return outputs;
}

Shape shape_of(const lacuna_tensor& tensor) {
  Shape shape;
  for (int i = 0; i < tensor.rank; ++i) shape.push_back(tensor.shape[i]);
  return shape;
}

std::string file_name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace lacuna
