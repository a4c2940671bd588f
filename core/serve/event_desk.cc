#include "core/serve/event_desk.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/check.h"

namespace weir {
namespace {

// Gathered lines wait this long for more, unless a Router is idle.
constexpr Nanoseconds kGatherWait = 500us;

}  // namespace

EventTicket::~EventTicket() {
  if (desk_ != nullptr) desk_->leave(*this);
}

EventDesk::EventDesk(const BlockFiller::Shared& shared, const IntakeContext& context)
    : filler_(shared), sealed_(shared.sealed), context_(context) {}

EventDesk::~EventDesk() {
  for (const Place& place : std::vector<Place>(places_)) {
    if (place.ticket != nullptr) leave(*place.ticket);
  }
}

std::string_view EventDesk::refusal(BusId bus) const {
  if (bus.value >= gates_.size()) return {};
  const BusGate* gate = gates_[bus.value];
  return gate != nullptr && gate->refusing() ? refusal_text(gate->state()) : std::string_view();
}

void EventDesk::submit(EventTicket& ticket, SourceId source, std::string_view peer,
                       std::span<const EventPart> parts, const Now& now) {
  WEIR_CHECK(ticket.desk_ == nullptr);
  ticket.desk_ = this;
  ticket.parts_.clear();
  ticket.parts_.resize(parts.size());
  ticket.next_part_ = 0;
  ticket.moved_ = now.monotonic;
  ticket.given_up_ = false;
  ticket.refused_.clear();
  ticket.refused_count_ = 0;
  ++tickets_;
  counters_.tickets.add();
  for (std::size_t i = 0; i < parts.size(); ++i) open_part(ticket, i, source, peer, parts[i]);
  // Who waits already goes first.
  if (!waiting_.empty() || !hand_over(ticket, now)) {
    ticket.waiting_ = true;
    waiting_.push_back(&ticket);
  }
  look_if_settled(ticket);
}

void EventDesk::open_part(EventTicket& ticket, std::size_t index, SourceId source,
                          std::string_view peer, const EventPart& part) {
  if (free_places_.empty()) {
    free_places_.push_back(static_cast<std::uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const std::uint32_t place = free_places_.back();
  free_places_.pop_back();
  places_[place] = {.ticket = &ticket, .part = static_cast<std::uint32_t>(index)};
  auto* origin = new Origin;
  origin->source = source;
  origin->label = peer;
  origin->ack_slot = place;
  origin->refs.reset(1);
  LineStream& stream = ticket.parts_[index].stream;
  stream.origin = origin;
  stream.bus = part.bus;
  stream.event_bytes_limit = context_.sources[source.value].event_bytes_limit;
  ticket.parts_[index].rest = part.lines;
  counters_.bytes.add(part.lines.size());
}

// False: no block is free; to be called again.
bool EventDesk::hand_over(EventTicket& ticket, const Now& now) {
  for (; ticket.next_part_ < ticket.parts_.size(); ++ticket.next_part_) {
    EventTicket::Part& part = ticket.parts_[ticket.next_part_];
    const std::size_t before = part.rest.size();
    const bool whole = hand_over_part(part, now);
    if (whole || part.rest.size() < before) ticket.moved_ = now.monotonic;
    if (!whole) return false;
  }
  return true;
}

bool EventDesk::hand_over_part(EventTicket::Part& part, const Now& now) {
  LineStream& stream = part.stream;
  if (BlockFiller::stuck(stream) && !filler_.resume(stream, now)) return false;
  if (part.rest.empty()) return filler_.end(stream, false, now);
  // A few lines, as most requests have them: one copy, straight to their place.
  if (stream.carry.empty() && !stream.skipping && part.rest.size() <= filler_.lines_bytes_max() &&
      part.rest.size() <= stream.event_bytes_limit) {
    if (!filler_.add_lines(stream, part.rest, now)) return false;
    part.rest = {};
    return true;
  }
  part.rest.remove_prefix(filler_.append(stream, part.rest, now));
  return part.rest.empty() && !BlockFiller::stuck(stream) && filler_.end(stream, false, now);
}

void EventDesk::give_up_rest(EventTicket& ticket) {
  for (; ticket.next_part_ < ticket.parts_.size(); ++ticket.next_part_) {
    EventTicket::Part& part = ticket.parts_[ticket.next_part_];
    filler_.drop(part.stream);
    part.rest = {};
  }
}

void EventDesk::look_if_settled(EventTicket& ticket) {
  if (ticket.due_ || ticket.next_part_ < ticket.parts_.size()) return;
  const bool settled = std::ranges::all_of(ticket.parts_, [](const EventTicket::Part& part) {
    return part.spans_done == part.stream.spans;
  });
  if (!settled) return;
  ticket.due_ = true;
  due_.push_back(&ticket);
}

// Nothing of the ticket is heard of any more.
void EventDesk::close_parts(EventTicket& ticket) {
  for (EventTicket::Part& part : ticket.parts_) {
    Origin* origin = std::exchange(part.stream.origin, nullptr);
    places_[origin->ack_slot] = {};
    free_places_.push_back(origin->ack_slot);
    origin->ack_slot = Origin::kNoAcks;
    release(origin);
  }
  ticket.desk_ = nullptr;
  --tickets_;
}

void EventDesk::leave(EventTicket& ticket) {
  give_up_rest(ticket);
  if (std::exchange(ticket.waiting_, false)) std::erase(waiting_, &ticket);
  if (std::exchange(ticket.due_, false)) std::erase(due_, &ticket);
  close_parts(ticket);
}

void EventDesk::refused(const Origin& origin, std::uint64_t line, RefuseReason reason,
                        std::uint32_t error_offset) {
  const Place place = places_[origin.ack_slot];
  EventTicket& ticket = *place.ticket;
  ++ticket.refused_count_;
  if (ticket.refused_.size() >= EventTicket::kRefusedKept) return;
  ticket.refused_.push_back(
      {.part = place.part, .line = line, .error_offset = error_offset, .reason = reason});
}

void EventDesk::done(const Origin& origin, std::uint32_t lines) {
  const Place place = places_[origin.ack_slot];
  EventTicket::Part& part = place.ticket->parts_[place.part];
  part.lines_done += lines;
  ++part.spans_done;
  look_if_settled(*place.ticket);
}

// Serves those that wait in turn, until one still finds no room.
std::size_t EventDesk::resume_waiting(const Now& now) {
  std::size_t work = 0;
  while (!waiting_.empty()) {
    EventTicket& ticket = *waiting_.front();
    if (!hand_over(ticket, now)) {
      if (now.monotonic - ticket.moved_ < kRoomDeadline) break;
      give_up_rest(ticket);
      ticket.given_up_ = true;
      counters_.given_up.add();
    }
    waiting_.pop_front();
    ticket.waiting_ = false;
    look_if_settled(ticket);
    ++work;
  }
  return work;
}

std::size_t EventDesk::poll(const Now& now) {
  std::size_t work = resume_waiting(now);
  while (!due_.empty()) {
    EventTicket& ticket = *due_.back();
    due_.pop_back();
    ticket.due_ = false;
    close_parts(ticket);
    ticket.owner_.settled(ticket, now);
    ++work;
  }
  if (filler_.gathering() &&
      (sealed_.size_approx() == 0 || now.monotonic - filler_.gathering_since() >= kGatherWait)) {
    filler_.flush(now);
    ++work;
  }
  return work;
}

MonotonicTime EventDesk::next_deadline() const {
  if (!due_.empty()) return {};
  MonotonicTime deadline =
      filler_.gathering() ? filler_.gathering_since() + kGatherWait : MonotonicTime::never();
  if (!waiting_.empty()) deadline = std::min(deadline, waiting_.front()->moved_ + kRoomDeadline);
  return deadline;
}

}  // namespace weir
