/* What a user's program does with the library: opens the model that it is given, runs it once and prints one output. */
#include <lacuna/lacuna.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const lacuna_error* error) {
  fprintf(stderr, "%s: %s\n", lacuna_status_name(error->status), error->message);
  return 1;
}

int main(int argc, char** argv) {
  lacuna_error error;
  lacuna_model model;
  if (lacuna_model_open_file(argc > 1 ? argv[1] : "", &model, &error) != LACUNA_OK) return fail(&error);
  size_t bytes;
  if (lacuna_session_size(&model, NULL, &bytes, &error) != LACUNA_OK) return fail(&error);
  char* memory = calloc(1, bytes + LACUNA_ALIGNMENT);
  void* arena = memory + (LACUNA_ALIGNMENT - (uintptr_t)memory % LACUNA_ALIGNMENT);
  lacuna_session* session;
  if (lacuna_session_init(&model, NULL, arena, bytes, &session, &error) != LACUNA_OK) return fail(&error);
  lacuna_session_run(session);
  lacuna_tensor tensor;
  if (lacuna_session_output(session, 0, &tensor, &error) != LACUNA_OK) return fail(&error);
  printf("lacuna %s: %s has %zu bytes\n", lacuna_version(), tensor.name, tensor.bytes);
  lacuna_session_end(session);
  lacuna_model_close(&model);
  free(memory);
  return 0;
}
