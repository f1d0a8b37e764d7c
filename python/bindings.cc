// The compiled half of the Python package: what python/lacuna/__init__.py builds on. Everything that takes time lets
// other threads of Python run meanwhile.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "converter/cli/memory_model.h"
#include "converter/cli/output_file.h"
#include "converter/cli/target.h"
#include "converter/convert.h"
#include "converter/report/report.h"
#include "lacuna/lacuna.hpp"

namespace nb = nanobind;

namespace lacuna {
namespace {

/// lacuna.Error of the Python package, made when the module is.
nb::object& error_class() {
  static nb::object kept;
  return kept;
}

[[noreturn]] void raise(const std::string& message, int code) {
  nb::object made = error_class()(message);
  made.attr("code") = code;
  PyErr_SetObject(error_class().ptr(), made.ptr());
  throw nb::python_error();
}

/// Calls `work` without Python's lock and turns what it throws into lacuna.Error.
template <class Work>
auto without_lock(Work work) {
  std::string message;
  int code = 0;
  {
    const nb::gil_scoped_release released;
    try {
      return work();
    } catch (const Error& error) {
      message = error.what();
      code = static_cast<int>(error.code);
    } catch (const std::bad_alloc&) {
      message = "out of memory";
      code = static_cast<int>(ExitCode::kResourceLimit);
    }
  }
  raise(message, code);
}

using Dims = std::vector<int64_t>;

std::string convert_file(const std::string& source, const std::string& output, const std::string& target,
                         const std::map<std::string, Dims>& input_shapes, bool overwrite) {
  return without_lock([&] {
    ImportOptions options;
    for (const auto& [name, dims] : input_shapes) options.input_shapes[name] = make_shape(dims);
    const Target found = find_target(target, "");
    FileNotes notes;
    notes.target = found.name;
    OutputFile file(output, overwrite);
    const Converted converted = convert(import_model(source, options), found.costs, notes);
    const MemoryModel model(converted.file);
    file.write(converted.file);
    file.commit();
    return to_json(summarize(model.view(), converted.file.size()), output);
  });
}

int code_of(lacuna_status status) { return static_cast<int>(status); }

/// An open file with one session.
class PySession {
 public:
  PySession(const std::string& path, uint32_t threads, const std::optional<std::string>& isa, bool profile) {
    lacuna_error error = {};
    SessionOptions options;
    options.threads = threads;
    options.isa = isa ? isa->c_str() : nullptr;
    options.profile = profile ? 1 : 0;
    {
      const nb::gil_scoped_release released;
      model_ = Model::open_file(path.c_str(), &error);
      if (model_) session_ = Session::make(*model_, options, &error);
      if (session_) arena_bytes_ = *Session::size(*model_, options);
    }
    if (!session_) raise(error.message, code_of(error.status));
  }

  size_t input_count() const { return model_->input_count(); }
  size_t output_count() const { return model_->output_count(); }
  lacuna_tensor input(size_t index) { return checked(session_->input(index)); }
  lacuna_tensor output(size_t index) { return checked(session_->output(index)); }

  void run() {
    const nb::gil_scoped_release released;
    session_->run();
  }

  void check_weights() const {
    lacuna_error error = {};
    lacuna_status status = LACUNA_OK;
    {
      const nb::gil_scoped_release released;
      status = model_->check_weights(&error);
    }
    if (status != LACUNA_OK) raise(error.message, code_of(status));
  }

  size_t arena_bytes() const { return arena_bytes_; }
  std::string isa() const { return session_->isa(); }
  size_t step_count() const { return session_->step_count(); }
  lacuna_step step(size_t index) const { return *session_->step(index); }

 private:
  static lacuna_tensor checked(const std::optional<lacuna_tensor>& tensor) {
    if (!tensor) throw nb::index_error("no such tensor");
    return *tensor;
  }

  std::optional<Model> model_;
  std::optional<Session> session_;
  size_t arena_bytes_ = 0;
};

Dims shape_of_tensor(const lacuna_tensor& tensor) { return Dims(tensor.shape, tensor.shape + tensor.rank); }

/// The arena's memory itself, with its strides; keeps the session alive.
nb::ndarray<nb::numpy, float> view_of(nb::handle session, const lacuna_tensor& tensor) {
  const Dims shape = shape_of_tensor(tensor);
  const std::vector<size_t> sizes(shape.begin(), shape.end());
  return {tensor.data, sizes.size(), sizes.data(), session, tensor.strides};
}

std::string inspect_file(const std::string& path) {
  return without_lock([&] {
    lacuna_error error = {};
    const auto bytes = [&] {
      std::string text;
      if (FILE* file = std::fopen(path.c_str(), "rb"); file != nullptr) {
        char chunk[65536];
        for (size_t got; (got = std::fread(chunk, 1, sizeof(chunk), file)) > 0;) text.append(chunk, got);
        std::fclose(file);
      }
      return text;
    }();
    // Opening by path first: its messages name what is wrong with the file.
    if (!Model::open_file(path.c_str(), &error)) malformed(path + ": " + error.message);
    const MemoryModel model(bytes);
    return to_json(summarize(model.view(), bytes.size()), path);
  });
}

}  // namespace
}  // namespace lacuna

NB_MODULE(_core, module) {
  using lacuna::PySession;
  module.def("set_error_class", [](const nb::object& made) { lacuna::error_class() = made; });
  module.def("version", [] { return std::string(lacuna_version()); });
  module.def("isas", [] {
    const std::vector<const char*> names = lacuna::isas();
    return std::vector<std::string>(names.begin(), names.end());
  });
  module.def("convert", &lacuna::convert_file);
  module.def("inspect", &lacuna::inspect_file);

  nb::class_<PySession>(module, "Session")
      .def(nb::init<const std::string&, uint32_t, const std::optional<std::string>&, bool>(), nb::arg("path"),
           nb::arg("threads"), nb::arg("isa").none(), nb::arg("profile"))
      .def_prop_ro("input_count", &PySession::input_count)
      .def_prop_ro("output_count", &PySession::output_count)
      .def("input_name", [](PySession& self, size_t index) { return std::string(self.input(index).name); })
      .def("output_name", [](PySession& self, size_t index) { return std::string(self.output(index).name); })
      .def("input",
           [](nb::object self, size_t index) { return lacuna::view_of(self, nb::cast<PySession&>(self).input(index)); })
      .def("output", [](nb::object self,
                        size_t index) { return lacuna::view_of(self, nb::cast<PySession&>(self).output(index)); })
      .def("run", &PySession::run)
      .def("check_weights", &PySession::check_weights)
      .def_prop_ro("arena_bytes", &PySession::arena_bytes)
      .def_prop_ro("isa", &PySession::isa)
      .def_prop_ro("step_count", &PySession::step_count)
      .def("step", [](const PySession& self, size_t index) {
        const lacuna_step step = self.step(index);
        nb::dict made;
        made["name"] = step.name;
        made["op"] = step.op;
        made["kernel"] = step.kernel;
        made["packing"] = step.packing;
        made["weights"] = step.weights;
        made["nonzeros"] = step.nonzeros;
        made["macs"] = step.macs;
        made["nonzero_macs"] = step.nonzero_macs;
        made["last_us"] = static_cast<double>(step.last_ns) / 1000.0;
        return made;
      });
  // A thread that ends at exit may still hold a session: that is no leak of the library's.
  nb::set_leak_warnings(false);
}
