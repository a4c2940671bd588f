#include "core/route/target_sets.h"

#include <algorithm>

namespace weir {

void TargetSets::begin(Block& block) {
  block_ = &block;
  ++generation_;
  used_ = 0;
  keys_.clear();
}

std::uint32_t TargetSets::find_or_add(BusId bus, const BusRouting& routing,
                                      std::span<const RuleIndex> matched) {
  if (matched.empty()) return kUnmatched;
  std::uint64_t hash = bus.value;
  for (const RuleIndex rule : matched) {
    hash = (hash ^ rule) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29U;
  }
  for (std::size_t probe = 0; probe < kSlots; ++probe) {
    Slot& slot = slots_[(hash + probe) & (kSlots - 1)];
    if (slot.generation != generation_) {
      if (used_ >= kSlots / 2) break;
      ++used_;
      slot = {.generation = generation_,
              .set = add(routing, matched),
              .key_begin = static_cast<std::uint32_t>(keys_.size()),
              .key_size = static_cast<std::uint32_t>(matched.size()),
              .bus = bus};
      keys_.insert(keys_.end(), matched.begin(), matched.end());
      return slot.set;
    }
    const auto key = std::span(keys_).subspan(slot.key_begin, slot.key_size);
    if (slot.bus == bus && std::equal(key.begin(), key.end(), matched.begin(), matched.end())) {
      return slot.set;
    }
  }
  return add(routing, matched);
}

std::uint32_t TargetSets::add(const BusRouting& routing, std::span<const RuleIndex> matched) {
  merged_.clear();
  for (const RuleIndex rule : matched) {
    const std::vector<TargetId>& targets = routing.routed[rule].targets;
    merged_.insert(merged_.end(), targets.begin(), targets.end());
  }
  std::sort(merged_.begin(), merged_.end());
  merged_.erase(std::unique(merged_.begin(), merged_.end()), merged_.end());
  // Matched by rules without targets: still an event of its own set, not of the unmatched ones.
  block_->target_list.insert(block_->target_list.end(), merged_.begin(), merged_.end());
  block_->target_sets.push_back(static_cast<std::uint32_t>(block_->target_list.size()));
  return static_cast<std::uint32_t>(block_->target_sets.size() - 2);
}

}  // namespace weir
