#include "tools/log/log_stat.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "core/log/segment.h"
#include "core/wire/dead_letter.h"

namespace weir {
namespace {

// Counts what one record holds for one target.
void count_for(const RecordView& record, LogStat::Target& target) {
  const auto name = std::ranges::find(record.target_names, target.at.name);
  if (name == record.target_names.end()) return;
  const auto number = static_cast<std::uint16_t>(name - record.target_names.begin());
  std::vector<bool> has(record.header.sets, false);
  for (std::uint32_t set = 0; set < record.header.sets; ++set) {
    const auto begin = RecordView::at<std::uint32_t>(record.sets, set);
    const auto end =
        std::min(RecordView::at<std::uint32_t>(record.sets, set + 1), record.header.set_targets);
    for (std::uint32_t i = begin; i < end && !has[set]; ++i) {
      has[set] = RecordView::at<std::uint16_t>(record.set_targets, i) == number;
    }
  }
  const bool first = record.header.sequence == target.at.next.sequence;
  for (std::uint32_t i = first ? target.at.next.event : 0; i < record.header.events; ++i) {
    const auto event = RecordView::at<EventEntry>(record.events, i);
    if (event.set >= has.size() || !has[event.set]) continue;
    if (target.events++ == 0) target.oldest_ns = record.header.received_ns;
    target.bytes += event.length;
  }
}

Status list_segments(Disk& disk, const std::string& data_dir, LogStat::Bus& bus) {
  const auto entries = disk.list(bus_directory(data_dir, bus.name));
  if (!entries && entries.error().code == ENOENT) return Done{};
  if (!entries) return Error{entries.error().message};
  for (const Disk::Entry& entry : *entries) {
    const auto first = parse_segment_name(entry.name);
    if (!first) continue;
    if (bus.segments++ == 0) bus.first = *first;
    bus.bytes += entry.size;
  }
  return Done{};
}

Status measure_bus(Disk& disk, const std::string& data_dir, std::uint64_t durable,
                   LogStat::Bus& bus, LogStat& stat) {
  if (Status status = list_segments(disk, data_dir, bus); !status) return status;
  // Without a target nothing but the end is of interest.
  std::uint64_t from = UINT64_MAX;
  for (const LogStat::Target& target : stat.targets) {
    if (target.at.bus == bus.name) from = std::min(from, target.at.next.sequence);
  }
  if (from == UINT64_MAX) from = 0;
  const LogVisitor visitor = {
      .record =
          [&](const std::string& name, const RecordView& record) {
            if (durable != 0 && record.header.sequence >= durable) return false;
            for (LogStat::Target& target : stat.targets) {
              if (target.at.bus != name) continue;
              if (record.header.sequence >= target.at.next.sequence) count_for(record, target);
            }
            return true;
          },
      .segment = [&](const LogSegment& s) { bus.next = std::max(bus.next, s.next); },
      .gap =
          [&](const LogGap& gap) {
            bus.damaged += gap.to - gap.from;
            stat.gaps.push_back(gap);
          }};
  const Status status =
      walk_logs(disk, {.data_dir = data_dir, .bus = bus.name, .from = from}, visitor);
  if (durable != 0) bus.next = durable;
  return status;
}

std::string size_text(std::uint64_t bytes) {
  const auto amount = static_cast<double>(bytes);
  if (bytes >= kGiB) return fmt::format("{:.1f} GiB", amount / kGiB);
  if (bytes >= kMiB) return fmt::format("{:.1f} MiB", amount / kMiB);
  if (bytes >= kKiB) return fmt::format("{:.1f} KiB", amount / kKiB);
  return fmt::format("{} B", bytes);
}

std::string age_text(std::int64_t since_ns, std::int64_t now_ns) {
  if (since_ns == 0) return "-";
  const std::int64_t seconds = std::max<std::int64_t>(0, now_ns - since_ns) / 1'000'000'000;
  if (seconds >= 2 * 86400) return fmt::format("{} d", seconds / 86400);
  if (seconds >= 2 * 3600) return fmt::format("{} h", seconds / 3600);
  if (seconds >= 2 * 60) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

LogState::Stored stored_for(const LogState& state, const std::string& target) {
  const auto found = std::ranges::find(state.stored, target, &LogState::Stored::target);
  return found == state.stored.end() ? LogState::Stored{} : *found;
}

std::string_view use_of(const LogState::Target& target) {
  if (!target.in_use) return "-";
  return *target.in_use ? "in use" : "removed";
}

}  // namespace

Result<LogStat> measure_logs(Disk& disk, const std::string& data_dir, const LogState& state) {
  LogStat stat;
  for (const LogState::Target& target : state.targets) {
    stat.targets.push_back({.at = target, .events = 0, .bytes = 0, .oldest_ns = 0});
  }
  for (const LogState::Bus& known : state.buses) {
    LogStat::Bus bus{.name = known.name, .input = known.input};
    if (Status status = measure_bus(disk, data_dir, known.durable, bus, stat); !status) {
      return status.error();
    }
    stat.buses.push_back(std::move(bus));
  }
  return stat;
}

std::string log_stat_text(const LogState& state, const LogStat& stat, std::int64_t now_ns) {
  std::string text =
      fmt::format("{:<20}  {:>8}  {:>10}  {:>12}  {:>12}  {:>7}  {}\n", "BUS", "SEGMENTS", "SIZE",
                  "FIRST BLOCK", "NEXT BLOCK", "DAMAGED", "INPUT");
  for (const LogStat::Bus& bus : stat.buses) {
    text += fmt::format("{:<20}  {:>8}  {:>10}  {:>12}  {:>12}  {:>7}  {}\n", bus.name,
                        bus.segments, size_text(bus.bytes), bus.first, bus.next, bus.damaged,
                        bus.input.empty() ? "no router runs" : bus.input);
  }
  text +=
      fmt::format("\n{:<20}  {:<20}  {:<7}  {:>14}  {:>12}  {:>10}  {:>7}  {:>8}  {}\n", "TARGET",
                  "BUS", "STATE", "AT", "EVENTS", "SIZE", "OLDEST", "RETRIES", "DEAD LETTERS");
  for (const LogStat::Target& target : stat.targets) {
    const LogState::Stored stored = stored_for(state, target.at.name);
    text += fmt::format("{:<20}  {:<20}  {:<7}  {:>14}  {:>12}  {:>10}  {:>7}  {:>8}  {}\n",
                        target.at.name, target.at.bus, use_of(target.at),
                        fmt::format("{}.{}", target.at.next.sequence, target.at.next.event),
                        target.events, size_text(target.bytes), age_text(target.oldest_ns, now_ns),
                        stored.retries, stored.dead_letters);
  }
  if (state.free_bytes != 0) {
    text += fmt::format("\n{} are free; accepting slows below {} and stops below {}\n",
                        size_text(state.free_bytes), size_text(state.soft), size_text(state.hard));
  }
  return text;
}

std::string log_stat_json(const LogState& state, const LogStat& stat) {
  using Json = nlohmann::ordered_json;
  Json json = {{"running", state.running}, {"buses", Json::array()}, {"targets", Json::array()}};
  for (const LogStat::Bus& bus : stat.buses) {
    Json one = {{"name", bus.name},       {"segments", bus.segments},
                {"bytes", bus.bytes},     {"first_block", bus.first},
                {"next_block", bus.next}, {"damaged_blocks", bus.damaged}};
    if (!bus.input.empty()) one["input"] = bus.input;
    json["buses"].push_back(std::move(one));
  }
  for (const LogStat::Target& target : stat.targets) {
    const LogState::Stored stored = stored_for(state, target.at.name);
    Json one = {{"name", target.at.name},           {"bus", target.at.bus},
                {"block", target.at.next.sequence}, {"event", target.at.next.event},
                {"events_behind", target.events},   {"bytes_behind", target.bytes},
                {"retries", stored.retries},        {"dead_letters", stored.dead_letters}};
    if (target.oldest_ns != 0) one["oldest"] = format_time({Nanoseconds(target.oldest_ns)});
    if (target.at.in_use) one["in_use"] = *target.at.in_use;
    json["targets"].push_back(std::move(one));
  }
  if (state.free_bytes != 0) {
    json["disk"] = {{"free", state.free_bytes}, {"soft", state.soft}, {"hard", state.hard}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir
