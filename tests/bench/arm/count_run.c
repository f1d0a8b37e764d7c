// count_run MODEL RUNS [profile]: runs a model with inputs of ones and writes nothing but errors. What a counter of
// instructions watches: the difference between RUNS + 1 and RUNS is one run. `profile`: each step reads the clock when
// it starts and ends.
#include <lacuna/lacuna.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lacuna_error error;

static void check(lacuna_status status) {
  if (status == LACUNA_OK) return;
  fprintf(stderr, "count_run: %s\n", error.message);
  exit(1);
}

// Once: what a run costs does not depend on the numbers.
static void fill_inputs(const lacuna_model* model, lacuna_session* session) {
  for (size_t i = 0; i < lacuna_model_input_count(model); ++i) {
    lacuna_tensor tensor;
    check(lacuna_session_input(session, i, &tensor, &error));
    const size_t elements = tensor.bytes / sizeof(float);
    float* ones = malloc(tensor.bytes);
    if (ones == NULL) exit(1);
    for (size_t e = 0; e < elements; ++e) ones[e] = 1.0f;
    check(lacuna_session_set_input(session, i, ones, tensor.bytes, &error));
    free(ones);
  }
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fputs("usage: count_run MODEL RUNS [profile]\n", stderr);
    return 2;
  }
  lacuna_model model;
  check(lacuna_model_open_file(argv[1], &model, &error));
  lacuna_session_options options = lacuna_session_options_default();
  options.profile = argc > 3 && strcmp(argv[3], "profile") == 0;
  size_t bytes;
  check(lacuna_session_size(&model, &options, &bytes, &error));
  void* arena = aligned_alloc(LACUNA_ALIGNMENT, (bytes + LACUNA_ALIGNMENT - 1) / LACUNA_ALIGNMENT * LACUNA_ALIGNMENT);
  if (arena == NULL) return 1;
  lacuna_session* session;
  check(lacuna_session_init(&model, &options, arena, bytes, &session, &error));
  fill_inputs(&model, session);
  for (int run = atoi(argv[2]); run > 0; --run) {
    lacuna_session_run(session);
  }
  if (options.profile) {
    for (size_t i = 0; i < lacuna_session_step_count(session); ++i) {
      lacuna_step step;
      check(lacuna_session_step(session, i, &step, &error));
      printf("%s\t%s\t%s\t%s\t%llu\t%llu\n", step.name, step.op, step.kernel, step.packing,
             (unsigned long long)step.macs, (unsigned long long)step.nonzero_macs);
    }
  }
  lacuna_session_end(session);
  lacuna_model_close(&model);
  free(arena);
  return 0;
}
