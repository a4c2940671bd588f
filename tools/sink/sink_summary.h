// The results of a sink, for people and for programs.
#pragma once

#include "tools/common/report.h"
#include "tools/sink/sink.h"

namespace weir {

struct SinkVerdict {
  bool check = false;     // order and duplicates are judged
  bool complete = false;  // gaps too
  bool latency = false;
  std::uint64_t expect = 0;
  bool repeats = false;  // allowed: no fault
};

// True if what came is as it should be.
bool judge(const Sink& sink, const SinkVerdict& verdict);
Report sink_report(const Sink& sink, const SinkVerdict& verdict, double wall_s, double cpu_s);
void print_summary(const Sink& sink, const SinkVerdict& verdict);

}  // namespace weir
