#include "tools/sink/sink_summary.h"

#include <fmt/format.h>

#include <cstdio>

#include "tools/common/clock.h"
#include "tools/common/numbers.h"

namespace weir {
namespace {

double active_seconds(const SinkPort& port) {
  return static_cast<double>(port.last_ns - port.first_ns) * 1e-9;
}

double per_second(std::uint64_t amount, double seconds) {
  return seconds > 0 ? static_cast<double>(amount) / seconds : 0;
}

bool in_order(const SequenceCheck::Totals& totals) {
  return totals.disordered == 0 && totals.implausible == 0;
}

bool port_passes(const SinkPort& port, const SinkVerdict& verdict) {
  const SequenceCheck::Totals totals = port.check.totals();
  if (!in_order(totals) || (totals.duplicates > 0 && !verdict.repeats)) return false;
  return !verdict.complete || (totals.missing == 0 && port.unstamped == 0);
}

Report check_report(const SinkPort& port) {
  const SequenceCheck::Totals totals = port.check.totals();
  Report report{{"load_connections", totals.connections},
                {"stamped", port.stamped},
                {"unstamped", port.unstamped},
                {"distinct", totals.distinct},
                {"ordered", in_order(totals)},
                {"disordered", totals.disordered},
                {"duplicates", totals.duplicates},
                {"missing", totals.missing},
                {"implausible", totals.implausible}};
  if (!port.check.first_fault().empty()) report["first_fault"] = port.check.first_fault();
  return report;
}

Report port_report(const SinkPort& port, const SinkVerdict& verdict) {
  const double seconds = active_seconds(port);
  Report report{{"listen", to_string(port.endpoint)},
                {"records", port.records},
                {"bytes", port.bytes},
                {"active_s", seconds},
                {"records_per_s", per_second(port.records, seconds)},
                {"bytes_per_s", per_second(port.bytes, seconds)},
                {"receives", port.receives},
                {"connections", port.connections},
                {"connections_open", port.connections_open},
                {"partial_lines", port.partial_lines},
                {"resets", port.failed},
                {"closed_on_demand", port.closed_on_demand}};
  if (port.errors_told > 0) report["errors_told"] = port.errors_told;
  if (port.http) {
    report["requests"] = port.requests;
    report["requests_failed"] = port.requests_failed;
    report["records_failed"] = port.records_failed;
  }
  if (verdict.check) report["check"] = check_report(port);
  if (verdict.latency) report["latency_ns"] = quantiles(port.latency);
  return report;
}

void print_check(const SinkPort& port) {
  const SequenceCheck::Totals totals = port.check.totals();
  fmt::print("  order {}, {} duplicates, {} missing below the largest, {} without a stamp{}{}\n",
             in_order(totals) ? "kept" : "BROKEN", with_commas(totals.duplicates),
             with_commas(totals.missing), with_commas(port.unstamped),
             port.check.first_fault().empty() ? "" : "; first: ", port.check.first_fault());
}

void print_latency(const Histogram& latency) {
  fmt::print("  latency p50 {}  p90 {}  p99 {}  p99.9 {}  max {}\n",
             human_duration(latency.quantile(0.5)), human_duration(latency.quantile(0.9)),
             human_duration(latency.quantile(0.99)), human_duration(latency.quantile(0.999)),
             human_duration(latency.max()));
}

}  // namespace

bool judge(const Sink& sink, const SinkVerdict& verdict) {
  bool good = verdict.expect == 0 || sink.records() >= verdict.expect;
  if (!verdict.check) return good;
  for (const auto& port : sink.ports()) good = good && port_passes(*port, verdict);
  return good;
}

Report sink_report(const Sink& sink, const SinkVerdict& verdict, double wall_s, double cpu_s) {
  Report ports = Report::array();
  std::uint64_t bytes = 0;
  for (const auto& port : sink.ports()) {
    ports.push_back(port_report(*port, verdict));
    bytes += port->bytes;
  }
  Report report{{"ok", judge(sink, verdict)},
                {"records", sink.records()},
                {"bytes", bytes},
                {"wall_s", wall_s},
                {"cpu_s", cpu_s}};
  if (verdict.expect > 0) report["expected"] = verdict.expect;
  report["ports"] = std::move(ports);
  return report;
}

void print_summary(const Sink& sink, const SinkVerdict& verdict) {
  fmt::print("{:<28} {:>15} {:>12} {:>14} {:>12}\n", "port", "records", "bytes", "records/s",
             "rate");
  for (const auto& port : sink.ports()) {
    const double seconds = active_seconds(*port);
    fmt::print("{:<28} {:>15} {:>12} {:>14} {:>12}\n", to_string(port->endpoint),
               with_commas(port->records), human_bytes(static_cast<double>(port->bytes)),
               with_commas(static_cast<std::uint64_t>(per_second(port->records, seconds))),
               human_bytes(per_second(port->bytes, seconds)) + "/s");
    if (port->partial_lines > 0) {
      fmt::print("  {} connections ended inside a line\n", with_commas(port->partial_lines));
    }
    if (verdict.check) print_check(*port);
    if (verdict.latency) print_latency(port->latency);
  }
  if (verdict.expect > 0 && sink.records() < verdict.expect) {
    fmt::print("expected {} records, {} came\n", with_commas(verdict.expect),
               with_commas(sink.records()));
  }
  std::fflush(stdout);
}

}  // namespace weir
