// The part of a Writer that is about durable buses: where live blocks stand, who lags, and how
// what was read from the log reaches them.
#include <algorithm>

#include "core/base/check.h"
#include "core/deliver/writer.h"

namespace weir {

void Writer::add_bus(BusId id, std::shared_ptr<Passed> passed) {
  if (id.value >= buses_.size()) buses_.resize(id.value + std::size_t{1});
  Bus& bus = buses_[id.value];
  WEIR_CHECK(bus.passed == nullptr);
  bus.next = passed->read();
  bus.passed = std::move(passed);
}

Writer::Bus& Writer::bus(BusId id) {
  WEIR_CHECK(id.value < buses_.size() && buses_[id.value].passed != nullptr);
  return buses_[id.value];
}

void Writer::add_feed(TargetId id, std::shared_ptr<Cursor> cursor) {
  Target* target = slot(id);
  WEIR_CHECK(target != nullptr && !target->is_retired());
  WEIR_CHECK(cursor->read() <= bus(cursor->bus()).next);
  WEIR_CHECK(target->feeds().find(cursor->bus()) == nullptr);
  Feed& feed = target->feeds().add(std::move(cursor));
  feed.live = may_join(feed);
  touch(target);
}

bool Writer::has_feed(TargetId id, BusId bus) const {
  return slot(id) != nullptr && slot(id)->feeds().find(bus) != nullptr;
}

std::size_t Writer::lagging() const {
  std::size_t count = 0;
  for (const auto& target : targets_) {
    if (target->is_retired()) continue;
    for (const Feed& feed : target->feeds()) count += feed.live ? 0 : 1;
  }
  return count;
}

// It has all that was passed, and no block that it would miss has begun.
bool Writer::may_join(const Feed& feed) const {
  return feed.taken == buses_[feed.bus.value].next &&
         (block_ == nullptr || block_->log_sequence == 0 || block_->bus != feed.bus);
}

// A feed gets hungry when its target has room for a good piece, and stays so until it is full.
void Writer::update_appetite(Target& target) {
  for (Feed& feed : target.feeds()) {
    if (feed.live || (feed.hungry && target.may_catch_up())) continue;
    const bool hungry = target.may_catch_up() && target.roomy();
    if (hungry == feed.hungry) continue;
    feed.hungry = hungry;
    if (hungry) {
      hungry_.push_back({&target, &feed});
    } else {
      std::erase_if(hungry_, [&](const HungryFeed& h) { return h.feed == &feed; });
    }
  }
}

void Writer::wants(std::vector<Want>& out) const {
  out.clear();
  for (const HungryFeed& hungry : hungry_) {
    const Feed& feed = *hungry.feed;
    if (feed.taken.sequence < buses_[feed.bus.value].next.sequence) {
      out.push_back({.bus = feed.bus, .next = feed.taken});
    }
  }
}

void Writer::offer(const Block& block, const Now& now) {
  learn_time(now);
  WEIR_CHECK(block.log_sequence != 0 && block.log_sequence < bus(block.bus).next.sequence);
  // Once for each place in the record where somebody stands; nearly always that is its beginning.
  const LogPosition behind{.sequence = block.log_sequence + 1};
  standing_.clear();
  for (const HungryFeed& hungry : hungry_) {
    if (hungry.feed->bus == block.bus && hungry.feed->taken.sequence == block.log_sequence) {
      standing_.push_back(hungry);
    }
  }
  std::ranges::sort(standing_, {}, [](const HungryFeed& h) { return h.feed->taken; });
  for (std::size_t i = 0; i < standing_.size();) {
    const LogPosition place = standing_[i].feed->taken;
    std::size_t end = i;
    while (end < standing_.size() && standing_[end].feed->taken == place) ++end;
    replay(block, place, std::span(standing_).subspan(i, end - i), now);
    for (; i < end; ++i) {
      Feed& feed = *standing_[i].feed;
      if (feed.taken == place && feed.hungry) feed.taken = behind;  // it names others only
    }
  }
  for (const HungryFeed& hungry : standing_) look_whether_live(*hungry.target, *hungry.feed);
}

// Those stand at `place`.
void Writer::replay(const Block& block, LogPosition place, std::span<const HungryFeed> standing,
                    const Now& now) {
  for (const HungryFeed& h : standing) h.target->taken_before = h.target->taken();
  if (place.event < block.events.size()) {
    replay_.begin_replay(block, slots_, place.event);
    const BlockAppender::Passage passage = replay_.append(now);
    WEIR_CHECK(passage == BlockAppender::Passage::all);
  }
  for (const HungryFeed& h : standing) {
    h.target->counters().caught_up.add(h.target->taken() - h.target->taken_before);
  }
}

void Writer::missed(BusId id, std::uint64_t from, std::uint64_t to) {
  to = std::min(to, bus(id).next.sequence);
  standing_ = hungry_;
  for (const HungryFeed& hungry : standing_) {
    Feed& feed = *hungry.feed;
    if (feed.bus != id || feed.taken.sequence < from || feed.taken.sequence >= to) continue;
    hungry.target->counters().records_missed.add(to - feed.taken.sequence);
    feed.taken = {.sequence = to};
    look_whether_live(*hungry.target, feed);
  }
}

// After it has taken something from the log.
void Writer::look_whether_live(Target& target, Feed& feed) {
  touch(&target);
  if (may_join(feed)) {
    feed.live = true;
    feed.hungry = false;
  }
  if (!feed.hungry) {
    std::erase_if(hungry_, [&](const HungryFeed& h) { return h.feed == &feed; });
  }
}

bool Writer::waits_for_join(const Now& now) {
  if (hungry_.empty() && !join_wait_.holding()) return false;
  const bool near = std::ranges::any_of(hungry_, [&](const HungryFeed& hungry) {
    const Feed& feed = *hungry.feed;
    return buses_[feed.bus.value].next.sequence - feed.taken.sequence <= JoinWait::kNearRecords;
  });
  return join_wait_.holds(near, now);
}

}  // namespace weir
