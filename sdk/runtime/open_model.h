// What is inside a lacuna_model.
#pragma once

#include "lacuna/lacuna.h"
#include "lacuna_generated.h"

namespace lacuna {

/// The program of an open model; null for one that is null or not open.
const fbs::Program* program_of(const lacuna_model* model);

}  // namespace lacuna
