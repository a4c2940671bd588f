// HttpTarget: what goes to the store, and what comes back from it.
#include <algorithm>

#include "core/deliver/http_target.h"
#include "core/deliver/order_key.h"
#include "core/wire/dead_letter.h"

namespace weir {
namespace {

constexpr std::size_t kKeysAtOnce = 1000;
constexpr Nanoseconds kLookEvery = 1s;
constexpr std::size_t kTakeBytesMax = std::size_t{1} << 20U;

DropReason reason_of(Exhausted condition) {
  switch (condition) {
    case Exhausted::retries:
      return DropReason::retries;
    case Exhausted::age:
      return DropReason::age;
    case Exhausted::none:
      break;
  }
  return DropReason::refused;
}

}  // namespace

StoredEvent HttpTarget::stored_event(HttpBatch& batch, std::size_t record) const {
  const RecordFacts& facts = batch.facts[record];
  StoredEvent event;
  if (facts.entry != 0) event = batch.stored->at(facts.stored);
  event.id = facts.entry;
  event.target = spec_.name;
  if (facts.entry == 0) {
    event.bus = world_.names.bus(facts.bus);
    event.event = batch.event(record);
    event.event_id = {facts.id.data(), facts.id.size()};
    event.hops = facts.hops;
    event.accepted = facts.accepted;
    event.rules = spec_.rule_of(facts.bus);
    if (ordered()) event.order_key = order_key(event.event, spec_.order_by);
  }
  event.error_code = batch.error_code;
  event.error_message = batch.error_message;
  event.attempts = facts.attempts;
  event.first_attempt = facts.first_attempt;
  if (facts.attempts > 0) event.last_attempt = batch.last_attempt;
  return event;
}

// The batch waits no longer for its next try in memory.
void HttpTarget::defer(Place place, const Now& now) {
  HttpBatch& batch = place.batch();
  for (std::size_t record = 0; record < batch.records.size(); ++record) {
    defer_record(batch, record, now);
  }
  remove(place);
}

void HttpTarget::defer_record(HttpBatch& batch, std::size_t record, const Now& /*now*/) {
  const RecordFacts& facts = batch.facts[record];
  const std::uint64_t key = batch.keys.empty() ? 0 : batch.keys[record];
  StoredEvent event = stored_event(batch, record);
  event.kind = EntryKind::retry;
  if (batch.state == HttpBatch::State::parked) {
    event.due = world_.clock.at(batch.due);
  }
  const HttpStore::Waiting waiting{.serial = batch.records[record].serial,
                                   .in_window = facts.in_window,
                                   .fate = HttpStore::Fate::deferred};
  next_due_ = std::min(next_due_, event.due);
  if (facts.entry != 0) return store_.change(event, waiting);
  store_.put(event, waiting);
  key_stored(key);
}

// The end of all tries: to the dead letters.
void HttpTarget::bury(HttpBatch& batch, std::size_t record, Exhausted exhausted, const Now& now) {
  const DeadLetterSpec& place = spec_.dead_letter;
  const RecordFacts& facts = batch.facts[record];
  StoredEvent event = stored_event(batch, record);
  // What is another target's dead letter is never dropped.
  const bool dropped = place.kind == DeadLetterSpec::Kind::none && event.from.empty();
  if (dropped || !store_.available()) return drop(batch, record, reason_of(exhausted));
  event.exhausted = exhausted;
  if (batch.error_code.empty()) {
    event.error_code = "EXPIRED";
    batch.error_message = "older than " + format_duration(spec_.retry.age_max);
    event.error_message = batch.error_message;
  }
  HttpStore::Waiting waiting{.serial = batch.records[record].serial,
                             .in_window = facts.in_window,
                             .fate = HttpStore::Fate::dead_lettered};
  if (facts.entry != 0 && !batch.keys.empty()) key_gone(batch.keys[record]);
  // A dead letter that another target does not take either goes nowhere else.
  const bool onward = place.kind == DeadLetterSpec::Kind::target && event.from.empty();
  if (!onward) {
    event.kind = EntryKind::dead_letter;
    return facts.entry != 0 ? store_.change(event, waiting) : store_.put(event, waiting);
  }
  event = forwarded_letter(event, place.name, world_.clock.at(now.monotonic), letter_);
  waiting.replaces = facts.entry;
  store_.put(event, waiting);
}

void HttpTarget::key_stored(std::uint64_t key) {
  if (key != 0) ++lane_of(key).stored[key];
}

void HttpTarget::key_gone(std::uint64_t key) {
  if (key == 0) return;
  auto& stored = lane_of(key).stored;
  const auto found = stored.find(key);
  if (found != stored.end() && --found->second == 0) stored.erase(found);
}

void HttpTarget::complete_store(StoreCompletion completion) {
  if (abandoned_) return;
  store_done(store_.complete(std::move(completion)));
}

void HttpTarget::store_done(HttpStore::Done done) {
  switch (done.kind) {
    case HttpStore::Kind::settle:
      if (ordered()) next_due_ = {};  // what waited behind them
      return;
    case HttpStore::Kind::put:
    case HttpStore::Kind::change:
      if (ordered() && done.kind == HttpStore::Kind::change) next_due_ = {};
      for (const HttpStore::Waiting& record : done.records) {
        --pending_;
        if (done.failed) {  // the store is closed; what a log has stays there
          ++(record.in_window ? given_back_ : tally_.dropped);
          continue;
        }
        ++(record.fate == HttpStore::Fate::deferred ? tally_.deferred : tally_.dead_lettered);
        if (record.in_window) window_.settle(record.serial);
        if (record.replaces != 0) store_.settle(record.replaces);
      }
      return;
    case HttpStore::Kind::keys:
      taking_ = false;
      if (!done.failed && done.completion.events != nullptr) take_keys(*done.completion.events);
      return;
    case HttpStore::Kind::take:
      taking_ = false;
      if (done.failed) return;
      // What was put there since then counts too.
      next_due_ = std::min(next_due_, done.completion.next_due);
      if (done.completion.events != nullptr && !done.completion.events->empty()) {
        take_back(std::move(done.completion.events));
        next_due_ = {};  // there may be more
      }
      return;
  }
}

void HttpTarget::take_keys(const EventBatch& keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const StoredEvent entry = keys.at(i);
    const std::uint64_t key = hash_order_key(entry.order_key, hash_key_);
    lane_of(key).stored[key] += entry.attempts;
    keys_after_ = entry.order_key;
  }
  keys_known_ = keys.size() < kKeysAtOnce;
}

// Batches of what is due. Whoever has failed often travels in small company, so that a record that
// fails all others of its batch stands alone before their tries are used up.
void HttpTarget::take_back(std::shared_ptr<const EventBatch> events) {
  std::vector<std::vector<std::size_t>> groups;
  std::size_t per_group = spec_.batch.records_max;
  for (std::size_t i = 0; i < events->size(); ++i) {
    const std::uint32_t halvings = std::min<std::uint32_t>(events->at(i).attempts, 31);
    per_group = std::clamp<std::size_t>(spec_.batch.records_max >> halvings, 1, per_group);
  }
  groups.resize((events->size() + per_group - 1) / per_group);
  for (std::size_t i = 0; i < events->size(); ++i) {
    // All events of a key in one batch, because they must not pass each other.
    const std::uint64_t key = hash_order_key(events->at(i).order_key, hash_key_);
    groups[key == 0 ? i / per_group : (key >> 1U) % groups.size()].push_back(i);
  }
  for (const std::vector<std::size_t>& group : groups) {
    if (group.empty()) continue;
    std::uint64_t bytes = 0;
    for (const std::size_t i : group) {
      bytes += format_.bytes_of(text_of_entry(events->at(i), letter_).size());
    }
    HttpBatchPtr batch = pool_.take(format_, bytes);
    for (const std::size_t i : group) {
      const StoredEvent event = events->at(i);
      RecordFacts facts;
      std::ranges::copy(event.event_id.substr(0, kEventIdBytes), facts.id.begin());
      facts.hops = event.hops;
      facts.attempts = event.attempts;
      facts.stored = static_cast<std::uint32_t>(i);
      facts.entry = event.id;
      facts.accepted = event.accepted;
      facts.age_from = event.age_from == WallTime{} ? event.accepted : event.age_from;
      facts.first_attempt = event.first_attempt;
      batch->append(format_, facts.id, facts.accepted, text_of_entry(event, letter_), 0);
      batch->facts.push_back(facts);
      if (ordered()) batch->keys.push_back(hash_order_key(event.order_key, hash_key_));
      batch->oldest =
          batch->facts.size() == 1 ? facts.age_from : std::min(batch->oldest, facts.age_from);
    }
    batch->close(format_);
    batch->stored = events;
    pool_.recount(*batch);
    retries_.push_back(std::move(batch));
  }
  tally_.returned += events->size();
  pending_ += events->size();
}

void HttpTarget::pump_retries(const Now& now) {
  look_at_ = MonotonicTime::never();
  if (taking_) return;
  if (!keys_known_) {
    taking_ = true;
    return store_.order_keys(spec_.name, keys_after_, kKeysAtOnce);
  }
  if (draining_) return;  // they wait where they are
  const std::uint64_t redrives = store_.store().redrives();
  if (redrives != redrives_seen_) next_due_ = {};
  redrives_seen_ = redrives;
  // What is in hand first. A target that takes nothing is tried with what waits anyway.
  const bool enough = retries_.size() >= 2 * connections_.size() || store_.full();
  const bool hopeless = pace_.down() && std::ranges::any_of(lanes_, [](const Lane& lane) {
                          return !lane.line.empty();
                        });
  if (enough || hopeless) return;
  const WallTime wall = world_.clock.at(now.monotonic);
  if (wall < next_due_) {
    const Nanoseconds wait = next_due_ == StoreCompletion::never()
                                 ? kLookEvery
                                 : next_due_.since_epoch - wall.since_epoch;
    look_at_ = now.monotonic + std::clamp<Nanoseconds>(wait, 1ms, kLookEvery);
    return;
  }
  // What was just put there must not be overlooked: it goes first.
  store_.flush();
  if (store_.gathered()) {
    look_at_ = now.monotonic + kLookEvery;
    return;
  }
  taking_ = true;
  next_due_ = StoreCompletion::never();
  store_.take_due(spec_.name, wall, spec_.batch.records_max,
                  std::min<std::size_t>(kTakeBytesMax, spec_.batch.bytes_max));
}

}  // namespace weir
