#include "core/log/cursor_keeper.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weir {
namespace {

constexpr Nanoseconds kRetry = 1s;

}  // namespace

CursorKeeper::CursorKeeper(Options options, ReadCursors stored, Port& port,
                           const CursorBoard& board, CursorKeeperHost& host)
    : options_(std::move(options)),
      port_(port),
      board_(board),
      host_(host),
      saved_(std::move(stored.state)),
      gone_(saved_.cursors),
      slot_(1 - stored.slot) {}

void CursorKeeper::add_log(Log log) {
  logs_.push_back(std::move(log));
  tell_logs();
}

CursorState CursorKeeper::current() {
  CursorState state{.generation = saved_.generation, .buses = {}, .cursors = {}};
  for (const Log& log : logs_) state.buses.push_back({log.name, log.durable()});
  for (const StoredBus& bus : saved_.buses) {
    if (std::ranges::none_of(logs_, [&](const Log& log) { return log.name == bus.bus; })) {
      state.buses.push_back(bus);
    }
  }
  for (const auto& cursor : board_.get()) {
    const auto log = std::ranges::find(logs_, cursor->bus(), &Log::bus);
    if (log == logs_.end()) continue;
    const LogPosition next = options_.past_unsettled ? cursor->passed() : cursor->read();
    state.cursors.push_back({log->name, host_.target_name(cursor->target()), next});
  }
  std::erase_if(gone_,
                [&](const StoredCursor& c) { return state.find(c.bus, c.target) != nullptr; });
  state.cursors.insert(state.cursors.end(), gone_.begin(), gone_.end());
  return state;
}

std::size_t CursorKeeper::poll(const Now& now) {
  std::array<Completion, 8> done{};
  const std::size_t count = port_.reap(done);
  for (std::size_t i = 0; i < count; ++i) complete(done[i], now);
  if (!busy() && !closed_ && now.monotonic >= next_save_) begin_save(now);
  return count;
}

MonotonicTime CursorKeeper::next_deadline() const {
  return busy() || closed_ ? MonotonicTime::never() : next_save_;
}

void CursorKeeper::begin_save(const Now& now) {
  next_save_ = now.monotonic + options_.every;
  saving_ = current();
  if (saving_ == saved_) return;
  ++saving_.generation;
  encode_cursors(saving_, bytes_);
  written_ = 0;
  if (handles_[slot_].valid()) {
    write_rest();
  } else {
    step_ = Step::opening;
    port_.open(cursor_slot_path(options_.data_dir, slot_), {.kind = OpenMode::Kind::append}, 0);
  }
}

void CursorKeeper::write_rest() {
  step_ = Step::writing;
  port_.write(handles_[slot_], std::span(bytes_).subspan(written_), written_, 0);
}

void CursorKeeper::complete(const Completion& completion, const Now& now) {
  const std::int64_t result = completion.result;
  const Step step = std::exchange(step_, Step::idle);
  if (closed_) {  // the slots are; what was under way ends here
    if (step == Step::opening && result >= 0) {
      port_.close(Handle(static_cast<std::int32_t>(result)));
    }
    return;
  }
  switch (step) {
    case Step::idle:
      break;
    case Step::opening:
      if (result < 0) return failed("open", result, now);
      handles_[slot_] = Handle(static_cast<std::int32_t>(result));
      return write_rest();
    case Step::writing:
      if (result <= 0) return failed("write", result, now);
      written_ += static_cast<std::size_t>(result);
      if (written_ < bytes_.size()) return write_rest();
      step_ = Step::syncing;
      return port_.sync(handles_[slot_], 0);
    case Step::syncing:
      if (result < 0) return failed("sync", result, now);
      return saved(now);
  }
}

void CursorKeeper::saved(const Now& now) {
  saved_ = std::move(saving_);
  slot_ = 1 - slot_;
  next_save_ = std::min(next_save_, now.monotonic + options_.every);
  counters_.saves.add();
  tell_logs();
}

// The other slot still holds the last save. The next one goes to this slot again, from the start:
// what a failed sync may have lost of it is written anew.
void CursorKeeper::failed(std::string_view what, std::int64_t result, const Now& now) {
  counters_.failed_saves.add();
  next_save_ = now.monotonic + kRetry;
  host_.cursor_message("cannot " + std::string(what) + " " +
                       cursor_slot_path(options_.data_dir, slot_) + ": " + error_text(result) +
                       "; a restart would repeat what is delivered from now on");
}

void CursorKeeper::tell_logs() {
  for (const Log& log : logs_) {
    std::uint64_t lowest = saved_.durable(log.name);
    for (const StoredCursor& cursor : saved_.cursors) {
      if (cursor.bus == log.name) lowest = std::min(lowest, cursor.next.sequence);
    }
    log.may_go_below(lowest);
  }
}

bool CursorKeeper::save_all(const Now& now) {
  if (busy() || closed_) return false;
  CursorState newest = current();
  if (newest == saved_) return true;
  next_save_ = now.monotonic;
  return false;
}

bool CursorKeeper::forget(std::string_view target) {
  return std::erase_if(gone_, [&](const StoredCursor& c) { return c.target == target; }) > 0;
}

void CursorKeeper::close() {
  closed_ = true;
  for (Handle& handle : handles_) {
    if (handle.valid()) port_.close(std::exchange(handle, Handle{}));
  }
}

}  // namespace weir
