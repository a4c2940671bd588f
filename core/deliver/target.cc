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
    : id_(id),
      spec_(spec),
      counters_(std::move(counters)),
      world_(world),
      sinks_(sinks),
      event_bytes_limit_(event_bytes_limit),
      buffer_(pool) {
  make_input();
  if (spec_.kind == TargetKind::url) {
    number_ = sinks_.add(this);
    http_ =
        std::make_unique<HttpTarget>(HttpTarget::Setup{.world = world_,
                                                       .counters = *counters_,
                                                       .target = id_,
                                                       .spec = spec_,
                                                       .number = number_,
                                                       .event_bytes_limit = event_bytes_limit_});
    return;
  }
  buffer_.configure(spec_, event_bytes_limit_);
  store_number_ = sinks_.add(this);
  undelivered_ = std::make_unique<Undelivered>(world_, buffer_, spec_, store_number_);
  make_own_sink();
}

Target::~Target() {
  sinks_.remove(number_);
  if (undelivered_ != nullptr) sinks_.remove(store_number_);
}

void Target::make_own_sink() {
  number_ = sinks_.add(this);
  sink_ = make_sink({.world = world_,
                     .buffer = buffer_,
                     .undelivered = *undelivered_,
                     .counters = *counters_,
                     .target = id_,
                     .spec = spec_,
                     .number = number_});
  if (retired_) sink_->close_when_settled();
}

void Target::make_input() {
  input_.reset();
  if (spec_.input.kind == InputSpec::Kind::event) return;
  auto compiled = InputTransform::compile(spec_.input, spec_.name);
  WEIR_CHECK(compiled);  // whoever made the spec has tried it
  input_ = std::make_unique<InputTransform>(std::move(compiled).value());
}

// The door for what stands in the place of an event. Where nothing can, the event is dropped.
bool Target::take_instead(std::string_view event, std::uint32_t index) {
  if (http_ == nullptr ? buffer_.passes_by() : http_->passes_by()) return true;
  if (!input_->apply(event, ingested_, instead_)) {
    http_ == nullptr ? buffer_.drop_one(DropReason::refused) : http_->drop_one(DropReason::refused);
    return true;
  }
  // Records end at line ends, but for those of `raw`.
  if (spec_.format != BatchFormat::raw) std::ranges::replace(instead_, '\n', ' ');
  const auto length = static_cast<std::uint32_t>(instead_.size());
  instead_ += '\n';
  if (http_ != nullptr) return http_->take(instead_.data(), length, index);
  const bool taken = buffer_.take(instead_.data(), length, index);
  buffer_.copy_noted();  // the text is gone with the next event
  return taken;
}

void Target::begin_round(const Block& block, Feed* feed, bool closed) {
  ingested_ = world_.clock.at(block.received.monotonic);
  if (http_ != nullptr) return http_->begin_round(block, feed, closed);
  buffer_.begin_facts({.id_seed = block.id_seed,
                       .id_sequence = block.id_sequence,
                       .log_sequence = block.log_sequence,
                       .received = world_.clock.at(block.received.monotonic),
                       .bus = block.bus,
                       .hops = block.hops},
                      block.events.size());
  buffer_.begin_round({.feed = feed,
                       .sequence = block.log_sequence,
                       .accepted = block.received.monotonic,
                       .closed = closed});
}

void Target::change(const TargetSpec& spec) {
  WEIR_CHECK(can_become(spec));
  if (spec_.input != spec.input) {
    spec_.input = spec.input;
    make_input();
  }
  if (http_ != nullptr) {
    spec_ = spec;
    return http_->change(spec_);
  }
  const bool stays = same_address(spec_, spec) && !moving_;
  spec_ = spec;
  buffer_.configure(spec_, event_bytes_limit_);
  undelivered_->change(spec_);
  if (stays) {
    sink_->change(spec_);
  } else if (!std::exchange(moving_, true)) {
    sink_->hand_over();
  }
}

void Target::retire() {
  retired_ = true;
  feeds().detach();
  drain();
  if (http_ != nullptr) {
    http_->retire();
  } else {
    sink_->close_when_settled();
  }
  if (gone()) counters_->state.set(static_cast<std::uint64_t>(TargetState::retired));
}

void Target::drain() {
  draining_ = true;
  if (http_ != nullptr) return http_->drain();
  undelivered_->drain();
  buffer_.drain();
  buffer_.close_batch();
}

void Target::abandon(BatchBuffer::Successor successor) {
  abandoned_ = true;
  if (http_ != nullptr) return http_->abandon(successor);
  undelivered_->abandon();
  buffer_.abandon(successor);
  sink_->abandon();
}

void Target::progress(const Now& now) {
  if (http_ != nullptr) return http_->progress(now);
  if (now.monotonic >= buffer_.deadline()) buffer_.close_batch();
  undelivered_->fetch(now);
  sink_->progress(now);
  if (moving_ && sink_->done()) {
    moving_ = false;
    sinks_.remove(number_);
    make_own_sink();
    if (!abandoned_) sink_->progress(now);
  }
  undelivered_->flush(now);
  if (abandoned_ && sink_->quiescent()) buffer_.free_memory();
}

void Target::publish_http() {
  const HttpTarget::Tally tally = http_->take_tally();
  TargetCounters& c = *counters_;
  c.matched.add(tally.matched);
  c.delivered.add(tally.delivered);
  c.shed.add(tally.shed);
  c.dropped.add(tally.dropped);
  for (std::size_t i = 0; i < kDropReasons; ++i) c.dropped_by[i].add(tally.dropped_by[i]);
  c.dead_lettered.add(tally.dead_lettered);
  c.deferred.add(tally.deferred);
  c.returned.add(tally.returned);
  c.batches.add(tally.batches);
  c.bytes.add(tally.bytes);
  pending_.set(c.pending, http_->pending() + http_->given_back());
  waiting_bytes_.set(c.buffered_bytes, http_->waiting_bytes());
  memory_bytes_.set(c.memory_bytes, http_->memory_bytes());
  publish_feeds();
}

void Target::publish() {
  if (http_ != nullptr) return publish_http();
  const BatchBuffer::Tally tally = buffer_.take_tally();
  TargetCounters& c = *counters_;
  c.matched.add(tally.matched);
  c.delivered.add(tally.delivered);
  c.shed.add(tally.shed);
  c.dropped.add(tally.dropped);
  for (std::size_t i = 0; i < kDropReasons; ++i) c.dropped_by[i].add(tally.dropped_by[i]);
  c.dead_lettered.add(tally.dead_lettered);
  c.returned.add(tally.returned);
  c.batches.add(tally.batches);
  c.bytes.add(tally.bytes);
  pending_.set(c.pending, buffer_.pending() + buffer_.given_back());
  waiting_bytes_.set(c.buffered_bytes, buffer_.waiting_bytes());
  memory_bytes_.set(c.memory_bytes, buffer_.memory_bytes());
  c.oldest_ns.set(static_cast<std::uint64_t>(
      buffer_.pending() == 0 ? 0 : buffer_.oldest().since_start.count()));
  publish_feeds();
}

void Target::publish_feeds() {
  feeds().publish();
  std::uint64_t lagging = 0;
  for (const Feed& feed : feeds()) lagging += feed.live ? 0 : 1;
  lagging_.set(counters_->lagging, lagging);
}

}  // namespace weir
