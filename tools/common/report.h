// Reports as JSON files, their keys in the order in which they were set.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/base/result.h"
#include "tools/common/histogram.h"

namespace weir {

using Report = nlohmann::ordered_json;

// Writes the report to `path` ("-": standard output), indented. The file appears whole or not at
// all: it is written beside its place and renamed, so that a reader who waits for it sees no half.
Status write_report(const std::string& path, const Report& report);

// {"count","p50","p90","p99","p99.9","max"}, nanoseconds.
Report quantiles(const Histogram& histogram);

}  // namespace weir
