// The counters of a running router as Prometheus text, for GET /metrics. Labels come from the
// configuration alone (sources, rules, targets, buses) and from the names of reasons, never from
// events, so that the page is as long as the configuration and no longer.
//
// Threads: the control thread. Source: Prometheus' text format 0.0.4.
#pragma once

#include <string>

#include "tools/run/pipeline.h"

namespace weir {

std::string make_metrics_page(const Pipeline& pipeline);

}  // namespace weir
