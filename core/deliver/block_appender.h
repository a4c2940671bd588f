// BlockAppender: brings the events of one routed block to the doors of their targets, in order, and
// remembers where it stands when a door stays shut.
//
// Events that cross as they are go from the block's own text to the target. Others are rendered
// once, some at a time, into a scratch text that then takes the place of the block's.
//
// Threads: the Writer's only. The block belongs to the caller; the targets stay where they are
// while a block is in hand.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/block/block.h"
#include "core/deliver/target.h"
#include "core/wire/render.h"

namespace weir {

class BlockAppender {
 public:
  explicit BlockAppender(const EventRenderer& renderer) : renderer_(renderer) {}

  // Looks up the targets of the block; `slots` by TargetId, null where it is not ours.
  void begin(const Block& block, std::span<Target* const> slots);
  enum class Passage : std::uint8_t {
    all,     // every event has passed
    some,    // a target is full and blocks; call again
    nothing  // still the same, at the same event
  };
  // In any case what was taken is copied.
  Passage append(const Now& now);
  // Counts all that has not passed yet as dropped.
  void drop_rest();
  // Those named by the block, each once.
  std::span<Target* const> targets() const { return targets_; }
  Target* blocked_by() const { return blocked_by_; }

 private:
  // Some events and the text their offsets count in.
  struct Piece {
    const char* text = nullptr;
    const EventEntry* events = nullptr;
    std::size_t count = 0;
    std::size_t next = 0;         // the event to go on with
    std::size_t next_target = 0;  // its target to go on with
  };
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };

  bool append_piece(bool& moved);
  void next_piece(const Now& now);
  void take_as_is();
  void render_some(const Now& now);
  bool as_is(const ProducerSpan& span) const {
    return span.origin == nullptr || renderer_.as_is(*span.origin);
  }
  void end_round(const Now& now) {
    for (Target* target : targets_) target->buffer.end_round(now);
  }

  const EventRenderer& renderer_;
  const Block* block_ = nullptr;
  std::uint64_t blocks_ = 0;
  std::vector<Range> ranges_;      // by set, into resolved_
  std::vector<Target*> resolved_;  // of all sets, one after the other
  std::vector<Target*> targets_;
  bool all_as_is_ = true;
  std::size_t event_ = 0;  // the first event of the block behind the piece
  std::size_t span_ = 0;
  Piece piece_;
  Target* blocked_by_ = nullptr;
  std::vector<char> scratch_;
  std::vector<EventEntry> rendered_;
};

}  // namespace weir
