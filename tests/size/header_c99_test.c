/* lacuna.h and lacuna_image.h compile as strict C99, and a C program links against the library. */
#include <stdio.h>
#include <string.h>

#include "lacuna/lacuna.h"
#include "lacuna/lacuna_image.h"

int main(void) {
  const char* names[8];
  const size_t count = lacuna_isas(names, 8);
  lacuna_model model;
  lacuna_error error;
  const lacuna_status status = lacuna_model_open_file("", &model, &error);
  printf("%s, %s, %s: %s\n", lacuna_version(), names[count - 1], lacuna_status_name(status), error.message);
  lacuna_model_close(&model);
  if (lacuna_model_label(&model, 0) != NULL || lacuna_image_transform_default().scale[0] != 1.0f) return 1;
  return status == LACUNA_ERROR_IO && strcmp(names[0], "scalar") == 0 ? 0 : 1;
}
