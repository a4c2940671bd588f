// The final counters of `weir run`, as JSON. Every event is in exactly one: accepted = matched +
// unmatched over the sources; for each target matched + returned = delivered + shed + dead_lettered
// + deferred + dropped + pending.
#pragma once

#include "tools/common/report.h"
#include "tools/run/pipeline.h"

namespace weir {

Report make_run_report(const Pipeline& pipeline);

struct Totals {
  std::uint64_t accepted = 0;
  std::uint64_t unmatched = 0;
  std::uint64_t refused = 0;
  std::uint64_t delivered = 0;
  std::uint64_t shed = 0;
  std::uint64_t dropped = 0;
  std::uint64_t pending = 0;
  std::uint64_t bytes_out = 0;
};
Totals add_up(const Pipeline& pipeline);

}  // namespace weir
