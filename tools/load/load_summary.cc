#include "tools/load/load_summary.h"

#include <fmt/format.h>

#include <cstdio>

#include "tools/common/numbers.h"

namespace weir {
namespace {

double per_second(std::uint64_t amount, double seconds) {
  return seconds > 0 ? static_cast<double>(amount) / seconds : 0;
}

}  // namespace

Report load_report(const LoadOptions& options, const LoadResults& results) {
  Report report{{"ok", results.complete},
                {"to", to_string(options.to)},
                {"records", results.records},
                {"bytes", results.bytes},
                {"connections", options.connections},
                {"connections_failed", results.connections_failed},
                {"stamped", options.stamp},
                {"wall_s", results.wall_s},
                {"cpu_s", results.cpu_s},
                {"records_per_s", per_second(results.records, results.wall_s)},
                {"bytes_per_s", per_second(results.bytes, results.wall_s)}};
  if (options.rate_per_s > 0) {
    report["rate_wanted"] = options.rate_per_s;
    report["records_due"] = results.records_due;
    report["slip_ns"] = quantiles(results.slip);
    report["behind_at_end_s"] = results.behind_s;
  }
  if (options.acks || options.http) {
    report["acknowledged"] = results.records;
    report["refused"] = results.refused;
    report["breaks"] = results.breaks;
    report["repeated"] = results.repeated;
    report["ack_latency_ns"] = quantiles(results.ack_latency);
    if (!results.first_refusal.empty()) report["first_refusal"] = results.first_refusal;
    if (!results.first_break.empty()) report["first_break"] = results.first_break;
  }
  if (!results.error.empty()) report["error"] = results.error;
  return report;
}

namespace {

void print_acks(const LoadResults& results) {
  fmt::print("acknowledged: {}, {} refused; latency p50 {}  p99 {}  max {}\n",
             with_commas(results.records), with_commas(results.refused),
             human_duration(results.ack_latency.quantile(0.5)),
             human_duration(results.ack_latency.quantile(0.99)),
             human_duration(results.ack_latency.max()));
  if (!results.first_refusal.empty()) fmt::print("first refusal: {}\n", results.first_refusal);
  if (results.breaks > 0) {
    fmt::print("{} breaks, {} records sent again; the first: {}\n", with_commas(results.breaks),
               with_commas(results.repeated), results.first_break);
  }
}

}  // namespace

void print_summary(const LoadOptions& options, const LoadResults& results) {
  fmt::print("sent {} records, {} in {:.2f} s over {} connection{}: {} records/s, {}/s\n",
             with_commas(results.records), human_bytes(static_cast<double>(results.bytes)),
             results.wall_s, options.connections, options.connections == 1 ? "" : "s",
             with_commas(static_cast<std::uint64_t>(per_second(results.records, results.wall_s))),
             human_bytes(per_second(results.bytes, results.wall_s)));
  if (options.rate_per_s > 0) {
    fmt::print("schedule: {} records due; slip p50 {}  p99 {}  max {}; {} behind at the end\n",
               with_commas(results.records_due), human_duration(results.slip.quantile(0.5)),
               human_duration(results.slip.quantile(0.99)), human_duration(results.slip.max()),
               human_duration(static_cast<std::uint64_t>(results.behind_s * 1e9)));
  }
  if (options.acks || options.http) print_acks(results);
  std::fflush(stdout);
}

}  // namespace weir
