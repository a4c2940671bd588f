// Ingest: the stage that receives. It accepts connections, receives into blocks, cuts at line ends,
// seals, and stops reading when no block is free: that is the whole of back-pressure on input.
//
// An idle connection holds no block: receives take a buffer only at the moment data is there. When
// the pool is dry a connection is put aside and receives again once blocks come back, in turn.
//
// Acknowledged connections (`acks: true`) are told which of their lines are safe, and which were
// refused (ack_lines.h). After the end of input the last ack is sent, then the connection closes.
// Whoever does not read what it is told is not read from, and closed after a while.
//
// A bus that refuses (BusGate): its connections are not read; acknowledged ones are told so once.
// For one that is slowed all connections together take at a SlowPace.
//
// Threads: one, the loop that polls it, which polls the Sequencer too (AckSink); counters may be
// read from any thread.
// Memory: kProvidedBlocks with the kernel, a gather block for each bus, per connection its
// unfinished line; all unfinished lines that are long share `long_carry_bytes_max`: beyond it such
// connections wait, and a line that does not end within kPartialLineDeadline ends its connection.
// Per acknowledged connection up to AckLines::kWriteBytesMax under way, and 16 bytes for each of
// kRefusalsEach refused lines; those with more share `untold_refusals_max`, beyond it they are
// closed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/block/ack_sink.h"
#include "core/block/bus_gate.h"
#include "core/catalog/catalog.h"
#include "core/ingest/ack_lines.h"
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
  Counter waits_for_blocks;    // receives put aside because the pool was dry
  Counter waits_for_bus;       // connections put aside because their bus takes nothing
  Counter waits_for_space;     // or takes slowly, as the disk has little space left
  Counter waits_for_reader;    // connections put aside because they do not read their acks
  Counter connections_unread;  // closed because they did not read their acks
  Counter acks;                // sends of acks and errors
};

class Ingest final : public Stage, public AckSink {
 public:
  struct Limits {
    std::size_t connections_max = 16384;
    std::uint64_t long_carry_bytes_max = 32 * kMiB;
    std::uint64_t untold_refusals_max = 2 * kMiB;  // refused lines, 16 bytes each
  };
  // Refused lines that a connection may leave unread before it is not read from any more.
  static constexpr std::size_t kRefusalsEach = 1024;
  // Spans of a connection that become safe while one send to it is under way: the same.
  static constexpr std::uint64_t kSpansUnread = 64;
  // A send that does not get on for so long ends its connection.
  static constexpr Nanoseconds kUnreadDeadline = 60s;
  Ingest(Port& port, const BlockFiller::Shared& shared, const IntakeContext& context,
         std::vector<SourceListener> listeners, IngestEvents& events, const Limits& limits);
  ~Ingest() override;

  // By BusId, null for a bus that always takes. Before the first poll; the gates outlive this.
  void watch_gates(std::vector<const BusGate*> gates) {
    gates_ = std::move(gates);
    paces_.resize(gates_.size());
  }

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override;

  void refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
               std::uint32_t error_offset) override;
  void done(const Origin& origin, std::uint32_t lines) override;

  // Takes no more connections, and of the open ones only what has already arrived.
  void stop(const Now& now);
  // True once nothing of this stage is under way: acknowledged connections wait for their lines.
  bool stopped() const {
    return stopping_ && open_ == 0 && sends_under_way_ == 0 && !filler_.gathering();
  }
  const IngestCounters& counters() const { return counters_; }

 private:
  // The other direction of an acknowledged connection.
  struct Acks {
    AckLines lines;
    Origin* origin = nullptr;  // a reference; its ack_slot says where this is
    std::string out;           // of the send under way
    std::size_t out_sent = 0;
    bool sending = false;
    bool due = false;                 // stands in acks_due_
    bool mute = false;                // it takes no more sends
    bool told_of_bus = false;         // that the bus takes nothing
    bool all_sealed = false;          // no more input; `spans` is final
    std::uint64_t spans = 0;          // sealed
    std::uint64_t spans_done = 0;     // safe
    std::uint64_t spans_at_send = 0;  // safe when the send under way began
    MonotonicTime moved;              // when that send last got on
  };
  struct Connection {
    Handle handle;
    StreamIntake intake;
    std::uint32_t generation = 0;
    bool open = false;
    bool receiving = false;
    bool at_end = false;  // the peer ended; `reset` says how
    bool reset = false;
    bool gone = false;  // the connection broke: nobody hears us
    bool idle = false;  // receives nothing until its acks are read
    std::unique_ptr<Acks> acks = {};
    MonotonicTime line_since;  // when the unfinished line last began or moved on
  };

  void arm_accept(std::size_t listener);
  void accepted(std::size_t listener, std::int64_t result, const Now& now);
  void received(std::size_t slot, const Completion& completion, const Now& now);
  void go_on(std::size_t slot, const Now& now);
  void receive_more(std::size_t slot);
  void advance(std::size_t slot, bool taken, const Now& now);
  void wait_for_block(std::size_t slot);
  std::size_t resume_waiting(const Now& now);
  void provide_blocks();
  bool provide_one();
  void end_of_input(std::size_t slot);
  void end_now(std::size_t slot, const Now& now);
  void close(std::size_t slot);
  void free_slot(std::size_t slot);
  void end_all(const Now& now);
  void check_deadlines(const Now& now);
  void check_lines(const Now& now);

  const BusGate* gate_of(const Connection& connection) const;
  const BusGate* closed_gate(const Connection& connection, const Now& now);
  void wait_for_bus(std::size_t slot, const BusGate& gate, const Now& now);
  void resume_gated(const Now& now);

  void open_acks(std::size_t slot);
  static bool unread(const Acks& acks);
  void ack_due(std::size_t slot);
  std::size_t send_acks(const Now& now);
  void send_ack(std::size_t slot, const Now& now);
  void ack_sent(std::size_t slot, std::int64_t result, const Now& now);
  void check_unread(const Now& now);
  void close_unread(std::size_t slot);

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
  // A place in a line of waiting connections; void once the generation is another.
  struct Place {
    std::size_t slot;
    std::uint32_t generation;
  };
  bool holds(Place place) const {
    const Connection& connection = connections_[place.slot];
    return connection.open && connection.generation == place.generation;
  }
  std::deque<Place> waiting_;          // for a block
  std::vector<Place> gated_;           // for their bus
  std::vector<std::size_t> acks_due_;  // slots with something to tell
  std::vector<const BusGate*> gates_;  // by BusId
  std::vector<SlowPace> paces_;        // by BusId
  std::uint64_t untold_refusals_ = 0;  // of all connections
  std::size_t sends_under_way_ = 0;
  std::vector<Block*> provided_;  // by buffer id; null: not with the kernel
  std::size_t provided_count_ = 0;
  std::vector<MonotonicTime> accept_again_;  // by listener; never(): an accept is under way
  std::vector<std::size_t> full_listeners_;  // accept again once a connection has gone
  std::size_t open_ = 0;
  MonotonicTime next_check_;
  bool stopping_ = false;
  MonotonicTime stop_deadline_ = MonotonicTime::never();
};

}  // namespace weir
