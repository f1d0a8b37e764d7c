// Comparisons, logic and selection for importers. A truth is an integer where it is constant, fp32 where the network
// computes it; it is 0 or 1 in both.
#pragma once

#include <string>

#include "converter/ir/graph_builder.h"
#include "converter/ir/host_arithmetic.h"

namespace lacuna {

/// The truth of a comparison, kEqual to kGreaterOrEqual, of numbers of one type, or of kAnd, kOr or kXor of truths.
/// Operands broadcast. Throws as GraphBuilder::emit.
ValueId compare(GraphBuilder& builder, HostBinary function, ValueId a, ValueId b, const std::string& suffix = "");

ValueId logical_not(GraphBuilder& builder, ValueId x, const std::string& suffix = "");

/// The truth of x != 0.
ValueId as_truth(GraphBuilder& builder, ValueId x, const std::string& suffix = "");

/// Casts of what is computed: to a number, and to an integer, towards zero.
ValueId as_number(GraphBuilder& builder, ValueId x);
ValueId as_integer(GraphBuilder& builder, ValueId x);

/// condition ? a : b, all broadcast. Exact whatever the elements are that are not chosen. Throws Error(kMalformed) when
/// a and b have different types or a constant condition is no truth.
ValueId select(GraphBuilder& builder, ValueId condition, ValueId a, ValueId b);

}  // namespace lacuna
