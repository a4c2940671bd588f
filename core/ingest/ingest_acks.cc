// The Ingest's other direction: acknowledgements.
#include <cerrno>
#include <utility>

#include "core/base/check.h"
#include "core/base/give_back.h"
#include "core/ingest/ingest.h"
#include "core/ingest/ingest_token.h"

namespace weir {

void Ingest::open_acks(std::size_t slot) {
  Connection& connection = connections_[slot];
  connection.acks = std::make_unique<Acks>();
  Origin& origin = connection.intake.origin();
  origin.refs.acquire();
  origin.ack_slot = static_cast<std::uint32_t>(slot);
  connection.acks->origin = &origin;
}

void Ingest::refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
                     std::uint32_t error_offset) {
  const std::size_t slot = origin.ack_slot;
  AckLines& lines = connections_[slot].acks->lines;
  if (connections_[slot].acks->mute) return;
  lines.refused(line, reason, error_offset);
  ++untold_refusals_;
  if (lines.backlog() > kRefusalsEach && untold_refusals_ > limits_.untold_refusals_max) {
    close_unread(slot);
  } else {
    ack_due(slot);
  }
}

void Ingest::done(const Origin& origin, std::uint32_t lines) {
  Acks& acks = *connections_[origin.ack_slot].acks;
  acks.lines.done(lines);
  ++acks.spans_done;
  ack_due(origin.ack_slot);
}

// The peer leaves too much of what it is told unread.
bool Ingest::unread(const Acks& acks) {
  return !acks.mute && (acks.lines.backlog() > kRefusalsEach ||
                        (acks.sending && acks.spans_done - acks.spans_at_send >= kSpansUnread));
}

void Ingest::ack_due(std::size_t slot) {
  if (std::exchange(connections_[slot].acks->due, true)) return;
  acks_due_.push_back(slot);
}

std::size_t Ingest::send_acks(const Now& now) {
  const std::size_t count = acks_due_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t slot = acks_due_[i];
    Connection& connection = connections_[slot];
    // A slot that was closed, or taken anew without acks.
    if (!connection.open || connection.acks == nullptr) continue;
    connection.acks->due = false;
    send_ack(slot, now);
  }
  acks_due_.erase(acks_due_.begin(), acks_due_.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

// Sends what there is to tell, or closes when all was told.
void Ingest::send_ack(std::size_t slot, const Now& now) {
  Connection& connection = connections_[slot];
  Acks& acks = *connection.acks;
  if (acks.sending) return;
  if (acks.out.empty() && !acks.mute) {
    const std::size_t backlog = acks.lines.backlog();
    acks.lines.write(acks.out);
    untold_refusals_ -= backlog - acks.lines.backlog();
    acks.out_sent = 0;
    acks.moved = now.monotonic;
  }
  if (!acks.out.empty()) {
    acks.sending = true;
    acks.spans_at_send = acks.spans_done;
    ++sends_under_way_;
    counters_.acks.add();
    port_.send(
        connection.handle, std::span(acks.out).subspan(acks.out_sent),
        IngestToken{
            .kind = IngestToken::Kind::send, .generation = connection.generation, .index = slot}
            .pack());
  } else if (acks.all_sealed && (acks.mute || acks.spans_done == acks.spans)) {
    close(slot);
  }
}

void Ingest::ack_sent(std::size_t slot, std::int64_t result, const Now& now) {
  Connection& connection = connections_[slot];
  Acks& acks = *connection.acks;
  WEIR_CHECK(acks.sending);
  acks.sending = false;
  --sends_under_way_;
  if (!connection.open) return free_slot(slot);
  if (result > 0) {
    acks.out_sent += static_cast<std::size_t>(result);
    acks.moved = now.monotonic;
  } else if (result != -EAGAIN && result != -EINTR) {
    // It hears no more; what it has sent is taken all the same.
    acks.mute = true;
  }
  if (acks.mute || acks.out_sent == acks.out.size()) {
    // Most of what is said is one short ack; a burst of errors gives its memory back.
    if (acks.out.capacity() > 256) give_back(acks.out);
    acks.out.clear();
  }
  if (!acks.out.empty() || acks.lines.pending() || acks.all_sealed) ack_due(slot);
  if (connection.idle && !unread(acks)) {
    connection.idle = false;
    go_on(slot, now);
  }
}

void Ingest::check_unread(const Now& now) {
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = connections_[slot];
    if (!connection.open || connection.acks == nullptr || !connection.acks->sending) continue;
    if (now.monotonic - connection.acks->moved >= kUnreadDeadline) close_unread(slot);
  }
}

void Ingest::close_unread(std::size_t slot) {
  Connection& connection = connections_[slot];
  counters_.connections_unread.add();
  const Origin& origin = *connection.acks->origin;
  events_.problem(origin.source,
                  "closed " + origin.label + ": it does not read its acknowledgements");
  close(slot);
}

}  // namespace weir
