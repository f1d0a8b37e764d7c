// The headers compile as the oldest C++ that is about, and every function that they declare is there to be linked.
#include <cstddef>

#include "lacuna/lacuna.h"
#include "lacuna/lacuna_image.h"

int main() {
  void (*const functions[])() = {
#define LACUNA_ADDRESS(name) reinterpret_cast<void (*)()>(name)
      LACUNA_ADDRESS(lacuna_status_name),
      LACUNA_ADDRESS(lacuna_version),
      LACUNA_ADDRESS(lacuna_isas),
      LACUNA_ADDRESS(lacuna_model_open),
      LACUNA_ADDRESS(lacuna_model_open_file),
      LACUNA_ADDRESS(lacuna_open_options_default),
      LACUNA_ADDRESS(lacuna_model_open_file_with),
      LACUNA_ADDRESS(lacuna_model_close),
      LACUNA_ADDRESS(lacuna_model_check_weights),
      LACUNA_ADDRESS(lacuna_dtype_bytes),
      LACUNA_ADDRESS(lacuna_model_input_count),
      LACUNA_ADDRESS(lacuna_model_output_count),
      LACUNA_ADDRESS(lacuna_model_input),
      LACUNA_ADDRESS(lacuna_model_output),
      LACUNA_ADDRESS(lacuna_session_options_default),
      LACUNA_ADDRESS(lacuna_session_size),
      LACUNA_ADDRESS(lacuna_session_init),
      LACUNA_ADDRESS(lacuna_session_end),
      LACUNA_ADDRESS(lacuna_session_input),
      LACUNA_ADDRESS(lacuna_session_output),
      LACUNA_ADDRESS(lacuna_session_set_input),
      LACUNA_ADDRESS(lacuna_session_get_output),
      LACUNA_ADDRESS(lacuna_session_run),
      LACUNA_ADDRESS(lacuna_session_step_count),
      LACUNA_ADDRESS(lacuna_session_step),
      LACUNA_ADDRESS(lacuna_session_provided),
      LACUNA_ADDRESS(lacuna_session_isa),
      LACUNA_ADDRESS(lacuna_image_describe),
      LACUNA_ADDRESS(lacuna_image_transform_default),
      LACUNA_ADDRESS(lacuna_image_orientation),
      LACUNA_ADDRESS(lacuna_image_to_tensor),
      LACUNA_ADDRESS(lacuna_model_preprocessing),
      LACUNA_ADDRESS(lacuna_model_label),
      LACUNA_ADDRESS(lacuna_image_transform_for_model),
#undef LACUNA_ADDRESS
  };
  for (std::size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); ++i) {
    if (functions[i] == nullptr) return 1;
  }
  return 0;
}
