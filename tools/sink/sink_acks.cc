#include "tools/sink/sink_acks.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <iterator>
#include <limits>

namespace weir {
namespace {

// What is not taken by a peer that does not read is tried again so much later.
constexpr std::int64_t kAgainNs = 1'000'000;

}  // namespace

void SinkAcks::owe(std::uint64_t lines, std::int64_t now_ns, const SinkAckOptions& options) {
  if (options.never || lines == (owed_.empty() ? told_ : owed_.back().lines)) return;
  const std::int64_t due_ns = now_ns + options.delay.count();
  if (!owed_.empty() && owed_.back().due_ns == due_ns) {
    owed_.back().lines = lines;
  } else {
    owed_.push_back({due_ns, lines});
  }
}

void SinkAcks::tell(std::uint64_t lines, const SinkAckOptions& options) {
  if (options.fail_every > 0) {
    for (std::uint64_t line = told_ + 1; line <= lines; ++line) {
      if (line % options.fail_every != 0) continue;
      fmt::format_to(std::back_inserter(unsent_),
                     "{{\"error\":\"refused on demand\",\"line\":{}}}\n", line);
      ++errors_;
    }
  }
  fmt::format_to(std::back_inserter(unsent_), "{{\"ack\":{}}}\n", lines);
  told_ = lines;
}

void SinkAcks::send(int fd, std::int64_t now_ns, bool all, const SinkAckOptions& options) {
  std::uint64_t lines = told_;
  while (!owed_.empty() && (all || owed_.front().due_ns <= now_ns)) {
    lines = owed_.front().lines;
    owed_.pop_front();
  }
  if (lines > told_) tell(lines, options);
  if (unsent_.empty()) return;
  const ssize_t took = ::send(fd, unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  // A dead connection shows itself to the next receive.
  if (took > 0) unsent_.erase(0, static_cast<std::size_t>(took));
  if (!unsent_.empty()) owed_.push_front({now_ns + kAgainNs, told_});
}

std::int64_t SinkAcks::next_ns() const {
  return owed_.empty() ? std::numeric_limits<std::int64_t>::max() : owed_.front().due_ns;
}

std::uint64_t draw_drop(Random& random, const SinkAckOptions& options) {
  return options.drop_every == 0 ? std::numeric_limits<std::uint64_t>::max()
                                 : 1 + random.below(2 * options.drop_every);
}

}  // namespace weir
