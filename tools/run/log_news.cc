#include "tools/run/log_news.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {
namespace {

bool has_target(const Catalog& catalog, const std::string& name) {
  return std::ranges::find(catalog.targets, name, &TargetSpec::name) != catalog.targets.end();
}

std::string blocks_text(std::uint64_t count) {
  return fmt::format("{} block{}", count, count == 1 ? "" : "s");
}

std::uint64_t bytes_of(const RecoveredLog& log) {
  std::uint64_t bytes = 0;
  for (const SegmentInfo& segment : log.segments) bytes += segment.bytes;
  return bytes;
}

}  // namespace

std::vector<std::string> news_of_start(const Catalog& catalog, const RecoveredBuses& recovered) {
  std::vector<std::string> lines;
  for (const RecoveredBuses::Bus& bus : recovered.buses) {
    const std::string& name = catalog.buses[bus.bus.value].name;
    if (!bus.log.segments.empty()) {
      lines.push_back(fmt::format("bus {}: found blocks {} to {} on disk, {} file{} of {:.1f} MiB",
                                  name, bus.first_sequence, bus.next_sequence - 1,
                                  bus.log.segments.size(), bus.log.segments.size() == 1 ? "" : "s",
                                  static_cast<double>(bytes_of(bus.log)) / kMiB));
    }
    if (bus.log.torn_bytes > 0) {
      lines.push_back(
          fmt::format("bus {}: cut off {} bytes at the end, which were never "
                      "acknowledged",
                      name, bus.log.torn_bytes));
    }
    for (const StoredCursor& cursor : recovered.cursors.state.cursors) {
      if (cursor.bus != name || cursor.next.sequence >= bus.next_sequence) continue;
      const std::uint64_t from = std::max(cursor.next.sequence, bus.first_sequence);
      const std::string behind = blocks_text(bus.next_sequence - from);
      if (has_target(catalog, cursor.target)) {
        lines.push_back(fmt::format("target {}: goes on with the {} of bus {} that wait for it",
                                    cursor.target, behind, name));
      } else {
        lines.push_back(
            fmt::format("target {} is no longer configured; the {} of bus {} that wait "
                        "for it are kept until weir log forget",
                        cursor.target, behind, name));
      }
    }
  }
  return lines;
}

std::vector<std::string> news_of_end(const LogState& state) {
  std::vector<std::string> lines;
  for (const LogState::Target& target : state.targets) {
    const auto bus = std::ranges::find(state.buses, target.bus, &LogState::Bus::name);
    if (bus == state.buses.end() || target.next.sequence >= bus->durable) continue;
    if (!target.in_use.value_or(false)) continue;
    lines.push_back(
        fmt::format("target {}: what waits for it in {} of bus {} stays on disk, and "
                    "goes out after the next start",
                    target.name, blocks_text(bus->durable - target.next.sequence), target.bus));
  }
  for (const LogState::Stored& stored : state.stored) {
    if (stored.retries == 0) continue;
    lines.push_back(fmt::format("target {}: {} event{} to be tried again stay{} on disk",
                                stored.target, stored.retries, stored.retries == 1 ? "" : "s",
                                stored.retries == 1 ? "s" : ""));
  }
  return lines;
}

}  // namespace weir
