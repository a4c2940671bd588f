// EventDesk: takes the events of requests into blocks and says when they are safe: durable on a
// durable bus, taken by the pipeline on a memory bus.
//
//     class MyWork : public HttpWork, public EventTicketOwner {
//       EventTicket ticket_{*this};
//       void settled(EventTicket&, const Now&) override { exchange_.answer(...); }
//     };
//     desk.submit(work.ticket(), source, peer, parts, now);
//
// The lines of a part are accepted or refused one by one, exactly as lines of a connection are: by
// the router, in order, with line numbers from 1. Where no block is free, submissions wait in turn;
// after kRoomDeadline what is left of one is given up and its ticket says so.
//
// Threads: one, that of the Sequencer. Memory: a gather block for each bus; per ticket a list of at
// most EventTicket::kRefusedKept refusals and an unfinished line of at most an event's limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/block/ack_sink.h"
#include "core/block/bus_gate.h"
#include "core/ingest/block_filler.h"
#include "core/ingest/stream_intake.h"
#include "core/port/stage.h"

namespace weir {

class EventDesk;
class EventTicket;

class EventTicketOwner {
 public:
  virtual ~EventTicketOwner() = default;
  // All events of the ticket are safe, refused or given up. From inside EventDesk::poll().
  virtual void settled(EventTicket& ticket, const Now& now) = 0;
};

// Events for one bus: JSON objects, one a line, the last line end may be missing.
struct EventPart {
  BusId bus;
  std::string_view lines;
};

// One submission. Reused for another after it has settled; destroying it earlier gives it up: what
// was handed over still goes its way, the rest is dropped.
class EventTicket {
 public:
  static constexpr std::size_t kRefusedKept = 1000;
  struct Refused {
    std::uint32_t part = 0;
    std::uint64_t line = 0;  // from 1
    std::uint32_t error_offset = 0;
    RefuseReason reason = RefuseReason::none;
  };

  explicit EventTicket(EventTicketOwner& owner) : owner_(owner) {}
  ~EventTicket();
  EventTicket(const EventTicket&) = delete;
  EventTicket& operator=(const EventTicket&) = delete;

  // Once settled. Refusals of all parts, the first kRefusedKept of them, and how many there are.
  std::span<const Refused> refused() const { return refused_; }
  std::uint64_t refused_count() const { return refused_count_; }
  // Physical lines of a part that are safe or refused, blank ones included. Fewer than the part
  // has: those behind were given up, for want of room.
  std::uint64_t lines_done(std::size_t part) const { return parts_[part].lines_done; }
  bool given_up() const { return given_up_; }

 private:
  friend class EventDesk;
  struct Part {
    LineStream stream;
    std::string_view rest;  // not handed over yet
    std::uint64_t spans_done = 0;
    std::uint64_t lines_done = 0;
  };
  EventTicketOwner& owner_;
  EventDesk* desk_ = nullptr;  // null: nothing is under way
  std::vector<Part> parts_;
  std::size_t next_part_ = 0;  // the first that is not handed over
  MonotonicTime moved_;        // when it last got on
  bool waiting_ = false;       // stands in EventDesk::waiting_
  bool due_ = false;           // stands in EventDesk::due_
  bool given_up_ = false;
  std::uint64_t refused_count_ = 0;
  std::vector<Refused> refused_;
};

struct EventDeskCounters {
  Counter tickets;
  Counter given_up;  // for want of blocks
  Counter bytes;
};

class EventDesk final : public Stage, public AckSink {
 public:
  static constexpr Nanoseconds kRoomDeadline = 10s;

  EventDesk(const BlockFiller::Shared& shared, const IntakeContext& context);
  ~EventDesk() override;

  // By BusId, null for a bus that always takes. Before the first poll; the gates outlive this.
  void watch_gates(std::vector<const BusGate*> gates) { gates_ = std::move(gates); }
  // Why the bus takes nothing for now; empty: it takes.
  std::string_view refusal(BusId bus) const;

  // The bytes stay in place until the ticket has settled or is gone. `peer` is for messages.
  void submit(EventTicket& ticket, SourceId source, std::string_view peer,
              std::span<const EventPart> parts, const Now& now);
  // Submissions that wait for blocks.
  std::size_t waiting() const { return waiting_.size(); }
  // Nothing is under way or being gathered.
  bool idle() const { return tickets_ == 0 && !filler_.gathering(); }
  const EventDeskCounters& counters() const { return counters_; }

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override;

  void refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
               std::uint32_t error_offset) override;
  void done(const Origin& origin, std::uint32_t lines) override;

 private:
  friend class EventTicket;
  struct Place {
    EventTicket* ticket = nullptr;
    std::uint32_t part = 0;
  };
  void open_part(EventTicket& ticket, std::size_t index, SourceId source, std::string_view peer,
                 const EventPart& part);
  bool hand_over(EventTicket& ticket, const Now& now);
  bool hand_over_part(EventTicket::Part& part, const Now& now);
  void give_up_rest(EventTicket& ticket);
  void look_if_settled(EventTicket& ticket);
  void close_parts(EventTicket& ticket);
  void leave(EventTicket& ticket);
  std::size_t resume_waiting(const Now& now);

  BlockFiller filler_;
  const Channel<Block*>& sealed_;  // empty: a Router waits for work
  const IntakeContext& context_;
  std::vector<const BusGate*> gates_;
  std::vector<Place> places_;  // by Origin::ack_slot
  std::vector<std::uint32_t> free_places_;
  std::deque<EventTicket*> waiting_;
  std::vector<EventTicket*> due_;  // settled, to be told
  std::size_t tickets_ = 0;
  EventDeskCounters counters_;
};

}  // namespace weir
