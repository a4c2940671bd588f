// Sequencer: puts routed blocks back into the order of their sealing, counts lines and reports the
// refused ones, and hands each block to every Writer. On a memory bus this is all that stands
// between Router and Writer; a log appends here.
//
// Threads: a stage; one per cell. Blocks in flight never exceed the pool, so the reorder window is
// a fixed array.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/units.h"
#include "core/block/ack_sink.h"
#include "core/block/block.h"
#include "core/port/stage.h"
#include "core/sync/channel.h"
#include "core/sync/counter.h"

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

class Sequencer final : public Stage {
 public:
  // `window`: a power of two, at least the number of blocks there are.
  Sequencer(Channel<Block*>& routed, std::size_t window, std::span<Channel<Block*>* const> writers,
            RefusalSink& refusals);

  // Tells of refused lines, and of lines that are done, from now on; on this Sequencer's thread.
  void acknowledge_to(AckSink& acks) { acks_ = &acks; }

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override { return MonotonicTime::never(); }

  // All blocks below this sequence number have been handed to every Writer. Any thread.
  std::uint64_t passed() const { return passed_.read(); }

 private:
  void pass_on(Block* block);
  void report_refusals(Block& block);

  Channel<Block*>::Consumer routed_;
  std::vector<Block*> window_;
  std::uint64_t next_ = 0;
  Counter passed_;
  std::deque<Channel<Block*>::Producer> writers_;
  std::vector<Channel<Block*>*> writer_channels_;
  RefusalSink& refusals_;
  AckSink* acks_ = nullptr;
};

}  // namespace weir
