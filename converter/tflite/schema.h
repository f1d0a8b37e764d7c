// Accessors of tflite_subset.fbs.
#pragma once

#include <climits>

#undef ARG_MAX  // an operator's name too
#include "tflite_subset_generated.h"
