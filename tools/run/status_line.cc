#include "tools/run/status_line.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace weir {
namespace {

std::string short_count(double count) {
  if (count >= 1e6) return fmt::format("{:.2f}M", count / 1e6);
  if (count >= 1e3) return fmt::format("{:.1f}k", count / 1e3);
  return fmt::format("{:.0f}", count);
}

std::string short_bytes(std::uint64_t bytes) {
  if (bytes >= kMiB) return fmt::format("{:.1f}MiB", static_cast<double>(bytes) / kMiB);
  if (bytes >= kKiB) return fmt::format("{}KiB", bytes / kKiB);
  return fmt::format("{}B", bytes);
}

std::string backlog_of(const Pipeline::TargetView& target) {
  const TargetCounters& counters = *target.counters;
  std::string text = fmt::format("{} {}", target.name, short_bytes(counters.buffered_bytes.read()));
  const auto state = static_cast<TargetState>(counters.state.read());
  if (state == TargetState::reconnecting) text += " reconnecting";
  if (counters.held.read() > 0) text += " full";
  if (counters.lagging.read() > 0) text += " lags";
  const std::pair<const char*, const Counter*> lost[] = {
      {"shed", &counters.shed}, {"dead", &counters.dead_lettered}, {"dropped", &counters.dropped}};
  for (const auto& [name, counter] : lost) {
    const std::uint64_t count = counter->read();
    if (count > 0) text += fmt::format(" {} {}", name, short_count(static_cast<double>(count)));
  }
  return text;
}

}  // namespace

std::string StatusLine::next(const Pipeline& pipeline, MonotonicTime now, std::size_t width) {
  const Totals totals = add_up(pipeline);
  const std::uint64_t bytes_in = pipeline.bytes_in();
  const double seconds = std::chrono::duration<double>(now - last_time_).count();
  const auto rate = [seconds](std::uint64_t newer, std::uint64_t older) {
    return seconds > 0 ? static_cast<double>(newer - older) / seconds : 0.0;
  };
  std::string line = fmt::format("in {} ev/s {:.1f} MB/s | out {} ev/s {:.1f} MB/s",
                                 short_count(rate(totals.accepted, last_.accepted)),
                                 rate(bytes_in, last_bytes_in_) / 1e6,
                                 short_count(rate(totals.delivered, last_.delivered)),
                                 rate(totals.bytes_out, last_.bytes_out) / 1e6);
  if (totals.refused > 0) {
    line += fmt::format(" | refused {}", short_count(static_cast<double>(totals.refused)));
  }
  for (std::size_t i = 0; i < pipeline.catalog().buses.size(); ++i) {
    const BusLog* log = pipeline.log_of(i);
    if (log == nullptr || log->gate().state() == BusGate::State::accepting) continue;
    line += fmt::format(" | bus {} {}", pipeline.catalog().buses[i].name,
                        log->gate().refusing() ? "takes nothing" : "slowed");
  }
  line += " | backlog";
  for (const Pipeline::TargetView& target : pipeline.targets()) {
    if (!target.retired) line += " " + backlog_of(target);
  }
  last_ = totals;
  last_bytes_in_ = bytes_in;
  last_time_ = now;
  if (width > 1 && line.size() >= width) line.resize(width - 1);
  return line;
}

}  // namespace weir
