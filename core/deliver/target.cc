#include "core/deliver/target.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

bool same_address(const TargetSpec& a, const TargetSpec& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case TargetKind::tcp:
    case TargetKind::unix_socket:
      return a.endpoint.kind == b.endpoint.kind && a.endpoint.host == b.endpoint.host &&
             a.endpoint.port == b.endpoint.port && a.endpoint.congestion == b.endpoint.congestion;
    case TargetKind::file:
      return a.path == b.path;
    case TargetKind::url:
      return a.endpoint.host == b.endpoint.host && a.endpoint.port == b.endpoint.port &&
             a.endpoint.tls == b.endpoint.tls && a.http.path == b.http.path;
    case TargetKind::bus:
      return a.to_bus == b.to_bus;
    case TargetKind::standard_output:
    case TargetKind::discard:
      break;
  }
  return true;
}

}  // namespace

Target::Target(TargetId id, const TargetSpec& spec, std::shared_ptr<TargetCounters> counters,
               SinkWorld& world, ChunkPool& pool, SinkTable& sinks, std::uint64_t event_bytes_limit)
    : buffer(pool),
      id_(id),
      spec_(spec),
      counters_(std::move(counters)),
      world_(world),
      sinks_(sinks),
      event_bytes_limit_(event_bytes_limit) {
  buffer.configure(spec_, event_bytes_limit_);
  make_own_sink();
}

Target::~Target() {
  sinks_.remove(number_);
}

void Target::make_own_sink() {
  number_ = sinks_.add(this);
  sink_ = make_sink({.world = world_,
                     .buffer = buffer,
                     .counters = *counters_,
                     .target = id_,
                     .spec = spec_,
                     .number = number_});
  if (retired_) sink_->close_when_settled();
}

void Target::change(const TargetSpec& spec) {
  const bool stays = same_address(spec_, spec) && !moving_;
  spec_ = spec;
  buffer.configure(spec_, event_bytes_limit_);
  if (stays) {
    sink_->change(spec_);
  } else if (!std::exchange(moving_, true)) {
    sink_->hand_over();
  }
}

void Target::retire() {
  retired_ = true;
  buffer.feeds().detach();
  drain();
  sink_->close_when_settled();
  if (gone()) counters_->state.set(static_cast<std::uint64_t>(TargetState::retired));
}

void Target::drain() {
  draining_ = true;
  buffer.drain();
  buffer.close_batch();
}

void Target::abandon(BatchBuffer::Successor successor) {
  abandoned_ = true;
  buffer.abandon(successor);
  sink_->abandon();
}

void Target::progress(const Now& now) {
  if (now.monotonic >= buffer.deadline()) buffer.close_batch();
  sink_->progress(now);
  if (moving_ && sink_->done()) {
    moving_ = false;
    sinks_.remove(number_);
    make_own_sink();
    if (!abandoned_) sink_->progress(now);
  }
  if (abandoned_ && sink_->quiescent()) buffer.free_memory();
}

void Target::publish() {
  const BatchBuffer::Tally tally = buffer.take_tally();
  TargetCounters& c = *counters_;
  c.matched.add(tally.matched);
  c.delivered.add(tally.delivered);
  c.shed.add(tally.shed);
  c.dropped.add(tally.dropped);
  c.batches.add(tally.batches);
  c.bytes.add(tally.bytes);
  pending_.set(c.pending, buffer.pending() + buffer.given_back());
  waiting_bytes_.set(c.buffered_bytes, buffer.waiting_bytes());
  memory_bytes_.set(c.memory_bytes, buffer.memory_bytes());
  c.oldest_ns.set(
      static_cast<std::uint64_t>(buffer.pending() == 0 ? 0 : buffer.oldest().since_start.count()));
  buffer.feeds().publish();
  std::uint64_t lagging = 0;
  for (const Feed& feed : buffer.feeds()) lagging += feed.live ? 0 : 1;
  lagging_.set(c.lagging, lagging);
}

}  // namespace weir
