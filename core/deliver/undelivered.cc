#include "core/deliver/undelivered.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/wire/dead_letter.h"
#include "core/wire/render.h"

namespace weir {
namespace {

constexpr Nanoseconds kLookEvery = 1s;
constexpr Nanoseconds kPaceFirst = 100ms;
constexpr Nanoseconds kPaceMost = 15min;
constexpr std::size_t kTakeEventsMax = 10'000;
constexpr std::size_t kTakeBytesMax = std::size_t{1} << 20U;

// The events of a batch of any format: JSON objects with something that is none in between.
void split_events(std::string_view text, std::vector<std::string_view>& events) {
  events.clear();
  std::size_t begin = 0;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      if (depth++ == 0) begin = at;
    } else if (c == '}' && depth > 0 && --depth == 0) {
      events.push_back(text.substr(begin, at + 1 - begin));
    }
  }
}

}  // namespace

Undelivered::Undelivered(SinkWorld& world, BatchBuffer& buffer, const TargetSpec& spec,
                         std::uint32_t number)
    : world_(world), buffer_(buffer), spec_(spec), store_(world.store, number) {
  if (limited() && spec.kind != TargetKind::discard) buffer_.keep_facts();
}

// The n-th retry counts no sooner than this after the try before it.
Nanoseconds Undelivered::pace(std::uint32_t attempts) const {
  constexpr std::uint32_t kDoublingsMax = 14;  // 100 ms * 2^14 is beyond any cap
  constexpr std::int64_t kShort = 12;          // retries that double; the others share the age
  const std::int64_t others =
      std::max(std::int64_t{spec_.retry.retries_max} - kShort, std::int64_t{1});
  const Nanoseconds most = std::clamp(spec_.retry.age_max / others, kPaceFirst, kPaceMost);
  const std::uint32_t doublings = std::min(std::max(attempts, 1U) - 1, kDoublingsMax);
  return std::min(kPaceFirst * (1U << doublings), most);
}

void Undelivered::failed(Failure failure, std::uint64_t under_way, const Now& now) {
  failing_ = true;
  last_ = std::move(failure);
  last_at_ = world_.clock.at(now.monotonic);
  if (!limited() || now.monotonic < counts_from_) return;
  buffer_.count_attempt(under_way, now);
  const auto oldest = buffer_.front();
  counts_from_ = now.monotonic + pace(oldest ? oldest->attempts : 1);
}

Exhausted Undelivered::exhausted(const BatchBuffer::Lot& lot, const Now& now) const {
  if (lot.attempts > spec_.retry.retries_max) return Exhausted::retries;
  return lot.oldest + spec_.retry.age_max <= now.monotonic ? Exhausted::age : Exhausted::none;
}

void Undelivered::give_up(const Now& now) {
  if (!failing_ || !limited() || abandoned_ || holds()) return;
  std::uint64_t end = 0;
  std::uint64_t bytes = 0;
  for (auto lot = buffer_.front(); lot && bytes < kBuriedAtOnce; lot = buffer_.behind(*lot)) {
    const Exhausted condition = exhausted(*lot, now);
    if (condition == Exhausted::none) break;
    this->end(*lot, condition, last_, now);
    bytes += lot->end - lot->begin;
    end = lot->end;
  }
  if (end > 0) buffer_.settle(end);
}

MonotonicTime Undelivered::too_old_at() const {
  const auto lot = limited() ? buffer_.front() : std::nullopt;
  return lot ? lot->oldest + spec_.retry.age_max : MonotonicTime::never();
}

MonotonicTime Undelivered::give_up_at() const {
  if (!failing_ || !limited() || holds()) return MonotonicTime::never();
  const auto lot = buffer_.front();
  if (!lot) return MonotonicTime::never();
  if (lot->attempts > spec_.retry.retries_max) return MonotonicTime{};
  return lot->oldest + spec_.retry.age_max;
}

std::uint64_t Undelivered::send_limit(std::uint64_t limit) const {
  if (!limited()) return limit;
  const auto lot = buffer_.front();
  return lot && lot->attempts >= kAloneAfter ? std::min(limit, lot->end) : limit;
}

void Undelivered::refused(const BatchBuffer::Lot& lot, const std::string& why, const Now& now) {
  BatchBuffer::Lot tried = lot;
  ++tried.attempts;
  if (tried.first_attempt == MonotonicTime::never()) tried.first_attempt = now.monotonic;
  last_at_ = world_.clock.at(now.monotonic);
  end(tried, Exhausted::none, {.code = "REFUSED", .message = "the peer refused it: " + why}, now);
}

// The tries of these records have ended.
void Undelivered::end(const BatchBuffer::Lot& lot, Exhausted condition, const Failure& failure,
                      const Now& now) {
  const bool kept = spec_.dead_letter.kind != DeadLetterSpec::Kind::none;
  if (!limited() || (!kept && !lot.stored)) {
    return buffer_.drop(lot, condition == Exhausted::retries ? DropReason::retries
                             : condition == Exhausted::age   ? DropReason::age
                                                             : DropReason::refused);
  }
  StoredEvent facts;
  facts.target = spec_.name;
  facts.error_code = failure.code;
  facts.error_message = failure.message;
  facts.attempts = lot.attempts;
  facts.exhausted = condition;
  if (lot.first_attempt != MonotonicTime::never()) {
    facts.first_attempt = world_.clock.at(lot.first_attempt);
    facts.last_attempt = last_at_;
  }
  lot.stored ? bury_stored(lot, facts) : bury(lot, facts, now);
}

void Undelivered::bury(const BatchBuffer::Lot& lot, const StoredEvent& facts, const Now& now) {
  text_.clear();
  buffer_.read(lot.begin, lot.end, text_);
  split_events(text_, events_);
  WEIR_DCHECK(events_.size() == lot.records);
  if (events_.size() != lot.records) events_.assign(1, text_);  // better than nothing
  buffer_.hold(lot, static_cast<std::uint32_t>(events_.size()));
  const bool onward = spec_.dead_letter.kind == DeadLetterSpec::Kind::target;
  const HttpStore::Waiting waiting{.serial = static_cast<std::uint32_t>(lot.serial),
                                   .fate = HttpStore::Fate::dead_lettered};
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const BlockFacts& block = buffer_.ledger().facts(lot.serial + i);
    const EventIdText id =
        event_id(block.id_seed, block.id_sequence, buffer_.ledger().index(lot.serial + i));
    StoredEvent letter = facts;
    letter.kind = EntryKind::dead_letter;
    letter.bus = world_.names.bus(block.bus);
    letter.event = events_[i];
    letter.event_id = {id.data(), id.size()};
    letter.rules = spec_.rule_of(block.bus);
    letter.hops = block.hops;
    letter.accepted = block.received;
    if (onward) {
      letter =
          forwarded_letter(letter, spec_.dead_letter.name, world_.clock.at(now.monotonic), letter_);
    }
    store_.put(letter, waiting);
  }
}

// They stay in the store, as dead letters for people to look at.
void Undelivered::bury_stored(const BatchBuffer::Lot& lot, const StoredEvent& facts) {
  buffer_.hold(lot, lot.records);
  const HttpStore::Waiting waiting{.serial = static_cast<std::uint32_t>(lot.serial),
                                   .fate = HttpStore::Fate::dead_lettered};
  for (std::uint64_t serial = lot.serial; serial < lot.serial + lot.records; ++serial) {
    const std::size_t index = serial - back_first_;
    WEIR_CHECK(back_in_buffer_ && index < back_->size());
    StoredEvent letter = back_->at(index);
    letter.kind = EntryKind::dead_letter;
    letter.error_code = facts.error_code;
    letter.error_message = facts.error_message;
    letter.attempts += facts.attempts;
    letter.exhausted = facts.exhausted;
    letter.last_attempt = facts.last_attempt;
    letter.due = {};
    store_.change(letter, waiting);
    back_buried_[index] = true;
  }
}

void Undelivered::complete(StoreCompletion completion) {
  if (abandoned_) return;
  HttpStore::Done done = store_.complete(std::move(completion));
  switch (done.kind) {
    case HttpStore::Kind::put:
    case HttpStore::Kind::change:
      if (done.failed) return;  // the store is closed; what a log has stays there
      for (const HttpStore::Waiting& record : done.records) buffer_.stored(record.serial);
      return;
    case HttpStore::Kind::take:
      taking_ = false;
      if (done.failed) return;
      next_due_ = std::min(next_due_, done.completion.next_due);
      if (done.completion.events == nullptr || done.completion.events->empty()) return;
      back_ = std::move(done.completion.events);
      next_due_ = {};  // there may be more
      return;
    case HttpStore::Kind::settle:
    case HttpStore::Kind::keys:
      return;
  }
}

// What came from the store and has settled is done there.
void Undelivered::settle_returned() {
  if (!back_in_buffer_) return;
  const std::size_t settled = back_->size() - buffer_.stored_left();
  for (; back_settled_ < settled; ++back_settled_) {
    if (!back_buried_[back_settled_]) store_.settle(back_->at(back_settled_).id);
  }
  if (back_settled_ < back_->size()) return;
  back_.reset();
  back_in_buffer_ = false;
}

bool Undelivered::append_returned(const Now& now) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < back_->size(); ++i) {
    const StoredEvent entry = back_->at(i);
    bytes += entry.event.size() + entry.letter.size() + 16;
  }
  if (!buffer_.has_room(bytes)) return false;
  std::vector<std::string> letters(back_->size());
  events_.clear();
  for (std::size_t i = 0; i < back_->size(); ++i) {
    events_.push_back(text_of_entry(back_->at(i), letters[i]));
  }
  buffer_.append_stored(events_, now);
  back_first_ = buffer_.taken() - back_->size();
  back_settled_ = 0;
  back_buried_.assign(back_->size(), false);
  back_in_buffer_ = true;
  return true;
}

void Undelivered::fetch(const Now& now) {
  look_at_ = MonotonicTime::never();
  if (!limited() || abandoned_) return;
  settle_returned();
  if (back_ != nullptr && !back_in_buffer_ && !append_returned(now)) return;
  const std::uint64_t redrives = store_.store().redrives();
  if (std::exchange(redrives_seen_, redrives) != redrives) next_due_ = {};
  if (taking_ || back_ != nullptr || draining_) return;
  // While the target takes nothing they wait where they are, but for those it is tried with.
  if ((failing_ && buffer_.pending() > 0) || !buffer_.roomy()) return;
  const WallTime wall = world_.clock.at(now.monotonic);
  if (wall < next_due_) {
    const Nanoseconds wait = next_due_ == StoreCompletion::never()
                                 ? kLookEvery
                                 : next_due_.since_epoch - wall.since_epoch;
    look_at_ = now.monotonic + std::clamp<Nanoseconds>(wait, 1ms, kLookEvery);
    return;
  }
  taking_ = true;
  next_due_ = StoreCompletion::never();
  store_.take_due(spec_.name, wall, std::min<std::size_t>(spec_.batch.records_max, kTakeEventsMax),
                  std::min<std::size_t>(spec_.batch.bytes_max, kTakeBytesMax));
}

void Undelivered::flush(const Now& now) {
  if (!limited() || abandoned_) return;
  settle_returned();
  store_.flush();
  if (store_.gathered()) look_at_ = std::min(look_at_, now.monotonic + kLookEvery / 10);
}

void Undelivered::abandon() {
  if (!limited() || std::exchange(abandoned_, true)) return;
  look_at_ = MonotonicTime::never();
  if (back_ == nullptr) return;
  // Given back to the store, for the next target of that name.
  for (std::size_t i = back_in_buffer_ ? back_settled_ : 0; i < back_->size(); ++i) {
    if (back_in_buffer_ && back_buried_[i]) continue;
    StoredEvent entry = back_->at(i);
    entry.kind = EntryKind::retry;
    store_.change(entry, {});
  }
  store_.flush();
}

}  // namespace weir
