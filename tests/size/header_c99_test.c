/* lacuna.h compiles as strict C99, and a C program links against the library. */
#include <stdio.h>
#include <string.h>

#include "lacuna/lacuna.h"

int main(void) {
  const char* names[8];
  const size_t count = lacuna_isas(names, 8);
  lacuna_model model;
  lacuna_error error;
  const lacuna_status status = lacuna_model_open_file("", &model, &error);
  printf("%s, %s, %s: %s\n", lacuna_version(), names[count - 1], lacuna_status_name(status), error.message);
  lacuna_model_close(&model);
  return status == LACUNA_ERROR_IO && strcmp(names[0], "scalar") == 0 ? 0 : 1;
}
