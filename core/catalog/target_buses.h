// Which buses each target takes events from: those whose rules name it, and all buses that lead
// there by targets of kind `bus`.
//
// An event that a rule sends on to another bus is matched by that bus's rules at once, and stays in
// the log of the bus that accepted it: so that log is the one its targets read.
#pragma once

#include "core/catalog/catalog.h"

namespace weir {

// Fills TargetSpec::buses and only_rules of all targets. Ends even where buses lead back to
// themselves.
void find_target_buses(Catalog& catalog);

}  // namespace weir
