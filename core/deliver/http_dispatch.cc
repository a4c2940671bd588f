// HttpTarget: which batch goes when, and over which connection.
#include <algorithm>

#include "core/deliver/http_target.h"
#include "core/deliver/order_key.h"
#include "core/rule/json_text.h"

namespace weir {
namespace {

constexpr Nanoseconds kSweepEvery = 250ms;
// So many batches of a lane are looked at for records that may pass those that are stuck.
constexpr std::size_t kLookAhead = 16;

bool done_waiting(const HttpBatch& batch, const Now& now) {
  return batch.state == HttpBatch::State::ready ||
         (batch.state == HttpBatch::State::parked && batch.due <= now.monotonic);
}

}  // namespace

void HttpTarget::dispatch(const Now& now) {
  dispatch_at_ = MonotonicTime::never();
  bool waits = false;
  for (const Lane& lane : lanes_) waits = waits || !lane.line.empty();
  waits = waits || !retries_.empty();
  if (!waits) {
    sweep_at_ = MonotonicTime::never();
    return;
  }
  if (sweep_at_ == MonotonicTime::never()) sweep_at_ = now.monotonic + kSweepEvery;
  if (!keys_known_ || store_.full()) return;
  for (;;) {
    if (!pace_.may_send(now, in_flight_)) {
      if (!pace_.down() || in_flight_ == 0) dispatch_at_ = pace_.next();
      return;
    }
    HttpConnection* connection = free_connection(now);
    if (connection == nullptr) return;
    const Place place = next_batch(now);
    if (place.line == nullptr) return;
    if (expire(place, now)) continue;
    start(*connection, place.batch(), now);
  }
}

// One that is open, if there is any; else a new one, but not too soon after a failure.
HttpConnection* HttpTarget::free_connection(const Now& now) {
  HttpConnection* closed = nullptr;
  std::size_t allowed = spec_.http.concurrency;
  for (const auto& connection : connections_) {
    if (allowed-- == 0) break;
    if (connection->idle()) return connection.get();
    if (closed == nullptr && connection->free()) closed = connection.get();
  }
  if (closed == nullptr || now.monotonic >= connect_at_) return closed;
  dispatch_at_ = connect_at_;
  return nullptr;
}

HttpTarget::Place HttpTarget::next_batch(const Now& now) {
  const auto due_retry = [&]() -> Place {
    for (std::size_t i = 0; i < retries_.size(); ++i) {
      if (done_waiting(*retries_[i], now)) return {&retries_, i};
    }
    return {};
  };
  // Retries and fresh batches take turns, so that neither starves.
  retry_turn_ = !retry_turn_;
  if (retry_turn_) {
    if (const Place place = due_retry(); place.line != nullptr) return place;
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lane_turn_ = (lane_turn_ + 1) % lanes_.size();
    Lane& lane = lanes_[lane_turn_];
    const Place place = ordered() ? next_in_order(lane, now) : next_in_line(lane, now);
    if (place.line != nullptr) return place;
  }
  return retry_turn_ ? Place{} : due_retry();
}

HttpTarget::Place HttpTarget::next_in_line(Lane& lane, const Now& now) {
  for (std::size_t i = 0; i < lane.line.size(); ++i) {
    const HttpBatch& batch = *lane.line[i];
    if (done_waiting(batch, now)) return {&lane.line, i};
    if (batch.state == HttpBatch::State::parked) dispatch_at_ = std::min(dispatch_at_, batch.due);
  }
  return {};
}

void HttpTarget::note_keys(const HttpBatch& batch) {
  for (const std::uint64_t key : batch.keys) {
    if (key != 0) ++blocked_[key];
  }
}

// The first batch that may go, or the part of one, without passing an earlier event of a key.
HttpTarget::Place HttpTarget::next_in_order(Lane& lane, const Now& now) {
  blocked_.clear();
  bool fresh_under_way = false;
  for (std::size_t i = 0; i < lane.line.size() && i < kLookAhead; ++i) {
    HttpBatch& batch = *lane.line[i];
    const bool fresh = batch.first_failed == MonotonicTime::never();
    if (batch.state == HttpBatch::State::in_flight) {
      fresh_under_way = fresh_under_way || fresh;
    } else if (done_waiting(batch, now) && !(fresh && fresh_under_way)) {
      const bool free = std::ranges::none_of(batch.keys, [&](std::uint64_t key) {
        return key != 0 && (blocked_.contains(key) || lane.stored.contains(key));
      });
      if (free) return {&lane.line, i};
      const Place part = split_off_free(lane, i, now);
      if (part.line != nullptr) return part;
      if (i >= lane.line.size()) break;
    } else if (batch.state == HttpBatch::State::parked && batch.due > now.monotonic) {
      dispatch_at_ = std::min(dispatch_at_, batch.due);
    }
    note_keys(*lane.line[i]);
  }
  return {};
}

// Parts the batch: records whose key has entries in the store follow these there; records whose key
// waits further ahead stay; the others may go. Returns the latter.
HttpTarget::Place HttpTarget::split_off_free(Lane& lane, std::size_t index, const Now& now) {
  HttpBatch& batch = *lane.line[index];
  know(batch);
  std::vector<std::uint32_t> blocked;
  std::vector<std::uint32_t> free;
  for (std::uint32_t record = 0; record < batch.records.size(); ++record) {
    const std::uint64_t key = batch.keys[record];
    if (key != 0 && blocked_.contains(key)) {
      blocked.push_back(record);
    } else if (key != 0 && lane.stored.contains(key)) {
      defer_record(batch, record, now);
    } else {
      free.push_back(record);
    }
  }
  if (blocked.size() == batch.records.size()) return {};  // as it is
  std::vector<HttpBatchPtr> parts;
  if (!blocked.empty()) parts.push_back(pool_.subset(format_, batch, blocked));
  if (!free.empty()) parts.push_back(pool_.subset(format_, batch, free));
  replace({&lane.line, index}, parts);
  if (free.empty()) return {};
  return {&lane.line, index + (blocked.empty() ? 0 : 1)};
}

void HttpTarget::start(HttpConnection& connection, HttpBatch& batch, const Now& now) {
  if (batch.request_id[0] == '\0') name_request(batch);
  batch.state = HttpBatch::State::in_flight;
  batch.last_attempt = world_.clock.at(now.monotonic);
  if (batch.first_attempt == WallTime{}) batch.first_attempt = batch.last_attempt;
  const std::span<const char> request = encode(connection, batch, now);
  ++in_flight_;
  pace_.sent(now);
  counters_.requests.add();
  connection.send(spec_.endpoint, batch, request, body_cap_, now.monotonic + spec_.http.timeout);
}

// The id of the event, or one that stands for exactly these events.
void HttpTarget::name_request(HttpBatch& batch) const {
  const std::size_t count = batch.records.size();
  if (batch.known()) {
    if (count == 1) {
      batch.request_id = batch.facts[0].id;
      return;
    }
    std::uint64_t hash = count;
    for (const RecordFacts& facts : batch.facts) {
      hash = mix(hash ^ hash_text({facts.id.data(), facts.id.size()}, hash), count);
    }
    batch.request_id = event_id(hash, hash_number(hash, count), 0);
    return;
  }
  // Of a batch that has not failed, its ends tell which it is: it is the only one between them.
  const std::uint32_t first = batch.records.front().serial;
  const std::uint32_t last = batch.records.back().serial;
  const BlockFacts& begin = window_.facts(first);
  const std::uint32_t begin_index = window_.event_index(first);
  if (count == 1) {
    batch.request_id = event_id(begin.id_seed, begin.id_sequence, begin_index);
    return;
  }
  const BlockFacts& end = window_.facts(last);
  const std::uint64_t end_hash =
      mix(hash_number(end.id_sequence, end.id_seed) ^ window_.event_index(last), count | 1U);
  batch.request_id =
      event_id(begin.id_seed ^ end_hash, begin.id_sequence ^ (end_hash >> 32U), begin_index);
}

// Head and body, next to each other.
std::span<const char> HttpTarget::encode(HttpConnection& connection, HttpBatch& batch,
                                         const Now& now) {
  std::string_view body = batch.body();
  if (gzip_ != nullptr || batch.head_room < head_->bytes_max()) {
    // Compressed, or made when the head was shorter: in memory of the connection.
    std::vector<char>& packed = packed_[connection.part()];
    const std::size_t room = head_->bytes_max();
    packed.resize(room + (gzip_ != nullptr ? GzipBody::bound(body.size()) : body.size()));
    const std::span<char> out = std::span(packed).subspan(room);
    if (gzip_ != nullptr) {
      body = {out.data(), gzip_->compress(body, out)};
    } else {
      std::ranges::copy(body, out.begin());
      body = {out.data(), body.size()};
    }
  }
  const std::string_view id(batch.request_id.data(), batch.request_id.size());
  const char* begin = head_->write_before(body, id, batch.records.size() == 1, now.wall);
  return {begin, static_cast<std::size_t>(body.data() + body.size() - begin)};
}

// Now and then: what is too old goes, and what fails while others pass moves to the store.
void HttpTarget::sweep(const Now& now) {
  sweep_at_ = now.monotonic + kSweepEvery;
  const auto expire_all = [&](std::vector<HttpBatchPtr>& line) {
    for (std::size_t i = 0; i < line.size();) {
      const bool waiting = line[i]->state != HttpBatch::State::in_flight;
      if (!waiting || !expire({&line, i}, now)) ++i;
    }
  };
  expire_all(retries_);
  for (Lane& lane : lanes_) {
    expire_all(lane.line);
    if (!store_.available() || store_.full()) continue;
    const bool crowded = window_.room() < SettleWindow::kEventsMax / 2;
    for (std::size_t i = 0; i < lane.line.size() && !store_.full();) {
      const HttpBatch& batch = *lane.line[i];
      const MonotonicTime since = std::max(batch.first_failed, pace_.up_since());
      const bool others_pass = pace_.last_success() > batch.first_failed;
      const bool long_enough = crowded || now.monotonic - since >= kDeferAfter;
      if (batch.state == HttpBatch::State::parked && others_pass && long_enough) {
        defer({&lane.line, i}, now);
      } else {
        ++i;
      }
    }
  }
}

// Records beyond the age limit go to the dead letters. True if the place holds something else now.
bool HttpTarget::expire(Place place, const Now& now) {
  HttpBatch& batch = place.batch();
  const Nanoseconds today = world_.clock.at(now.monotonic).since_epoch;
  const auto too_old = [&](WallTime since) {
    return since.since_epoch + spec_.retry.age_max <= today;
  };
  if (!too_old(batch.oldest)) return false;
  know(batch);
  chosen_.clear();
  for (std::uint32_t record = 0; record < batch.records.size(); ++record) {
    if (too_old(batch.facts[record].age_from)) {
      bury(batch, record, Exhausted::age, now);
    } else {
      chosen_.push_back(record);
    }
  }
  if (chosen_.empty()) {
    remove(place);
  } else {
    HttpBatchPtr rest = pool_.subset(format_, batch, chosen_);
    rest->state = batch.state;
    rest->due = batch.due;
    replace(place, {&rest, 1});
  }
  return true;
}

}  // namespace weir
