// Sequencer: puts routed blocks back into the order of their sealing, counts lines and reports the
// refused ones. Blocks of memory buses then go straight to the Distributor, those of a durable bus
// to its log. A log that takes nothing for now holds back the blocks of its own bus only.
//
// Threads: a stage; one per cell. Blocks in flight never exceed the pool, so the reorder window is
// a fixed array.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "core/base/units.h"
#include "core/block/ack_sink.h"
#include "core/block/block.h"
#include "core/port/stage.h"
#include "core/route/distributor.h"
#include "core/sync/channel.h"

namespace weir {

// Told of every refused line, in order. Called on the Sequencer's thread; must not block.
class RefusalSink {
 public:
  virtual ~RefusalSink() = default;
  // `line`: physical line number on its connection or in its file, from 1. `text` may be empty
  // (the bytes were not kept) and is valid during the call only.
  virtual void refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
                       std::uint32_t error_offset, std::string_view text) = 0;
};

// A durable bus as the Sequencer sees it: takes the block, and hands it to the Distributor once it
// is durable. False: not now; the block stays with the caller, to be offered again.
class BlockOutlet {
 public:
  virtual ~BlockOutlet() = default;
  [[nodiscard]] virtual bool append(Block* block) = 0;
};

class Sequencer final : public Stage {
 public:
  // `window`: a power of two, at least the number of blocks there are.
  Sequencer(Channel<Block*>& routed, std::size_t window, Distributor& distributor,
            RefusalSink& refusals);
  ~Sequencer() override;  // drops blocks that a log never took

  // Tells of refused lines from now on; on this Sequencer's thread.
  void acknowledge_to(AckSink& acks) { acks_ = &acks; }
  // Blocks of `bus` go there. Before the first poll.
  void add_outlet(BusId bus, BlockOutlet& outlet);

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override { return MonotonicTime::never(); }

 private:
  struct Outlet {
    BlockOutlet* log = nullptr;  // null: a memory bus
    std::deque<Block*> held;     // that the log did not take yet, in order
  };
  void pass_on(Block* block);
  std::size_t offer_held();
  void report_refusals(Block& block);

  Channel<Block*>::Consumer routed_;
  std::vector<Block*> window_;
  std::uint64_t next_ = 0;
  Distributor& distributor_;
  std::vector<Outlet> outlets_;  // by BusId, as far as there are durable ones
  RefusalSink& refusals_;
  AckSink* acks_ = nullptr;
};

}  // namespace weir
