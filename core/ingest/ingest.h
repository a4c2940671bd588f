// Ingest: the stage that receives. It accepts connections, receives into blocks, cuts at line ends,
// seals, and stops reading when no block is free: that is the whole of back-pressure on input.
//
// An idle connection holds no block: receives take a buffer only at the moment data is there. When
// the pool is dry a connection is put aside and receives again once blocks come back, in turn.
//
// Threads: one, the loop that polls it; counters may be read from any thread.
// Memory: kProvidedBlocks with the kernel, one gather block, per connection its unfinished line;
// all unfinished lines that are long share `long_carry_bytes_max`: beyond it such connections wait,
// and a line that does not end within kPartialLineDeadline ends its connection.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/ingest/block_filler.h"
#include "core/ingest/stream_intake.h"
#include "core/port/port.h"
#include "core/port/stage.h"

namespace weir {

// What Ingest tells people about, rarely. Called on its thread; must not block.
class IngestEvents {
 public:
  virtual ~IngestEvents() = default;
  // Something went wrong with a connection or a listener; `what` is a whole sentence.
  virtual void problem(SourceId source, const std::string& what) = 0;
};

struct SourceListener {
  Handle handle;
  SourceId source;
};

struct IngestCounters {
  Counter connections_open;
  Counter connections_total;
  Counter connections_reset;    // ended by an error
  Counter connections_failed;   // not accepted: out of descriptors
  Counter connections_delayed;  // the limit was reached, the next one waits
  Counter bytes;
  Counter waits_for_blocks;  // receives put aside because the pool was dry
};

class Ingest final : public Stage {
 public:
  struct Limits {
    std::size_t connections_max = 16384;
    std::uint64_t long_carry_bytes_max = 32 * kMiB;
  };
  Ingest(Port& port, const BlockFiller::Shared& shared, const IntakeContext& context,
         std::vector<SourceListener> listeners, IngestEvents& events, const Limits& limits);
  ~Ingest() override;

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override;

  // Takes no more connections, and of the open ones only what has already arrived.
  void stop(const Now& now);
  // True once nothing of this stage is under way.
  bool stopped() const { return stopping_ && open_ == 0 && !filler_.gathering(); }
  const IngestCounters& counters() const { return counters_; }

 private:
  struct Connection {
    Handle handle;
    StreamIntake intake;
    std::uint32_t generation = 0;
    bool open = false;
    bool receiving = false;
    bool at_end = false;  // the peer ended; `reset` says how
    bool reset = false;
    MonotonicTime line_since;  // when the unfinished line last began or moved on
  };

  void arm_accept(std::size_t listener);
  void accepted(std::size_t listener, std::int64_t result, const Now& now);
  void received(std::size_t slot, const Completion& completion, const Now& now);
  void receive_more(std::size_t slot);
  void advance(std::size_t slot, bool taken, const Now& now);
  void wait_for_block(std::size_t slot);
  std::size_t resume_waiting(const Now& now);
  void provide_blocks();
  bool provide_one();
  void close(std::size_t slot);
  void close_all();
  void check_deadlines(const Now& now);

  Port& port_;
  BlockFiller filler_;
  const Channel<Block*>& sealed_;  // empty: a Router waits for work
  const IntakeContext context_;
  std::vector<SourceListener> listeners_;
  IngestEvents& events_;
  const Limits limits_;
  IngestCounters counters_;

  std::deque<Connection> connections_;  // by slot; a deque never moves them
  std::vector<std::size_t> free_slots_;
  std::deque<std::size_t> waiting_;  // slots that wait for a block
  std::vector<Block*> provided_;     // by buffer id; null: not with the kernel
  std::size_t provided_count_ = 0;
  std::vector<MonotonicTime> accept_again_;  // by listener; never(): an accept is under way
  std::vector<std::size_t> full_listeners_;  // accept again once a connection has gone
  std::size_t open_ = 0;
  MonotonicTime next_check_;
  bool stopping_ = false;
  MonotonicTime stop_deadline_ = MonotonicTime::never();
};

}  // namespace weir
