// BlockAppender: brings the events of one routed block to the doors of their targets, in order, and
// remembers where it stands when a door stays shut.
//
// Blocks come live, or from the log for targets that lag; each way has an appender of its own,
// because a live block may be in hand while a lagging target catches up. A target that leaves live
// delivery in the middle of a block gets nothing more of it here.
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
  // `blocks`: counts the blocks begun by all appenders of the Writer.
  BlockAppender(const EventRenderer& renderer, std::uint64_t& blocks)
      : renderer_(renderer), blocks_(blocks) {}

  // Looks up the targets of the block that are live; `slots` by TargetId, null where it is not
  // ours.
  void begin(const Block& block, std::span<Target* const> slots);
  // A block from the log: for those lagging targets with room that stand at exactly its event
  // `from`. It passes at one append(): whoever is full stands at an event in it.
  void begin_replay(const Block& block, std::span<Target* const> slots, std::uint32_t from);
  enum class Passage : std::uint8_t {
    all,     // every event has passed
    some,    // a target is full and blocks; call again
    nothing  // still the same, at the same event
  };
  // In any case what was taken is copied, and the feeds know where they stand.
  Passage append(const Now& now);
  // All that has not passed yet is given up: counted as dropped, or, where a log has it, left
  // there.
  void drop_rest();
  // Those named by the block, each once, as far as the block passes their doors.
  std::span<Target* const> targets() const { return targets_; }
  Target* blocked_by() const { return blocked_by_; }

 private:
  // Some events and the text their offsets count in.
  struct Piece {
    const char* text = nullptr;
    const EventEntry* events = nullptr;
    // Of each, its place in the block; null: one after the other from `first`.
    const std::uint32_t* places = nullptr;
    std::uint32_t first = 0;
    std::size_t count = 0;
    std::size_t next = 0;         // the event to go on with
    std::size_t next_target = 0;  // its target to go on with

    std::uint32_t place(std::size_t event) const {
      return places == nullptr ? first + static_cast<std::uint32_t>(event) : places[event];
    }
  };
  // A target of the block, and the feed through which it gets it; null on a memory bus.
  struct Door {
    Feed* feed = nullptr;
    bool closed = false;  // left live delivery in this block
  };
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };

  void start(const Block& block, std::uint32_t from);
  template <typename Admits>
  void find_targets(std::span<Target* const> slots, Admits admits);
  bool append_piece(bool& moved);
  void next_piece(const Now& now);
  void take_as_is();
  void render_some(const Now& now);
  bool as_is(const ProducerSpan& span) const {
    return span.origin == nullptr || renderer_.as_is(*span.origin);
  }
  void begin_round();
  // All events before `behind` have passed.
  void end_round(const Now& now, std::uint32_t behind);
  std::uint32_t standing() const;

  const EventRenderer& renderer_;
  const Block* block_ = nullptr;
  std::uint64_t& blocks_;
  std::vector<Range> ranges_;      // by set, into resolved_
  std::vector<Target*> resolved_;  // of all sets, one after the other
  std::vector<Target*> targets_;
  std::vector<Door> doors_;  // of targets_
  bool all_as_is_ = true;
  std::size_t event_ = 0;  // the first event of the block behind the piece
  std::size_t span_ = 0;
  Piece piece_;
  Target* blocked_by_ = nullptr;
  std::vector<char> scratch_;
  std::vector<EventEntry> rendered_;
  std::vector<std::uint32_t> rendered_places_;
};

}  // namespace weir
