// The results of a load, for people and for programs.
#pragma once

#include "tools/common/report.h"
#include "tools/load/load.h"

namespace weir {

Report load_report(const LoadOptions& options, const LoadResults& results);
void print_summary(const LoadOptions& options, const LoadResults& results);

}  // namespace weir
