/* Is there a person in the picture? Model and arena are part of the program: no file, no heap, no thread. */
#include <lacuna/lacuna.h>
#include <stdio.h>

extern const unsigned char model[], model_end[]; /* model.S */

static __attribute__((aligned(LACUNA_ALIGNMENT))) unsigned char arena[768 * 1024];
static float picture[3 * 96 * 96]; /* channels, rows, columns; -1 to 1 */

/* A bright disc in front of a slope: what a camera would fill in. */
static void take_picture(void) {
  for (int i = 0; i < 3 * 96 * 96; ++i) {
    const int channel = i / (96 * 96), y = i / 96 % 96 - 40, x = i % 96 - 48;
    const float slope = (float)(y + x + channel * 10) / 128.0f;
    picture[i] = x * x + y * y < 900 ? 0.9f - 0.2f * (float)channel : slope;
  }
}

static int fail(const lacuna_error* error) {
  printf("%s: %s\n", lacuna_status_name(error->status), error->message);
  return 1;
}

int main(void) {
  lacuna_error error;
  lacuna_model net;
  lacuna_session* session;
  float scores[2];
  if (lacuna_model_open(model, (size_t)(model_end - model), &net, &error) != LACUNA_OK) return fail(&error);
  if (lacuna_session_init(&net, NULL, arena, sizeof(arena), &session, &error) != LACUNA_OK) return fail(&error);
  take_picture();
  if (lacuna_session_set_input(session, 0, picture, sizeof(picture), &error) != LACUNA_OK) return fail(&error);
  lacuna_session_run(session);
  if (lacuna_session_get_output(session, 0, scores, sizeof(scores), &error) != LACUNA_OK) return fail(&error);
  printf("%s: person %.3f, nobody %.3f\n", scores[1] > scores[0] ? "person" : "nobody", scores[1], scores[0]);
  lacuna_session_end(session);
  lacuna_model_close(&net);
  return 0;
}
