#include "core/ingest/ingest.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/base/check.h"
#include "core/ingest/ingest_token.h"

namespace weir {
namespace {

// Blocks that lie ready with the kernel. Enough for one round of receives; the rest stays on top of
// the pool, where memory is warm.
constexpr std::size_t kProvidedBlocks = 8;
constexpr Nanoseconds kPartialLineDeadline = 60s;
constexpr Nanoseconds kCheckEvery = 1s;
// After stop(): how long a peer that goes on sending is read to the end of what it has sent.
constexpr Nanoseconds kStopDeadline = 5s;
constexpr Nanoseconds kAcceptRetry = 100ms;
// Gathered lines wait this long for more, unless a Router is idle.
constexpr Nanoseconds kGatherWait = 500us;
// How often to ask a bus that takes nothing whether it does again.
constexpr Nanoseconds kGateCheckEvery = 50ms;

}  // namespace

Ingest::Ingest(Port& port, const BlockFiller::Shared& shared, const IntakeContext& context,
               std::vector<SourceListener> listeners, IngestEvents& events, const Limits& limits)
    : port_(port),
      filler_(shared),
      sealed_(shared.sealed),
      context_(context),
      listeners_(std::move(listeners)),
      events_(events),
      limits_(limits),
      provided_(kProvidedBlocks, nullptr),
      accept_again_(listeners_.size(), MonotonicTime::never()) {
  WEIR_CHECK(limits_.connections_max <= IngestToken::kIndexMask);
  for (std::size_t i = 0; i < listeners_.size(); ++i) arm_accept(i);
}

Ingest::~Ingest() {
  for (Connection& connection : connections_) {
    if (connection.open) connection.intake.drop();
    if (connection.acks != nullptr) release(connection.acks->origin);
  }
  for (Block* block : provided_) {
    if (block != nullptr) filler_.put_back(block);
  }
}

std::size_t Ingest::poll(const Now& now) {
  provide_blocks();
  std::array<Completion, 64> done{};
  const std::size_t count = port_.reap(done);
  for (std::size_t i = 0; i < count; ++i) {
    const auto token = IngestToken::unpack(done[i].token);
    switch (token.kind) {
      case IngestToken::Kind::accept:
        accepted(token.index, done[i].result, now);
        break;
      case IngestToken::Kind::receive:
        received(token.index, done[i], now);
        break;
      case IngestToken::Kind::send:
        ack_sent(token.index, done[i].result, now);
        break;
    }
  }
  std::size_t work = count + resume_waiting(now) + send_acks(now);
  if (filler_.gathering() &&
      (sealed_.size_approx() == 0 || now.monotonic - filler_.gathering_since() >= kGatherWait)) {
    filler_.flush(now);
    ++work;
  }
  if (now.monotonic >= next_check_) check_deadlines(now);
  return work;
}

MonotonicTime Ingest::next_deadline() const {
  MonotonicTime deadline =
      filler_.gathering() ? filler_.gathering_since() + kGatherWait : MonotonicTime::never();
  for (const MonotonicTime again : accept_again_) deadline = std::min(deadline, again);
  if (open_ > 0) deadline = std::min(deadline, next_check_);
  if (!acks_due_.empty()) deadline = MonotonicTime{};
  return deadline;
}

void Ingest::arm_accept(std::size_t listener) {
  accept_again_[listener] = MonotonicTime::never();
  port_.accept(listeners_[listener].handle,
               IngestToken{.kind = IngestToken::Kind::accept, .index = listener}.pack());
}

void Ingest::accepted(std::size_t listener, std::int64_t result, const Now& now) {
  if (stopping_) {
    if (result >= 0) port_.close(Handle(static_cast<std::int32_t>(result)));
    return;
  }
  const SourceId source = listeners_[listener].source;
  if (result < 0) {
    // Out of descriptors or memory: wait a little, the backlog of the listener keeps the peers.
    counters_.connections_failed.add();
    events_.problem(source, "cannot accept a connection: " + error_text(result) +
                                "; raise the limit of open files (ulimit -n) if this goes on");
    accept_again_[listener] = now.monotonic + kAcceptRetry;
    next_check_ = std::min(next_check_, accept_again_[listener]);
    return;
  }
  const Handle handle(static_cast<std::int32_t>(result));
  if (free_slots_.empty()) {
    free_slots_.push_back(connections_.size());
    connections_.emplace_back();
  }
  const std::size_t slot = free_slots_.back();
  free_slots_.pop_back();
  Connection& connection = connections_[slot];
  const std::uint32_t generation = connection.generation + 1;
  connection = {};
  connection.handle = handle;
  connection.generation = generation;
  connection.open = true;
  connection.line_since = now.monotonic;
  connection.intake.open(filler_, context_, source, port_.peer_name(handle));
  ++open_;
  counters_.connections_total.add();
  counters_.connections_open.set(open_);
  if (context_.sources[source.value].acks) open_acks(slot);
  go_on(slot, now);
  if (open_ < limits_.connections_max) {
    arm_accept(listener);
  } else {
    // Who comes now waits in the listener's backlog until somebody goes.
    counters_.connections_delayed.add();
    full_listeners_.push_back(listener);
    events_.problem(source, std::to_string(open_) +
                                " connections are open, which is the limit; "
                                "further ones wait (raise ulimit -n for more)");
  }
}

// Receives again, unless there is a reason not to.
void Ingest::go_on(std::size_t slot, const Now& now) {
  Connection& connection = connections_[slot];
  const BusGate* gate = closed_gate(connection, now);
  const bool idle = connection.acks != nullptr && unread(*connection.acks);
  if (stopping_ && (idle || gate != nullptr)) {
    end_now(slot, now);
  } else if (idle) {
    connection.idle = true;
    counters_.waits_for_reader.add();
  } else if (gate != nullptr) {
    wait_for_bus(slot, *gate, now);
  } else {
    receive_more(slot);
  }
}

void Ingest::receive_more(std::size_t slot) {
  Connection& connection = connections_[slot];
  connection.receiving = true;
  port_.receive(connection.handle, IngestToken{.kind = IngestToken::Kind::receive,
                                               .generation = connection.generation,
                                               .index = slot}
                                       .pack());
}

void Ingest::received(std::size_t slot, const Completion& completion, const Now& now) {
  Block* block = nullptr;
  if (completion.result > 0) {
    block = std::exchange(provided_[completion.buffer], nullptr);
    --provided_count_;
    counters_.bytes.add(static_cast<std::uint64_t>(completion.result));
  }
  Connection& connection = connections_[slot];
  connection.receiving = false;
  // Of an earlier connection, or after its end was decided.
  if (!IngestToken::unpack(completion.token).is_of(connection.generation) || !connection.open ||
      connection.at_end) {
    if (block != nullptr) filler_.put_back(block);
    return;
  }
  if (completion.result == -ENOBUFS) {
    counters_.waits_for_blocks.add();
    waiting_.push_back({slot, connection.generation});
    return;
  }
  if (completion.result <= 0) {
    connection.at_end = true;
    connection.gone = connection.reset = completion.result < 0;
    if (connection.reset) counters_.connections_reset.add();
    advance(slot, true, now);
    return;
  }
  connection.line_since = now.monotonic;
  const auto bytes = static_cast<std::uint32_t>(completion.result);
  if (!gates_.empty()) {
    paces_[context_.sources[connection.intake.source().value].bus.value].took(bytes);
  }
  advance(slot, connection.intake.received(block, bytes, now), now);
}

// Goes on with a connection whose bytes were all taken, or puts it aside.
void Ingest::advance(std::size_t slot, bool taken, const Now& now) {
  Connection& connection = connections_[slot];
  if (taken && connection.at_end) taken = connection.intake.end(connection.reset, now);
  if (!taken) {
    waiting_.push_back({slot, connection.generation});
    return;
  }
  if (connection.intake.foreign()) {
    events_.problem(connection.intake.source(),
                    "closed " + connection.intake.label() + ": " + connection.intake.complaint());
  }
  if (connection.at_end || connection.intake.foreign()) {
    end_of_input(slot);
  } else if (connection.intake.long_line() &&
             filler_.long_carry_bytes() > limits_.long_carry_bytes_max) {
    waiting_.push_back({slot, connection.generation});
  } else {
    go_on(slot, now);
  }
}

// All input of the connection is in blocks. Who waits for acks stays until all is said.
void Ingest::end_of_input(std::size_t slot) {
  Connection& connection = connections_[slot];
  if (connection.acks == nullptr || connection.acks->mute || connection.gone) return close(slot);
  connection.at_end = true;
  connection.acks->all_sealed = true;
  connection.acks->spans = connection.intake.spans();
  connection.intake.drop();
  ack_due(slot);
}

// Takes no more from the connection, whatever it still sends.
void Ingest::end_now(std::size_t slot, const Now& now) {
  connections_[slot].at_end = true;
  advance(slot, true, now);
}

// Gives each waiting connection one try; those that still cannot go on wait again.
std::size_t Ingest::resume_waiting(const Now& now) {
  std::size_t resumed = 0;
  for (std::size_t tries = waiting_.size(); tries > 0; --tries) {
    if (provided_count_ == 0 && !provide_one()) break;
    const Place place = waiting_.front();
    waiting_.pop_front();
    if (!holds(place)) continue;
    const std::size_t before = waiting_.size();
    advance(place.slot, connections_[place.slot].intake.resume(now), now);
    if (waiting_.size() == before) ++resumed;
  }
  return resumed;
}

void Ingest::provide_blocks() {
  while (provided_count_ < kProvidedBlocks && provide_one()) {
  }
}

bool Ingest::provide_one() {
  Block* block = filler_.take_block();
  if (block == nullptr) return false;
  for (std::size_t id = 0; id < provided_.size(); ++id) {
    if (provided_[id] != nullptr) continue;
    provided_[id] = block;
    ++provided_count_;
    port_.provide(static_cast<std::uint32_t>(id), block->receive_area());
    return true;
  }
  filler_.put_back(block);
  return false;
}

void Ingest::close(std::size_t slot) {
  Connection& connection = connections_[slot];
  connection.intake.drop();
  port_.close(connection.handle);
  connection.open = false;
  if (connection.acks != nullptr) {
    Acks& acks = *connection.acks;
    untold_refusals_ -= acks.lines.backlog();
    acks.origin->ack_slot = Origin::kNoAcks;
    release(std::exchange(acks.origin, nullptr));
  }
  if (connection.acks == nullptr || !connection.acks->sending) free_slot(slot);
  --open_;
  counters_.connections_open.set(open_);
  for (const std::size_t listener : std::exchange(full_listeners_, {})) arm_accept(listener);
}

// Not before a send under way has come back: it reads the connection's memory.
void Ingest::free_slot(std::size_t slot) {
  connections_[slot].acks.reset();
  free_slots_.push_back(slot);
}

// Once a second: accepts again after a shortage, and ends connections whose long line never ends.
void Ingest::check_deadlines(const Now& now) {
  next_check_ = now.monotonic + kCheckEvery;
  for (std::size_t i = 0; i < accept_again_.size(); ++i) {
    if (!stopping_ && now.monotonic >= accept_again_[i]) arm_accept(i);
    next_check_ = std::min(next_check_, accept_again_[i]);
  }
  if (stopping_ && now.monotonic >= stop_deadline_) end_all(now);
  if (sends_under_way_ > 0) check_unread(now);
  if (filler_.long_carry_bytes() > 0) check_lines(now);
  resume_gated(now);
}

void Ingest::check_lines(const Now& now) {
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = connections_[slot];
    if (!connection.open || !connection.receiving || !connection.intake.long_line()) continue;
    if (now.monotonic - connection.line_since < kPartialLineDeadline) continue;
    connection.at_end = true;
    connection.reset = true;
    events_.problem(connection.intake.source(),
                    "closed " + connection.intake.label() + ": a line did not end within 60 s");
    advance(slot, true, now);
  }
}

void Ingest::stop(const Now& now) {
  if (stopping_) return;
  stopping_ = true;
  stop_deadline_ = now.monotonic + kStopDeadline;
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = connections_[slot];
    if (!connection.open) continue;
    port_.shutdown_receive(connection.handle);
    if (std::exchange(connection.idle, false)) end_now(slot, now);
  }
  for (const Place place : std::exchange(gated_, {})) {
    if (holds(place)) end_now(place.slot, now);
  }
}

// Cuts off whoever goes on sending; acknowledged connections still hear of what was taken.
void Ingest::end_all(const Now& now) {
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = connections_[slot];
    if (!connection.open) continue;
    if (connection.acks == nullptr) {
      close(slot);
    } else if (!connection.at_end && connection.receiving) {
      end_now(slot, now);
    }
  }
}

const BusGate* Ingest::gate_of(const Connection& connection) const {
  if (gates_.empty()) return nullptr;
  return gates_[context_.sources[connection.intake.source().value].bus.value];
}

// The gate that keeps the connection from being read just now. At the end of all the slow ones are
// read, too: what has arrived is still taken.
const BusGate* Ingest::closed_gate(const Connection& connection, const Now& now) {
  const BusGate* gate = gate_of(connection);
  if (gate == nullptr) return nullptr;
  if (gate->refusing()) return gate;
  if (gate->state() != BusGate::State::slowed || stopping_) return nullptr;
  const BusId bus = context_.sources[connection.intake.source().value].bus;
  return paces_[bus.value].may_take(now.monotonic) ? nullptr : gate;
}

void Ingest::wait_for_bus(std::size_t slot, const BusGate& gate, const Now& now) {
  Connection& connection = connections_[slot];
  gated_.push_back({slot, connection.generation});
  const bool slowed = !gate.refusing();
  (slowed ? counters_.waits_for_space : counters_.waits_for_bus).add();
  next_check_ = std::min(next_check_, now.monotonic + kGateCheckEvery);
  if (slowed) return;
  if (connection.acks == nullptr || std::exchange(connection.acks->told_of_bus, true)) return;
  connection.acks->lines.say("nothing is taken for now: " +
                             std::string(refusal_text(gate.state())));
  ack_due(slot);
}

// Goes on with those whose bus takes again.
void Ingest::resume_gated(const Now& now) {
  if (gated_.empty()) return;
  next_check_ = std::min(next_check_, now.monotonic + kGateCheckEvery);
  for (const Place place : std::exchange(gated_, {})) {
    if (!holds(place)) continue;
    Connection& connection = connections_[place.slot];
    if (closed_gate(connection, now) != nullptr) {
      gated_.push_back(place);
      continue;
    }
    if (connection.acks != nullptr) connection.acks->told_of_bus = false;
    go_on(place.slot, now);
  }
}

}  // namespace weir
