#include "tools/run/run_report.h"

namespace weir {
namespace {

struct SourceTotals {
  std::uint64_t accepted = 0;
  std::uint64_t unmatched = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(RefuseReason::count_)> refused{};
};

SourceTotals add_up_source(const Pipeline& pipeline, std::size_t source) {
  SourceTotals totals;
  const Cell& cell = pipeline.cell();
  for (std::size_t r = 0; r < cell.routers(); ++r) {
    const SourceCounters& counters =
        cell.router(r).counters(SourceId(static_cast<std::uint16_t>(source)));
    totals.accepted += counters.accepted.read();
    totals.unmatched += counters.unmatched.read();
    for (std::size_t i = 0; i < totals.refused.size(); ++i) {
      totals.refused[i] += counters.refused[i].read();
    }
  }
  return totals;
}

Report report_source(const SourceTotals& totals) {
  Report refused = Report::object();
  for (std::size_t i = 1; i < totals.refused.size(); ++i) {
    if (totals.refused[i] == 0) continue;
    refused[std::string(to_string(static_cast<RefuseReason>(i)))] = totals.refused[i];
  }
  return {{"accepted", totals.accepted}, {"refused", std::move(refused)}};
}

Report report_target(const TargetCounters& counters) {
  return {{"matched", counters.matched.read()}, {"delivered", counters.delivered.read()},
          {"shed", counters.shed.read()},       {"dead_lettered", counters.dead_lettered.read()},
          {"dropped", counters.dropped.read()}, {"pending", counters.pending.read()},
          {"batches", counters.batches.read()}, {"bytes", counters.bytes.read()}};
}

// Buses that rules of others have sent events on to.
Report report_buses(const Pipeline& pipeline) {
  Report buses = Report::object();
  const Cell& cell = pipeline.cell();
  for (std::size_t i = 0; i < pipeline.catalog().buses.size(); ++i) {
    std::uint64_t events = 0;
    std::uint64_t unmatched = 0;
    std::uint64_t too_complex = 0;
    for (std::size_t r = 0; r < cell.routers(); ++r) {
      const OnwardCounters& counters = cell.router(r).onward(BusId(static_cast<std::uint16_t>(i)));
      events += counters.events.read();
      unmatched += counters.unmatched.read();
      too_complex += counters.too_complex.read();
    }
    if (events == 0) continue;
    buses[pipeline.catalog().buses[i].name] = {
        {"events", events}, {"unmatched", unmatched}, {"too_complex", too_complex}};
  }
  return buses;
}

}  // namespace

Report make_run_report(const Pipeline& pipeline) {
  Report sources = Report::object();
  std::uint64_t unmatched = 0;
  for (std::size_t i = 0; i < pipeline.catalog().sources.size(); ++i) {
    const SourceTotals totals = add_up_source(pipeline, i);
    sources[pipeline.catalog().sources[i].name] = report_source(totals);
    unmatched += totals.unmatched;
  }
  // Rules in the order of the configuration, those of earlier ones after.
  Report rules = Report::object();
  const auto matches = pipeline.rule_matches();
  for (const RuleSpec& rule : pipeline.catalog().rules) {
    rules[rule.name] = {{"matched", matches.at(rule.name)}};
  }
  for (const auto& [name, count] : matches) {
    if (!rules.contains(name)) rules[name] = {{"matched", count}};
  }
  Report targets = Report::object();
  for (const Pipeline::TargetView& target : pipeline.targets()) {
    targets[target.name] = report_target(*target.counters);
  }
  return {{"sources", std::move(sources)},
          {"buses", report_buses(pipeline)},
          {"rules", std::move(rules)},
          {"targets", std::move(targets)},
          {"unmatched", unmatched}};
}

Totals add_up(const Pipeline& pipeline) {
  Totals sum;
  for (std::size_t i = 0; i < pipeline.catalog().sources.size(); ++i) {
    const SourceTotals totals = add_up_source(pipeline, i);
    sum.accepted += totals.accepted;
    sum.unmatched += totals.unmatched;
    for (const std::uint64_t refused : totals.refused) sum.refused += refused;
  }
  for (const Pipeline::TargetView& target : pipeline.targets()) {
    sum.delivered += target.counters->delivered.read();
    sum.shed += target.counters->shed.read();
    sum.dropped += target.counters->dropped.read();
    sum.pending += target.counters->pending.read();
    sum.bytes_out += target.counters->bytes.read();
  }
  return sum;
}

}  // namespace weir
