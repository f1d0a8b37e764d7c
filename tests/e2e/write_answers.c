// write_answers MODEL: runs a model with a ramp in each input and writes the bytes of its outputs.
#include <lacuna/lacuna.h>
#include <stdio.h>
#include <stdlib.h>

static lacuna_error error;

static void check(lacuna_status status) {
  if (status == LACUNA_OK) return;
  fprintf(stderr, "write_answers: %s\n", error.message);
  exit(1);
}

static float* allocate(size_t bytes) {
  float* floats = malloc(bytes);
  if (floats == NULL) exit(1);
  return floats;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  lacuna_model model;
  check(lacuna_model_open_file(argv[1], &model, &error));
  size_t bytes;
  check(lacuna_session_size(&model, NULL, &bytes, &error));
  void* arena = aligned_alloc(LACUNA_ALIGNMENT, (bytes + LACUNA_ALIGNMENT - 1) / LACUNA_ALIGNMENT * LACUNA_ALIGNMENT);
  lacuna_session* session;
  check(lacuna_session_init(&model, NULL, arena, bytes, &session, &error));
  lacuna_tensor tensor;
  for (size_t i = 0; i < lacuna_model_input_count(&model); ++i) {
    check(lacuna_session_input(session, i, &tensor, &error));
    float* ramp = allocate(tensor.bytes);
    for (size_t e = 0; e < tensor.bytes / sizeof(float); ++e) ramp[e] = (float)(e % 251) / 125.0f - 1.0f;
    check(lacuna_session_set_input(session, i, ramp, tensor.bytes, &error));
    free(ramp);
  }
  lacuna_session_run(session);
  for (size_t i = 0; i < lacuna_model_output_count(&model); ++i) {
    check(lacuna_session_output(session, i, &tensor, &error));
    float* values = allocate(tensor.bytes);
    check(lacuna_session_get_output(session, i, values, tensor.bytes, &error));
    fwrite(values, 1, tensor.bytes, stdout);
    free(values);
  }
  return 0;
}
