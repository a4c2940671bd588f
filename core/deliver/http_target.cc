#include "core/deliver/http_target.h"

#include <algorithm>
#include <utility>

#include "core/deliver/order_key.h"

namespace weir {
namespace {

constexpr std::uint64_t kSpareBytesMax = 4 * kMiB;
constexpr std::uint64_t kBodyCapLeast = 64 * kKiB;
constexpr std::uint64_t kBodyCapMost = kMiB;
constexpr std::uint64_t kResultBytes = 256;  // what an answer says about one record, generously

}  // namespace

HttpTarget::HttpTarget(Setup setup)
    : world_(setup.world),
      counters_(setup.counters),
      number_(setup.number),
      event_bytes_limit_(setup.event_bytes_limit),
      hash_key_(setup.world.random()),
      reporter_(setup.world.host, setup.target),
      pool_(kSpareBytesMax),
      store_(setup.world.store, setup.number) {
  configure(setup.spec);
  keys_known_ = !store_.available() || !ordered();
}

void HttpTarget::change(const TargetSpec& spec) {
  for (Lane& lane : lanes_) close_open(lane);
  const Endpoint& a = spec_.endpoint;
  const Endpoint& b = spec.endpoint;
  if (a.kind != b.kind || a.host != b.host || a.port != b.port || a.tls != b.tls) {
    for (const auto& connection : connections_) connection->let_go();
  }
  configure(spec);
}

void HttpTarget::configure(const TargetSpec& spec) {
  spec_ = spec;
  format_ = HttpFormat::of(spec, 0);
  head_ = std::make_unique<RequestHead>(spec.http, content_type_of(spec.format, format_.single));
  // Batches that are there keep the room they have; a head that became longer finds it when the
  // batch is encoded.
  format_.head_room = head_->bytes_max();
  gzip_ = spec.http.gzip ? std::make_unique<GzipBody>() : nullptr;
  const std::uint64_t largest = format_.bytes_of(event_bytes_limit_) + format_.head_room + kKiB;
  budget_ = std::max(spec.buffer_bytes, 2 * largest);
  body_cap_ = std::clamp(kResultBytes * spec.batch.records_max, kBodyCapLeast, kBodyCapMost);
  pace_.configure(spec_);
  const std::size_t connections = std::clamp<std::size_t>(spec.http.concurrency, 1, 1024);
  while (connections_.size() < connections) {
    const auto part = static_cast<std::uint16_t>(connections_.size());
    connections_.push_back(std::make_unique<HttpConnection>(world_.port, number_, part));
  }
  packed_.resize(connections_.size());
  // Keys stay where they are while events of theirs wait, so lanes are never fewer.
  const std::size_t lanes = ordered() ? connections : 1;
  if (lanes_.empty()) lanes_.resize(lanes);
  refresh_open();
}

void HttpTarget::begin_round(const Block& block, Feed* feed, bool closed) {
  const WallTime accepted = world_.clock.at(block.received.monotonic);
  window_.begin_block({.id_seed = block.id_seed,
                       .id_sequence = block.id_sequence,
                       .log_sequence = block.log_sequence,
                       .received = accepted,
                       .bus = block.bus,
                       .hops = block.hops});
  round_ = {.feed = feed,
            .sequence = block.log_sequence,
            .accepted = accepted,
            .closed = closed || abandoned_};
  refresh_open();
}

// What take() may do without looking closer. Order and CloudEvents always need a closer look.
void HttpTarget::refresh_open() {
  open_left_ = 0;
  open_records_left_ = 0;
  const HttpBatchPtr& open = lanes_[0].open;
  if (round_.closed || ordered() || open == nullptr) return;
  if (spec_.format == BatchFormat::cloudevents_batch) return;
  const std::uint64_t free = open->capacity - open->end - HttpFormat::kTailBytes;
  const std::uint64_t used = open->body_bytes();
  const std::uint64_t allowed = open_bytes_max() > used ? open_bytes_max() - used : 0;
  open_left_ = std::min(free, allowed);
  open_records_left_ =
      std::min<std::uint64_t>(spec_.batch.records_max - open->records.size(), window_.room());
}

bool HttpTarget::take_slowly(std::string_view event, std::uint32_t index) {
  if (round_.closed) return true;  // it lags
  const std::uint64_t key =
      ordered() ? hash_order_key(order_key(event, spec_.order_by), hash_key_) : 0;
  Lane& lane = lane_of(key);
  const std::uint64_t need = format_.bytes_of(event.size());
  if (!make_room(lane, need)) return turn_away(index);
  HttpBatch& batch = *lane.open;
  const std::uint32_t serial = window_.take(index);
  EventIdText id{};
  if (spec_.format == BatchFormat::cloudevents_batch) {
    const BlockFacts& facts = window_.facts(serial);
    id = event_id(facts.id_seed, facts.id_sequence, index);
  }
  batch.append(format_, id, round_.accepted, event, serial);
  if (ordered()) batch.keys.push_back(key);
  batch.oldest =
      batch.records.size() == 1 ? round_.accepted : std::min(batch.oldest, round_.accepted);
  ++taken_;
  if (batch.records.size() >= spec_.batch.records_max) close_open(lane);
  refresh_open();
  return true;
}

bool HttpTarget::within_budget(std::uint64_t more) const {
  return pool_.in_use() == 0 || pool_.used_bytes() + more <= budget_;
}

// An open batch with room for this much; false if the budget or the window is used up.
bool HttpTarget::make_room(Lane& lane, std::uint64_t need) {
  if (window_.room() == 0) return false;
  if (lane.open != nullptr && lane.open->records.size() > 0) {
    const bool full = lane.open->records.size() >= spec_.batch.records_max ||
                      lane.open->body_bytes() + need + HttpFormat::kTailBytes > open_bytes_max();
    const bool stuck =
        !lane.open->has_room(need) && !within_budget(std::max(need, lane.open->capacity));
    // A full buffer closes its batch at once: waiting for more company would be waiting for
    // nothing.
    if (full || stuck) close_open(lane);
  }
  if (lane.open == nullptr) {
    const std::uint64_t bytes = format_.head_room + need + HttpFormat::kTailBytes;
    if (!within_budget(std::max(bytes, pool_.spare_capacity()))) return false;
    lane.open = pool_.take(format_, need);
  } else if (!lane.open->has_room(need)) {
    pool_.grow(*lane.open, need);
  }
  return true;
}

bool HttpTarget::turn_away(std::uint32_t index) {
  Feed* feed = round_.feed;
  if (feed != nullptr && (spec_.when_full == WhenFull::lag || !feed->live)) {
    feed->taken = {.sequence = round_.sequence, .event = index};
    feed->live = false;
    feed->hungry = false;
    round_.closed = true;
    refresh_open();
    return true;
  }
  if (spec_.when_full != WhenFull::shed) return false;
  ++tally_.matched;
  ++tally_.shed;
  return true;
}

bool HttpTarget::roomy() const {
  return pending_ == 0 ||
         (pool_.used_bytes() <= budget_ / 2 && window_.room() >= SettleWindow::kEventsMax / 2);
}

bool HttpTarget::end_round(const Now& now, LogPosition behind) {
  if (round_.feed != nullptr && !round_.closed) {
    round_.feed->taken = std::max(round_.feed->taken, behind);
  }
  const bool closed = std::exchange(round_, {}).closed;
  note_taken();
  for (Lane& lane : lanes_) {
    if (lane.open == nullptr) continue;
    if (lane.open->records.size() >= spec_.batch.records_max || draining_ ||
        spec_.batch.wait_max <= 0ns) {
      close_open(lane);
    } else if (lane.linger == MonotonicTime::never()) {
      lane.linger = now.monotonic + spec_.batch.wait_max;
    }
  }
  sync_feeds();
  return closed;
}

void HttpTarget::close_open(Lane& lane) {
  lane.linger = MonotonicTime::never();
  if (lane.open == nullptr) return;
  HttpBatch& batch = *lane.open;
  if (batch.records.empty()) {
    pool_.give_back(std::move(lane.open));
  } else {
    if (!batch.known()) batch.oldest = window_.facts(batch.records[0].serial).received;
    batch.close(format_);
    pool_.recount(batch);
    lane.line.push_back(std::move(lane.open));
  }
  open_left_ = 0;
  open_records_left_ = 0;
}

void HttpTarget::close_lingering(const Now& now) {
  for (Lane& lane : lanes_) {
    if (lane.open != nullptr && (draining_ || now.monotonic >= lane.linger)) close_open(lane);
  }
}

void HttpTarget::note_taken() {
  tally_.matched += taken_;
  taken_before_ += taken_;
  pending_ += std::exchange(taken_, 0);
}

void HttpTarget::sync_feeds() {
  for (Feed& feed : feeds_) {
    feed.in_batch = window_.waits(feed.bus);
    if (feed.in_batch) feed.settled = window_.position(feed.bus);
  }
}

void HttpTarget::complete(SinkToken token, std::int64_t result, std::span<const char> bytes) {
  if (token.part < connections_.size()) connections_[token.part]->complete(token, result, bytes);
}

void HttpTarget::progress(const Now& now) {
  for (const auto& connection : connections_) connection->progress(now);
  if (abandoned_) return;
  take_outcomes(now);
  close_lingering(now);
  if (now.monotonic >= sweep_at_) sweep(now);
  if (store_.available()) pump_retries(now);
  dispatch(now);
  if (store_.available()) store_.flush();
  if (retired_ && pending_ == 0) {
    for (const auto& connection : connections_) connection->close();
    counters_.state.set(static_cast<std::uint64_t>(TargetState::retired));
  }
  sync_feeds();
}

MonotonicTime HttpTarget::deadline() const {
  if (abandoned_) return MonotonicTime::never();
  MonotonicTime next = std::min(sweep_at_, dispatch_at_);
  for (const auto& connection : connections_) next = std::min(next, connection->deadline());
  for (const Lane& lane : lanes_) next = std::min(next, lane.linger);
  if (store_.available()) next = std::min(next, look_at_);
  return next;
}

void HttpTarget::abandon(BatchBuffer::Successor successor) {
  abandoned_ = true;
  note_taken();
  const auto durable = [&](const HttpBatch& batch) {
    std::uint64_t count = 0;
    for (std::size_t record = 0; record < batch.records.size(); ++record) {
      const bool in_window = !batch.known() || batch.facts[record].in_window;
      const bool logged =
          in_window && window_.facts(batch.records[record].serial).log_sequence != 0;
      const bool entry = batch.known() && batch.facts[record].entry != 0;
      count += logged || entry ? 1 : 0;
    }
    return count;
  };
  std::uint64_t kept = store_.waiting();
  for (const Lane& lane : lanes_) {
    if (lane.open != nullptr) kept += durable(*lane.open);
    for (const HttpBatchPtr& batch : lane.line) kept += durable(*batch);
  }
  for (const HttpBatchPtr& batch : retries_) kept += durable(*batch);
  kept = std::min(kept, pending_);
  if (successor == BatchBuffer::Successor::takes_over) {
    tally_.matched -= kept;  // they are taken anew
  } else {
    given_back_ += kept;
  }
  count_dropped(DropReason::stopped, pending_ - kept);
  pending_ = 0;
  sync_feeds();
  feeds_.freeze();
  for (const auto& connection : connections_) connection->close();
  open_left_ = 0;
  counters_.state.set(static_cast<std::uint64_t>(TargetState::retired));
}

bool HttpTarget::quiescent() const {
  return std::ranges::all_of(connections_, [](const auto& c) { return c->quiescent(); });
}

HttpTarget::Tally HttpTarget::take_tally() {
  return std::exchange(tally_, {});
}

}  // namespace weir
