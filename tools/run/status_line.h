// The live line under `weir run` on a terminal: rates since the last look, and what waits for each
// target.
#pragma once

#include <string>

#include "core/base/units.h"
#include "tools/run/pipeline.h"
#include "tools/run/run_report.h"

namespace weir {

class StatusLine {
 public:
  // `width`: of the terminal; the line is cut there.
  std::string next(const Pipeline& pipeline, MonotonicTime now, std::size_t width);

 private:
  Totals last_;
  std::uint64_t last_bytes_in_ = 0;
  MonotonicTime last_time_;
};

}  // namespace weir
