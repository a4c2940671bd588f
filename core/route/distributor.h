// Distributor: hands a block whose time has come to every Writer, and says to senders that its
// lines are safe. On a memory bus its time has come once it is in order, on a durable bus once the
// disk has it.
//
// Threads: one, that of the Sequencer and the logs; passed() is for all.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "core/block/ack_sink.h"
#include "core/block/block.h"
#include "core/sync/channel.h"
#include "core/sync/counter.h"

namespace weir {

class Distributor {
 public:
  explicit Distributor(std::span<Channel<Block*>* const> writers);

  // Says which lines are done from now on. Before the first block.
  void acknowledge_to(AckSink& acks) { acks_ = &acks; }

  void pass_on(Block* block);
  // How many blocks have been handed on.
  std::uint64_t passed() const { return passed_.read(); }

 private:
  std::deque<Channel<Block*>::Producer> writers_;
  std::vector<Channel<Block*>*> writer_channels_;
  AckSink* acks_ = nullptr;
  Counter passed_;
};

}  // namespace weir
