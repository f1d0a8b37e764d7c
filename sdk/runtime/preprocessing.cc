// What a model wants of a picture: lacuna_image.h's functions about models.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "lacuna/lacuna_image.h"
#include "sdk/base/status.h"
#include "sdk/format/step_view.h"
#include "sdk/runtime/open_model.h"

namespace lacuna {
namespace {

Status find_preprocessing(const lacuna_model* model, const fbs::Preprocessing** found, lacuna_error* error) {
  const fbs::Program* program = program_of(model);
  if (program == nullptr) return fail(error, LACUNA_ERROR_INVALID_ARGUMENT, "the model is not open");
  *found = program->preprocessing();
  if (*found != nullptr && size_of((*found)->mean()) != 0) return LACUNA_OK;
  return fail(error, LACUNA_ERROR_NO_PREPROCESSING,
              "the model does not say how it wants its pictures: convert it with `lacuna convert --image ...`");
}

/// The part of a picture of `width` x `height` that becomes the input, when the short side is first resized and the
/// middle cut out. The resized sides are whole numbers of pixels, as for those who resize and cut in two steps.
void set_middle(const lacuna_preprocessing& wanted, double width, double height, lacuna_image_transform* transform) {
  const double scale = wanted.resize_short_side / std::min(width, height);
  const double resized_width = std::max(1.0, std::floor(width * scale + 0.5));
  const double resized_height = std::max(1.0, std::floor(height * scale + 0.5));
  const double x = width / resized_width, y = height / resized_height;
  transform->crop_x = static_cast<float>(std::floor((resized_width - wanted.width) / 2) * x);
  transform->crop_y = static_cast<float>(std::floor((resized_height - wanted.height) / 2) * y);
  transform->crop_width = static_cast<float>(wanted.width * x);
  transform->crop_height = static_cast<float>(wanted.height * y);
}

void set_letterbox(const lacuna_preprocessing& wanted, double width, double height, lacuna_image_transform* transform) {
  const double scale = std::max(width / wanted.width, height / wanted.height);
  transform->crop_width = static_cast<float>(wanted.width * scale);
  transform->crop_height = static_cast<float>(wanted.height * scale);
  transform->crop_x = static_cast<float>((width - wanted.width * scale) / 2);
  transform->crop_y = static_cast<float>((height - wanted.height * scale) / 2);
}

}  // namespace
}  // namespace lacuna

using namespace lacuna;  // NOLINT(google-build-using-namespace): this file is the C face of the namespace

lacuna_status lacuna_model_preprocessing(const lacuna_model* model, lacuna_preprocessing* preprocessing,
                                         lacuna_error* error) {
  const fbs::Preprocessing* source = nullptr;
  LACUNA_RETURN_IF_ERROR(find_preprocessing(model, &source, error));
  if (preprocessing == nullptr || preprocessing->struct_bytes < sizeof(uint32_t)) {
    return fail(error, LACUNA_ERROR_INVALID_ARGUMENT, "preprocessing is null, or its struct_bytes is not its size");
  }
  lacuna_tensor input;
  LACUNA_RETURN_IF_ERROR(lacuna_model_input(model, 0, &input, error));

  lacuna_preprocessing result = {};
  result.struct_bytes = preprocessing->struct_bytes;
  result.channels = source->mean()->size();
  const bool planar = input.shape[1] == result.channels;
  result.height = static_cast<uint32_t>(input.shape[planar ? 2 : 1]);
  result.width = static_cast<uint32_t>(input.shape[planar ? 3 : 2]);
  for (uint32_t c = 0; c < 3; ++c) {
    const uint32_t at = std::min(c, result.channels - 1);
    result.mean[c] = source->mean()->Get(at);
    result.scale[c] = 1 / source->std()->Get(at);
  }
  result.bgr = source->bgr() ? 1 : 0;
  result.resize_short_side = source->resize_short_side();
  result.letterbox = source->letterbox() ? 1 : 0;
  result.filter = static_cast<lacuna_image_filter>(source->filter());
  result.label_count = size_of(source->labels());
  memcpy(preprocessing, &result, std::min<size_t>(result.struct_bytes, sizeof(result)));
  return LACUNA_OK;
}

const char* lacuna_model_label(const lacuna_model* model, size_t index) {
  const fbs::Preprocessing* source = nullptr;
  if (find_preprocessing(model, &source, nullptr) != LACUNA_OK || index >= size_of(source->labels())) return nullptr;
  return source->labels()->Get(static_cast<uint32_t>(index))->c_str();
}

lacuna_status lacuna_image_transform_for_model(const lacuna_model* model, const lacuna_image* image, uint32_t rotation,
                                               lacuna_image_transform* transform, lacuna_error* error) {
  lacuna_preprocessing wanted = {};
  wanted.struct_bytes = sizeof(wanted);
  LACUNA_RETURN_IF_ERROR(lacuna_model_preprocessing(model, &wanted, error));
  if (image == nullptr || transform == nullptr || image->width == 0 || image->height == 0) {
    return fail(error, LACUNA_ERROR_INVALID_ARGUMENT, "image or transform is null, or the image has no pixels");
  }
  const bool turned = rotation == 90 || rotation == 270;
  const double width = turned ? image->height : image->width;
  const double height = turned ? image->width : image->height;
  *transform = lacuna_image_transform_default();
  transform->rotation = rotation;
  transform->filter = wanted.filter;
  transform->bgr = wanted.bgr;
  memcpy(transform->mean, wanted.mean, sizeof(wanted.mean));
  memcpy(transform->scale, wanted.scale, sizeof(wanted.scale));
  if (wanted.letterbox != 0) {
    set_letterbox(wanted, width, height, transform);
  } else if (wanted.resize_short_side != 0) {
    set_middle(wanted, width, height, transform);
  }
  return LACUNA_OK;
}
