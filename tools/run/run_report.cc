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

Report report_target(const TargetCounters& counters, bool durable) {
  Report dropped = Report::object();
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    const std::uint64_t count = counters.dropped_by[i].read();
    if (count > 0) dropped[std::string(to_string(static_cast<DropReason>(i)))] = count;
  }
  Report report = {
      {"matched", counters.matched.read()}, {"delivered", counters.delivered.read()},
      {"shed", counters.shed.read()},       {"dead_lettered", counters.dead_lettered.read()},
      {"dropped", counters.dropped.read()}, {"dropped_by", std::move(dropped)},
      {"pending", counters.pending.read()}, {"batches", counters.batches.read()},
      {"bytes", counters.bytes.read()}};
  if (!durable) return report;
  report["deferred"] = counters.deferred.read();
  report["returned"] = counters.returned.read();
  report["refused"] = counters.refused.read();
  report["caught_up"] = counters.caught_up.read();
  report["records_missed"] = counters.records_missed.read();
  return report;
}

Report report_log(const BusLog& log) {
  const BusLogCounters& counters = log.counters();
  return {{"blocks", counters.blocks.read()},
          {"bytes", counters.bytes.read()},
          {"writes", counters.writes.read()},
          {"syncs", counters.syncs.read()},
          {"failed_writes", counters.failed_writes.read()},
          {"rewritten", counters.rewritten.read()},
          {"times_full", counters.full.read()},
          {"segments", counters.segments.read()},
          {"file_bytes", counters.file_bytes.read()},
          {"segments_removed", counters.segments_removed.read()},
          {"dropped_blocks", counters.dropped_blocks.read()}};
}

// Of the durable buses and their disk.
void add_logs(const Pipeline& pipeline, Report& report) {
  Report logs = Report::object();
  for (std::size_t i = 0; i < pipeline.catalog().buses.size(); ++i) {
    const BusLog* log = pipeline.log_of(i);
    if (log != nullptr) logs[pipeline.catalog().buses[i].name] = report_log(*log);
  }
  report["logs"] = std::move(logs);
  report["disk"] = {{"free", pipeline.free_bytes()},
                    {"soft", pipeline.catalog().disk.soft},
                    {"hard", pipeline.catalog().disk.hard}};
  if (const Ingest* ingest = pipeline.ingest()) {
    report["ingest"] = {{"waits_for_bus", ingest->counters().waits_for_bus.read()},
                        {"waits_for_space", ingest->counters().waits_for_space.read()}};
  }
  Report waiting = Report::array();
  for (const LogState::Target& target : pipeline.left_on_disk().targets) {
    for (const LogState::Bus& bus : pipeline.left_on_disk().buses) {
      if (bus.name != target.bus || target.next.sequence >= bus.durable) continue;
      waiting.push_back({{"target", target.name},
                         {"bus", bus.name},
                         {"blocks", bus.durable - target.next.sequence},
                         {"in_use", target.in_use.value_or(false)}});
    }
  }
  report["left_on_disk"] = std::move(waiting);
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

Report report_http(const FrontDoor& door) {
  const HttpServerCounters& counters = door.server().counters();
  const AwsCounters& aws = door.aws().counters();
  return {{"connections", counters.connections_total.read()},
          {"requests", counters.requests.read()},
          {"refused", counters.requests_refused.read()},
          {"cut", counters.requests_cut.read()},
          {"slow", counters.requests_slow.read()},
          {"no_memory", counters.requests_no_memory.read()},
          {"answers",
           {{"2xx", counters.answers_good.read()},
            {"4xx", counters.answers_client.read()},
            {"5xx", counters.answers_server.read()}}},
          {"given_up", door.desk().counters().given_up.read()},
          {"api",
           {{"requests", aws.requests.read()},
            {"errors", aws.errors.read()},
            {"entries", aws.entries.read()},
            {"entries_failed", aws.entries_failed.read()},
            {"unknown_bus", aws.unknown_bus.read()},
            {"unknown_arns", door.unknown_arns().read()}}}};
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
  const bool durable = !pipeline.catalog().data_dir.empty();
  Report targets = Report::object();
  for (const Pipeline::TargetView& target : pipeline.targets()) {
    targets[target.name] = report_target(*target.counters, durable);
  }
  Report report = {{"sources", std::move(sources)},
                   {"buses", report_buses(pipeline)},
                   {"rules", std::move(rules)},
                   {"targets", std::move(targets)},
                   {"unmatched", unmatched}};
  if (durable) add_logs(pipeline, report);
  if (pipeline.front_door() != nullptr) report["http"] = report_http(*pipeline.front_door());
  return report;
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
