// The same through lacuna.hpp.
#include <cstdio>
#include <lacuna/lacuna.hpp>

int main(int argc, char** argv) {
  lacuna_error error;
  const auto model = lacuna::Model::open_file(argc > 1 ? argv[1] : "", &error);
  if (!model) return std::fprintf(stderr, "%s\n", error.message), 1;
  auto session = lacuna::Session::make(*model, {}, &error);
  if (!session) return std::fprintf(stderr, "%s\n", error.message), 1;
  session->run();
  std::printf("%zu steps on %s\n", session->step_count(), session->isa());
}
