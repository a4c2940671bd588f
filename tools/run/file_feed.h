// FileFeed: from a file reader's thread into blocks. One per file source; its reader calls it on
// the reader's own thread. When no block is free it waits, and the file waits with it.
#pragma once

#include <memory>
#include <vector>

#include "core/block/bus_gate.h"
#include "core/ingest/block_filler.h"
#include "core/ingest/stream_intake.h"
#include "core/port/port.h"
#include "core/sync/counter.h"
#include "io/files/byte_sink.h"
#include "tools/run/messages.h"

namespace weir {

class FileFeed final : public ByteSinkFactory {
 public:
  // `routers`: woken when there is a block for them.
  FileFeed(SourceId source, const BlockFiller::Shared& shared, const IntakeContext& context,
           std::vector<Waker*> routers, Messages& messages);

  // Reads nothing while the bus refuses, and slowly while it is slowed. Before the first open();
  // the gate outlives this.
  void watch_gate(const BusGate& gate) { gate_ = &gate; }
  std::unique_ptr<ByteSink> open(const std::string& label) override;
  // Any thread: a consume() that waits gives up, and no more bytes are taken.
  void stop() { stopping_.raise(); }
  std::uint64_t bytes() const { return bytes_.read(); }

 private:
  class Sink;
  void flush();

  const SourceId source_;
  BlockFiller filler_;
  const IntakeContext& context_;
  const std::vector<Waker*> routers_;
  Messages& messages_;
  const BusGate* gate_ = nullptr;
  SlowPace pace_;
  Flag stopping_;
  Counter bytes_;
};

}  // namespace weir
