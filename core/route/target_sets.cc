#include "core/route/target_sets.h"

#include <algorithm>

namespace weir {

void TargetSets::begin(Block& block) {
  block_ = &block;
  ++generation_;
  used_ = 0;
  keys_.clear();
}

TargetSets::Slot* TargetSets::slot_of(BusId bus, std::span<const std::uint32_t> key) {
  std::uint64_t hash = bus.value;
  for (const std::uint32_t part : key) {
    hash = (hash ^ part) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29U;
  }
  for (std::size_t probe = 0; probe < kSlots; ++probe) {
    Slot& slot = slots_[(hash + probe) & (kSlots - 1)];
    if (slot.generation != generation_) {
      if (used_ >= kSlots / 2) return nullptr;
      ++used_;
      slot = {.generation = generation_,
              .set = kUnmatched,
              .key_begin = static_cast<std::uint32_t>(keys_.size()),
              .key_size = static_cast<std::uint32_t>(key.size()),
              .bus = bus};
      keys_.insert(keys_.end(), key.begin(), key.end());
      return &slot;
    }
    const auto known = std::span(keys_).subspan(slot.key_begin, slot.key_size);
    if (slot.bus == bus && std::ranges::equal(known, key)) return &slot;
  }
  return nullptr;
}

std::uint32_t TargetSets::find_or_add(BusId bus, const BusRouting& routing,
                                      std::span<const RuleIndex> matched) {
  if (matched.empty()) return kUnmatched;
  Slot* slot = slot_of(bus, matched);
  if (slot == nullptr) return add(routing, matched);
  if (slot->set == kUnmatched) slot->set = add(routing, matched);
  return slot->set;
}

std::uint32_t TargetSets::find_or_add(std::vector<TargetId>& targets) {
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  target_key_.clear();
  for (const TargetId target : targets) target_key_.push_back(target.value);
  Slot* slot = slot_of(kByTargets, target_key_);
  if (slot == nullptr) return add_to_block(targets);
  if (slot->set == kUnmatched) slot->set = add_to_block(targets);
  return slot->set;
}

std::uint32_t TargetSets::add(const BusRouting& routing, std::span<const RuleIndex> matched) {
  merged_.clear();
  for (const RuleIndex rule : matched) {
    const std::vector<TargetId>& targets = routing.routed[rule].targets;
    merged_.insert(merged_.end(), targets.begin(), targets.end());
  }
  std::sort(merged_.begin(), merged_.end());
  merged_.erase(std::unique(merged_.begin(), merged_.end()), merged_.end());
  return add_to_block(merged_);
}

// Matched by rules without targets: still an event of its own set, not of the unmatched ones.
std::uint32_t TargetSets::add_to_block(std::span<const TargetId> targets) {
  block_->target_list.insert(block_->target_list.end(), targets.begin(), targets.end());
  block_->target_sets.push_back(static_cast<std::uint32_t>(block_->target_list.size()));
  return static_cast<std::uint32_t>(block_->target_sets.size() - 2);
}

}  // namespace weir
