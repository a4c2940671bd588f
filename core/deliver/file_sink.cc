#include "core/deliver/file_sink.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include "core/deliver/undelivered.h"

namespace weir {

FileSink::FileSink(Setup setup)
    : Sink(std::move(setup)), written_(buffer_.base()), opener_(world_.port), synced_(written_) {}

FileSink::~FileSink() {
  world_.files.give_back(number_);
}

void FileSink::let_go_of_path() {
  if (idle()) world_.files.give_back(number_);
}

MonotonicTime FileSink::deadline() const {
  if (state_ == State::waiting) {
    if (syncing_ || undelivered_.holds()) return MonotonicTime::never();
    return std::min(retry_at_, undelivered_.give_up_at());
  }
  MonotonicTime next = MonotonicTime::never();
  if (state_ != State::open) return next;
  if (writing_bytes_ == 0) next = std::max(period_end_, rotate_not_before_);
  return syncing_ || distrusted_ ? next : std::min(next, sync_due_);
}

void FileSink::complete(SinkToken token, std::int64_t result, const Now& now) {
  if (token.op == SinkOp::write) {
    wrote(result, now);
  } else if (FileOpener::is_step(token.op)) {
    open_step(token.op, result, now);
  } else if (token.op == SinkOp::sync) {
    syncing_ = false;
    if (token.generation == generation_ && state_ == State::open) synced(result, now);
  } else if (token.op == SinkOp::rename) {
    renamed(result, now);
  }
  let_go_of_path();
}

void FileSink::progress(const Now& now) {
  switch (state_) {
    case State::waiting:
      // What a sync under way will say of the old writes must not reach the new ones.
      if (!syncing_) leave_what_is_overdue(now);
      if (now.monotonic < retry_at_ || syncing_ || undelivered_.holds()) break;
      state_ = State::closed;
      [[fallthrough]];
    case State::closed:
      if (abandoned_ || handing_over_ || buffer_.closed() <= buffer_.base()) break;
      if (undelivered_.holds()) break;
      if (!syncing_ && writing_bytes_ == 0) start(now);
      break;
    case State::open:
      progress_open(now);
      break;
    case State::opening:
    case State::renaming:
      break;
  }
  let_go_of_path();
}

void FileSink::start(const Now& now) {
  if (!is_file()) {
    handle_ = world_.standard_output;
    state_ = State::open;
    set_state(TargetState::connected);
    progress_open(now);
    return;
  }
  // What was given up is not written.
  if (buffer_.base() > synced_) written_ = synced_ = buffer_.base();
  if (!world_.files.take(spec_.path, number_)) {
    wait_for_path(now);
    return;
  }
  waits_since_ = MonotonicTime::never();
  state_ = State::opening;
  ++generation_;
  set_state(TargetState::connecting);
  FileOpener::Wish wish{.path = spec_.path, .durable = durable(), .names_first = !known_};
  if (known_) {
    wish.trusted_bytes = synced_file_bytes_;
    wish.ours_bytes = file_bytes_ + kWriteBytesMax;  // a write that failed may have left something
  } else if (spec_.format != BatchFormat::raw) {
    wish.tail_bytes_max = kUnsyncedMax + kWriteBytesMax;
  }
  name_synced_ = wish.durable;
  opener_.start(std::move(wish), {.sink = number_, .generation = generation_});
}

void FileSink::wait_for_path(const Now& now) {
  state_ = State::waiting;
  retry_at_ = now.monotonic + kLookAgain;
  set_state(TargetState::connecting);
  if (waits_since_ == MonotonicTime::never()) waits_since_ = now.monotonic;
  if (now.monotonic - waits_since_ >= kPatience) {
    note_error(now, spec_.path + " is still written to by another target");
  }
}

void FileSink::open_step(SinkOp step, std::int64_t result, const Now& now) {
  const FileOpener::State outcome = opener_.complete(step, result);
  if (state_ != State::opening || outcome == FileOpener::State::under_way) return;
  if (outcome == FileOpener::State::done) {
    opened(now);
    return;
  }
  counters_.connect_failures.add();
  failed(now, opener_.failure());
}

void FileSink::opened(const Now& now) {
  handle_ = opener_.handle();
  state_ = State::open;
  counters_.connects.add();
  set_state(TargetState::connected);
  const std::uint64_t bytes = opener_.bytes();
  if (opener_.torn_bytes() > 0) {
    reporter_.tell(now, WriterHost::Level::info,
                   spec_.name + ": cut off an unfinished line of " +
                       std::to_string(opener_.torn_bytes()) + " bytes at the end of " + spec_.path);
  }
  if (known_ && name_synced_) {
    // What was not synced has been cut off and is written again. Where somebody else changed the
    // file, the record that was under way begins anew.
    written_ = bytes == synced_file_bytes_ ? synced_ : buffer_.rewind(synced_);
  } else if (known_ && bytes != file_bytes_) {
    written_ = buffer_.rewind(written_);
  }
  if (!known_ || bytes == 0) period_ = period_of(now);
  known_ = true;
  file_bytes_ = bytes;
  synced_ = written_;
  synced_file_bytes_ = bytes;
  file_end_ = kNoEnd;
  period_end_ = spec_.rotate.every > 0ns ? now.monotonic : MonotonicTime::never();
}

void FileSink::progress_open(const Now& now) {
  if (sync_is_due(now)) sync();
  if (writing_bytes_ != 0) return;
  if (durable() && !name_synced_) {  // opened for a memory bus, and now it takes from a durable one
    close();
    start(now);
    return;
  }
  if (is_file() && now.monotonic >= rotate_not_before_) {
    find_end_by_time(now);
    find_end_by_size();
    if (file_end_ == written_ && file_bytes_ > 0) {
      if (all_synced()) rotate(now);
      return;
    }
  }
  const std::uint64_t end = handing_over_ ? stop_at_ : buffer_.closed();
  const std::uint64_t stop = std::min(end, file_end_);
  if (written_ < stop) {
    if (durable() && written_ - synced_ >= kUnsyncedMax) return;
    const auto piece = buffer_.piece(written_, std::min(stop, written_ + kWriteBytesMax));
    writing_bytes_ = piece.size();
    world_.port.write(handle_, piece, is_file() ? file_bytes_ : Port::kAtPosition,
                      token(SinkOp::write));
  } else if (handing_over_ || (closing_ && buffer_.pending() == 0)) {
    if (all_synced()) close();
  }
}

bool FileSink::sync_is_due(const Now& now) const {
  if (syncing_ || distrusted_ || synced_ == written_ || !durable()) return false;
  return now.monotonic >= sync_due_ || written_ - synced_ >= kSyncBytes || !buffer_.roomy() ||
         (closing_ && written_ == buffer_.closed());
}

void FileSink::sync() {
  syncing_ = true;
  syncing_to_ = written_;
  syncing_file_bytes_ = file_bytes_;
  sync_due_ = MonotonicTime::never();
  world_.port.sync(handle_, token(SinkOp::sync));
}

void FileSink::synced(std::int64_t result, const Now& now) {
  // -EINVAL: a device or a pipe, which knows no sync.
  if (result < 0 && result != -EINVAL) {
    counters_.write_errors.add();
    distrusted_ = true;
    if (writing_bytes_ == 0) failed(now, "cannot sync: " + error_text(result));
    return;
  }
  synced_ = syncing_to_;
  synced_file_bytes_ = syncing_file_bytes_;
  buffer_.settle(synced_);
  went_well(now);
}

bool FileSink::all_synced() {
  if (!durable() || synced_ == written_) return true;
  if (!syncing_) sync();
  return false;
}

void FileSink::went_well(const Now& now) {
  backoff_.reset();
  undelivered_.succeeded();
  if (std::exchange(troubled_, false)) {
    reporter_.tell(now, WriterHost::Level::info, spec_.name + ": writing again");
  }
}

void FileSink::wrote(std::int64_t result, const Now& now) {
  WEIR_CHECK(writing_bytes_ != 0 && result <= static_cast<std::int64_t>(writing_bytes_));
  writing_bytes_ = 0;
  if (abandoned_) return;
  if (!is_file() && (result == -EAGAIN || result == -EINTR)) {
    state_ = State::waiting;  // a pipe that does not block; look again soon
    retry_at_ = now.monotonic + Backoff::kLeast;
    return;
  }
  if (result <= 0) {
    counters_.write_errors.add();
    failed(now, "cannot write: " + error_text(result == 0 ? -EIO : result));
    return;
  }
  written_ += static_cast<std::uint64_t>(result);
  file_bytes_ += static_cast<std::uint64_t>(result);
  if (distrusted_) {
    failed(now, "cannot sync");
  } else if (durable()) {
    if (sync_due_ == MonotonicTime::never()) sync_due_ = now.monotonic + kSyncAfter;
  } else {
    synced_ = written_;
    synced_file_bytes_ = file_bytes_;
    buffer_.settle(written_);
    went_well(now);
  }
}

std::int64_t FileSink::period_of(const Now& now) const {
  return spec_.rotate.every > 0ns ? now.wall.since_epoch / spec_.rotate.every : 0;
}

void FileSink::find_end_by_time(const Now& now) {
  if (spec_.rotate.every <= 0ns) {
    period_end_ = MonotonicTime::never();
    return;
  }
  const std::int64_t period = period_of(now);
  if (file_bytes_ == 0) period_ = period;
  if (period != period_) {
    file_end_ = buffer_.is_boundary(written_)
                    ? written_
                    : std::min(file_end_, buffer_.boundary_after(written_));
    return;
  }
  if (now.monotonic >= period_end_) {
    // Computed anew each time, because the wall clock may be set.
    period_end_ = now.monotonic + (spec_.rotate.every * (period + 1) - now.wall.since_epoch);
  }
}

void FileSink::find_end_by_size() {
  const std::uint64_t waiting = buffer_.closed() - written_;
  if (spec_.rotate.size == 0 || file_end_ != kNoEnd) return;
  const std::uint64_t left = spec_.rotate.size > file_bytes_ ? spec_.rotate.size - file_bytes_ : 0;
  if (waiting <= left) return;
  file_end_ = buffer_.boundary_before(written_, written_ + left);
  if (file_end_ == written_ && (file_bytes_ == 0 || !buffer_.is_boundary(written_))) {
    file_end_ = buffer_.boundary_after(written_);  // not even one record fits, or one is half done
  }
}

void FileSink::rotate(const Now& now) {
  world_.port.close(handle_);
  handle_ = Handle{};
  // Never earlier than the file before, even if the wall clock was set back: names keep the order.
  const WallTime at = std::max(
      finished_at_, WallTime{std::chrono::floor<std::chrono::milliseconds>(now.wall.since_epoch)});
  repeat_ = at == finished_at_ ? repeat_ + 1 : 0;
  finished_at_ = at;
  finished_path_ = finished_name(spec_.path, at, repeat_);
  state_ = State::renaming;
  ++generation_;
  world_.port.rename(spec_.path, finished_path_, token(SinkOp::rename));
}

void FileSink::renamed(std::int64_t result, const Now& now) {
  state_ = State::closed;
  if (handing_over_) buffer_.rewind(synced_);
  if (result < 0 && result != -ENOENT) {  // -ENOENT: somebody else has moved it already
    rotate_not_before_ = now.monotonic + backoff_.next(world_.random);
    note_error(now,
               "cannot rename " + spec_.path + " to " + finished_path_ + ": " + error_text(result));
    return;  // goes on in the same file
  }
  if (result >= 0) {
    counters_.rotations.add();
    world_.host.file_finished(
        {.target = target_, .path = finished_path_, .compress = spec_.rotate.compress});
  }
  known_ = false;
  file_bytes_ = 0;
  synced_file_bytes_ = 0;
  file_end_ = kNoEnd;
  set_state(TargetState::idle);
}

void FileSink::failed(const Now& now, const std::string& what) {
  if (is_file() && handle_.valid()) world_.port.close(handle_);
  handle_ = Handle{};
  state_ = State::waiting;
  distrusted_ = false;
  sync_due_ = MonotonicTime::never();
  retry_at_ = now.monotonic + backoff_.next(world_.random);
  set_state(TargetState::reconnecting);
  note_error(now, what);
  if (handing_over_) {
    buffer_.rewind(synced_);
    state_ = State::closed;
  } else if (durable()) {
    undelivered_.failed({.code = "WRITE_FAILED", .message = what}, buffer_.closed(), now);
  }
}

// The oldest batch may stand in the file in part: whole records of it count as written, and what
// there is of the next one is cut off when the file is opened again.
void FileSink::leave_what_is_overdue(const Now& now) {
  if (undelivered_.give_up_at() > now.monotonic) return;
  const std::uint64_t base = buffer_.rewind(synced_);
  synced_file_bytes_ -= std::min(synced_file_bytes_, synced_ - base);
  written_ = synced_ = base;
  undelivered_.give_up(now);
}

void FileSink::close() {
  if (is_file()) world_.port.close(handle_);
  handle_ = Handle{};
  state_ = State::closed;
  set_state(closing_ ? TargetState::retired : TargetState::idle);
}

void FileSink::hand_over() {
  handing_over_ = true;
  const std::uint64_t in_hand = written_ + writing_bytes_;
  stop_at_ = in_hand == buffer_.base() ? in_hand : buffer_.batch_end(in_hand);
  if (state_ == State::opening) opener_.abandon();
  // What was written before a failure or a rotation is not written again elsewhere.
  if (state_ != State::open) buffer_.rewind(synced_);
  if (state_ == State::opening || state_ == State::waiting) state_ = State::closed;
  let_go_of_path();
}

void FileSink::abandon() {
  abandoned_ = true;
  if (is_file() && handle_.valid()) world_.port.close(handle_);
  handle_ = Handle{};
  if (state_ == State::opening) opener_.abandon();
  if (state_ != State::renaming) state_ = State::closed;
  set_state(TargetState::retired);
  let_go_of_path();
}

std::string finished_name(const std::string& path, WallTime at, std::uint32_t repeat) {
  using namespace std::chrono;
  const auto since_epoch = duration_cast<milliseconds>(at.since_epoch);
  const auto day = floor<days>(since_epoch);
  const year_month_day date{sys_days{day}};
  const hh_mm_ss time{since_epoch - day};
  std::array<char, 40> stamp{};
  std::snprintf(stamp.data(), stamp.size(), "-%04d%02u%02uT%02d%02d%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || dot <= name) dot = path.size();
  // '_' sorts behind '.', so that names stand in the order of finishing.
  std::array<char, 16> number{};
  if (repeat > 0) std::snprintf(number.data(), number.size(), "_%04u", repeat);
  return path.substr(0, dot) + stamp.data() + number.data() + path.substr(dot);
}

}  // namespace weir
