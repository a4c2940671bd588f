#include "core/deliver/settle_window.h"

#include <algorithm>

namespace weir {

void SettleWindow::begin_block(const BlockFacts& facts) {
  listed_ = listed_ && facts.bus == facts_.bus && facts.log_sequence == facts_.log_sequence &&
            facts.id_seed == facts_.id_seed && facts.id_sequence == facts_.id_sequence;
  facts_ = facts;
}

void SettleWindow::list_block(std::uint32_t event_index) {
  entries_.push({.facts = facts_, .first = next_});
  const auto found = std::ranges::find(buses_, facts_.bus, &Bus::id);
  Bus& bus = found != buses_.end() ? *found : buses_.emplace_back(Bus{facts_.bus, {}, 0});
  // With nothing before it unsettled, all below its first event here is done.
  if (bus.blocks++ == 0) bus.settled = {.sequence = facts_.log_sequence, .event = event_index};
  listed_ = true;
}

void SettleWindow::grow() {
  std::vector<std::uint32_t> larger(ring_.size() * 2);
  for (std::uint64_t serial = low_; serial < next_; ++serial) {
    larger[serial & (larger.size() - 1)] = ring_[serial & (ring_.size() - 1)];
  }
  ring_.swap(larger);
}

void SettleWindow::settle(std::uint32_t serial) {
  WEIR_DCHECK(widen(serial) < next_);
  ring_[serial & (ring_.size() - 1)] |= kSettled;
  if (widen(serial) == low_) advance();
}

void SettleWindow::advance() {
  const std::uint64_t mask = ring_.size() - 1;
  while (low_ < next_ && (ring_[low_ & mask] & kSettled) != 0) ++low_;
  while (!entries_.empty()) {
    const bool last = entries_.size() == 1;
    const std::uint64_t end = last ? next_ : entries_[1].first;
    if (end > low_) return;
    const BlockFacts& facts = entries_.front().facts;
    Bus& bus = *std::ranges::find(buses_, facts.bus, &Bus::id);
    // What the block still holds behind its last event here may come yet.
    const std::uint32_t index = ring_[(end - 1) & mask] & ~kSettled;
    bus.settled = {.sequence = facts.log_sequence, .event = index + 1};
    --bus.blocks;
    if (last) listed_ = false;
    entries_.pop();
  }
}

const BlockFacts& SettleWindow::facts(std::uint32_t serial) const {
  const std::uint64_t wide = widen(serial);
  std::size_t low = 0;
  std::size_t high = entries_.size();
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (entries_[middle].first <= wide ? low : high) = middle;
  }
  return entries_[low].facts;
}

const SettleWindow::Bus* SettleWindow::find(BusId id) const {
  const auto found = std::ranges::find(buses_, id, &Bus::id);
  return found == buses_.end() ? nullptr : &*found;
}

bool SettleWindow::waits(BusId bus) const {
  const Bus* found = find(bus);
  return found != nullptr && found->blocks > 0;
}

LogPosition SettleWindow::position(BusId id) const {
  const Bus* bus = find(id);
  WEIR_CHECK(bus != nullptr && bus->blocks > 0);
  const BlockFacts& front = entries_.front().facts;
  if (front.bus != id) return bus->settled;
  return {.sequence = front.log_sequence, .event = event_index(static_cast<std::uint32_t>(low_))};
}

}  // namespace weir
