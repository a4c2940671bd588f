#include "tools/run/metrics_page.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "io/ring/clock.h"

namespace weir {
namespace {

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

class Page {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // The samples that follow are of this family.
  void counter(std::string_view name, std::string_view help) { family(name, "counter", help); }
  void gauge(std::string_view name, std::string_view help) { family(name, "gauge", help); }
  template <typename Value>
  void sample(Labels labels, Value value) {
    text_ += name_;
    const char* before = "{";
    for (const auto& [key, text] : labels) {
      text_ += fmt::format("{}{}=\"{}\"", before, key, escaped(text));
      before = ",";
    }
    text_ += fmt::format("{} {}\n", labels.size() > 0 ? "}" : "", value);
  }
  template <typename Value>
  void one_counter(std::string_view name, std::string_view help, Value value) {
    counter(name, help);
    sample({}, value);
  }
  template <typename Value>
  void one_gauge(std::string_view name, std::string_view help, Value value) {
    gauge(name, help);
    sample({}, value);
  }
  std::string take() { return std::move(text_); }

 private:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = fmt::format("weir_{}", name);
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, help, name_, type);
  }
  std::string text_;
  std::string name_;
};

void write_sources(Page& page, const Pipeline& pipeline) {
  const Cell& cell = pipeline.cell();
  const auto& sources = pipeline.catalog().sources;
  const auto sum = [&](std::size_t source, auto pick) {
    std::uint64_t total = 0;
    for (std::size_t r = 0; r < cell.routers(); ++r) {
      total += pick(cell.router(r).counters(SourceId(static_cast<std::uint16_t>(source)))).read();
    }
    return total;
  };
  page.counter("source_accepted_events_total", "Events taken from a source.");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    page.sample({{"source", sources[i].name}},
                sum(i, [](const SourceCounters& c) -> const Counter& { return c.accepted; }));
  }
  page.counter("source_unmatched_events_total", "Accepted events that no rule matched.");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    page.sample({{"source", sources[i].name}},
                sum(i, [](const SourceCounters& c) -> const Counter& { return c.unmatched; }));
  }
  page.counter("source_refused_events_total", "Lines of a source that are no events, by reason.");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    for (std::size_t reason = 1; reason < static_cast<std::size_t>(RefuseReason::count_);
         ++reason) {
      page.sample(
          {{"source", sources[i].name}, {"reason", to_string(static_cast<RefuseReason>(reason))}},
          sum(i, [&](const SourceCounters& c) -> const Counter& { return c.refused[reason]; }));
    }
  }
}

void write_rules(Page& page, const Pipeline& pipeline) {
  page.counter("rule_matched_events_total", "Events that a rule matched.");
  for (const auto& [rule, count] : pipeline.rule_matches()) page.sample({{"rule", rule}}, count);
}

struct TargetFamily {
  std::string_view name;
  std::string_view help;
  Counter TargetCounters::*counter;
};

void write_targets(Page& page, const Pipeline& pipeline) {
  using T = TargetCounters;
  static constexpr std::array kCounters = std::to_array<TargetFamily>({
      {"target_matched_events_total", "Events that were to go to a target.", &T::matched},
      {"target_delivered_events_total", "Events that a target has taken.", &T::delivered},
      {"target_shed_events_total", "Events dropped because the target's buffer was full.",
       &T::shed},
      {"target_dropped_events_total", "Events given up.", &T::dropped},
      {"target_dead_lettered_events_total", "Events whose tries have ended.", &T::dead_lettered},
      {"target_deferred_events_total", "Events moved to the store, to be tried again.",
       &T::deferred},
      {"target_batches_total", "Batches that a target has taken.", &T::batches},
      {"target_bytes_total", "Bytes of them.", &T::bytes},
      {"target_connects_total", "Connections made, files opened.", &T::connects},
      {"target_connect_failures_total", "Connections that could not be made.",
       &T::connect_failures},
      {"target_disconnects_total", "Connections that broke.", &T::disconnects},
      {"target_requests_total", "HTTP requests sent, repeats included.", &T::requests},
      {"target_request_failures_total", "HTTP requests without full success.",
       &T::request_failures},
      {"target_failed_records_total", "Records that were to be sent again.", &T::records_failed},
  });
  static constexpr std::array kGauges = std::to_array<TargetFamily>({
      {"target_pending_events", "Events on their way to a target.", &T::pending},
      {"target_buffered_bytes", "Bytes that wait for a target or for its answer.",
       &T::buffered_bytes},
      {"target_lagging", "Durable buses that a target reads from the log.", &T::lagging},
  });
  for (const TargetFamily& family : kCounters) {
    page.counter(family.name, family.help);
    for (const Pipeline::TargetView& target : pipeline.targets()) {
      page.sample({{"target", target.name}}, (*target.counters.*family.counter).read());
    }
  }
  for (const TargetFamily& family : kGauges) {
    page.gauge(family.name, family.help);
    for (const Pipeline::TargetView& target : pipeline.targets()) {
      page.sample({{"target", target.name}}, (*target.counters.*family.counter).read());
    }
  }
  page.gauge("target_oldest_seconds", "Age of the oldest event that waits for a target.");
  const auto now = static_cast<std::uint64_t>(monotonic_now().since_start.count());
  for (const Pipeline::TargetView& target : pipeline.targets()) {
    const std::uint64_t oldest = target.counters->oldest_ns.read();
    const double age = oldest == 0 || oldest > now ? 0 : static_cast<double>(now - oldest) / 1e9;
    page.sample({{"target", target.name}}, age);
  }
}

void write_logs(Page& page, const Pipeline& pipeline) {
  const DurableBuses* durable = pipeline.cell().durable();
  if (durable == nullptr || durable->buses() == 0) return;
  const auto each = [&](auto value) {
    for (std::size_t i = 0; i < durable->buses(); ++i) {
      page.sample({{"bus", durable->bus_name(i)}}, value(durable->log(i)));
    }
  };
  page.counter("log_bytes_total", "Bytes of durable records.");
  each([](const BusLog& log) { return log.counters().bytes.read(); });
  page.counter("log_syncs_total", "Times that the disk was asked to keep what was written.");
  each([](const BusLog& log) { return log.counters().syncs.read(); });
  page.counter("log_failed_writes_total", "Writes and syncs that failed.");
  each([](const BusLog& log) { return log.counters().failed_writes.read(); });
  page.counter("log_dropped_blocks_total", "Blocks dropped though a target needed them.");
  each([](const BusLog& log) { return log.counters().dropped_blocks.read(); });
  page.gauge("log_file_bytes", "Size of the log's files.");
  each([](const BusLog& log) { return log.counters().file_bytes.read(); });
  page.gauge("log_refusing", "1 while the bus takes nothing.");
  each([](const BusLog& log) { return log.gate().refusing() ? 1 : 0; });
}

void write_input(Page& page, const Pipeline& pipeline) {
  if (const Ingest* ingest = pipeline.ingest()) {
    const IngestCounters& c = ingest->counters();
    page.one_gauge("line_connections", "Open connections of lines.", c.connections_open.read());
    page.one_counter("line_connections_total", "Connections of lines ever.",
                     c.connections_total.read());
    page.one_counter("line_bytes_total", "Bytes received on them.", c.bytes.read());
    page.one_counter("line_waits_for_blocks_total", "Receives put off because no block was free.",
                     c.waits_for_blocks.read());
  }
  const BlockPool& blocks = pipeline.cell().blocks();
  const BlockPool* of_requests = pipeline.cell().request_blocks();
  page.gauge("blocks", "Blocks that carry events through the router.");
  page.sample({{"of", "lines"}}, blocks.size());
  if (of_requests != nullptr) page.sample({{"of", "requests"}}, of_requests->size());
  page.gauge("blocks_free", "Those that are free.");
  page.sample({{"of", "lines"}}, blocks.free_blocks());
  if (of_requests != nullptr) page.sample({{"of", "requests"}}, of_requests->free_blocks());
}

void write_http(Page& page, const FrontDoor& door) {
  const HttpServerCounters& c = door.server().counters();
  page.one_gauge("http_connections", "Open connections.", c.connections_open.read());
  page.one_counter("http_connections_total", "Connections ever.", c.connections_total.read());
  page.one_counter("http_connections_failed_total", "Not accepted for want of descriptors.",
                   c.connections_failed.read());
  page.one_counter("http_connections_delayed_total", "Times that the limit was reached.",
                   c.connections_delayed.read());
  page.one_counter("http_requests_total", "Whole requests.", c.requests.read());
  page.counter("http_requests_failed_total", "Requests that did not get to be answered well.");
  page.sample({{"reason", "refused"}}, c.requests_refused.read());
  page.sample({{"reason", "cut"}}, c.requests_cut.read());
  page.sample({{"reason", "slow"}}, c.requests_slow.read());
  page.sample({{"reason", "no_memory"}}, c.requests_no_memory.read());
  page.counter("http_answers_total", "Answers, by the class of their status.");
  page.sample({{"class", "2xx"}}, c.answers_good.read());
  page.sample({{"class", "4xx"}}, c.answers_client.read());
  page.sample({{"class", "5xx"}}, c.answers_server.read());
  page.one_counter("http_received_bytes_total", "Bytes received.", c.bytes_in.read());
  page.one_counter("http_sent_bytes_total", "Bytes sent.", c.bytes_out.read());
  page.one_counter("http_submissions_given_up_total", "Submissions cut short for want of blocks.",
                   door.desk().counters().given_up.read());
  const AwsCounters& aws = door.aws().counters();
  page.one_counter("api_requests_total", "Calls of EventBridge's operations.", aws.requests.read());
  page.one_counter("api_errors_total", "Those answered with an error.", aws.errors.read());
  page.one_counter("api_entries_total", "Entries of PutEvents.", aws.entries.read());
  page.one_counter("api_failed_entries_total", "Those answered with an error of their own.",
                   aws.entries_failed.read());
  page.one_counter("api_unknown_bus_entries_total", "Those for a bus that is not there.",
                   aws.unknown_bus.read());
  page.one_gauge("api_unknown_arns", "ARNs of targets of rules that nothing stands for.",
                 door.unknown_arns().read());
}

}  // namespace

std::string make_metrics_page(const Pipeline& pipeline) {
  Page page;
  write_sources(page, pipeline);
  write_rules(page, pipeline);
  write_targets(page, pipeline);
  write_logs(page, pipeline);
  write_input(page, pipeline);
  if (pipeline.front_door() != nullptr) write_http(page, *pipeline.front_door());
  return page.take();
}

}  // namespace weir
