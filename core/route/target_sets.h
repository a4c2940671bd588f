// TargetSets: gives the events of one block the ids of their target sets, each set stored once or a
// few times in the block. An event that many rules name for the same target reaches it once.
//
// One per Router. The cache is found by the list of matched rules; it forgets everything at each
// new block by stepping its generation. No allocation after warm-up.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/block/block.h"
#include "core/route/routing.h"

namespace weir {

class TargetSets {
 public:
  // From here on sets go into `block`.
  void begin(Block& block);
  // The set of everybody whom these rules of the bus name. `matched` is ascending.
  std::uint32_t find_or_add(BusId bus, const BusRouting& routing,
                            std::span<const RuleIndex> matched);
  // The set of these, which may repeat; they are put in order.
  std::uint32_t find_or_add(std::vector<TargetId>& targets);

 private:
  static constexpr std::size_t kSlots = 1024;  // power of two; half full at most
  struct Slot {
    std::uint64_t generation = 0;
    std::uint32_t set = 0;
    std::uint32_t key_begin = 0;
    std::uint32_t key_size = 0;
    BusId bus;
  };

  static constexpr BusId kByTargets{};  // the bus of keys that are targets, not rules

  // The slot of the key, or a free one that now has it; null: there are too many.
  Slot* slot_of(BusId bus, std::span<const std::uint32_t> key);
  std::uint32_t add(const BusRouting& routing, std::span<const RuleIndex> matched);
  std::uint32_t add_to_block(std::span<const TargetId> targets);

  Block* block_ = nullptr;
  std::uint64_t generation_ = 0;
  std::size_t used_ = 0;
  std::array<Slot, kSlots> slots_;
  std::vector<RuleIndex> keys_;
  std::vector<std::uint32_t> target_key_;
  std::vector<TargetId> merged_;
};

}  // namespace weir
