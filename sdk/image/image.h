// What lacuna_image.h promises, for a chosen set of kernels.
#pragma once

#include "lacuna/lacuna_image.h"
#include "sdk/base/isa.h"

namespace lacuna {

/// lacuna_image_to_tensor() with the best kernels of `isas`.
lacuna_status image_to_tensor(const lacuna_image* image, const lacuna_image_transform* transform,
                              const lacuna_tensor* target, IsaMask isas, lacuna_error* error);

}  // namespace lacuna
