// An .lcn file that a command works on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "converter/cli/input_file.h"
#include "converter/ir/tensor.h"
#include "lacuna/lacuna.hpp"
#include "sdk/format/model.h"

namespace lacuna {

/// Whether the file calls itself an .lcn file, by name or by its first bytes. Throws Error(kMalformed) for a file that
/// cannot be read.
bool is_lcn(const std::string& path);

/// Maps, verifies and opens a file. Throws Error as the runtime's status says.
class ModelFile {
 public:
  explicit ModelFile(const std::string& path);

  const std::string& path() const { return path_; }
  size_t bytes() const { return file_.bytes(); }
  const Model& model() const { return *model_; }
  /// The program inside, for what the public interface does not tell.
  const ModelView& view() const { return view_; }

  std::vector<lacuna_tensor> inputs() const;
  std::vector<lacuna_tensor> outputs() const;

 private:
  std::string path_;
  InputFile file_;
  std::optional<Model> model_;
  ModelView view_ = {};
};

/// How a command runs a model.
struct RunOptions {
  std::string isa;  ///< empty: the best one
  uint32_t threads = 1;
  bool profile = false;
  std::string provider;  ///< of kernels for dense regions; empty: none
};

/// A session with memory of its own. Throws Error; kUnsupported when this build or CPU does not have the provider.
Session start_session(const ModelFile& file, const RunOptions& options);

/// Bytes of arena that such a session takes. Throws Error.
size_t arena_bytes_of(const ModelFile& file, const RunOptions& options);

/// Copies tensors in, one for each input.
void set_inputs(Session& session, const std::vector<Tensor>& inputs);

/// Copies all outputs out.
std::vector<Tensor> get_outputs(const ModelFile& file, const Session& session);

Shape shape_of(const lacuna_tensor& tensor);

/// The path's last part.
std::string file_name_of(const std::string& path);

}  // namespace lacuna
