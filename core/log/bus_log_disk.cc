// The half of BusLog that talks to the disk: writes, syncs, names, and what is done when they fail.
#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/check.h"
#include "core/log/bus_log.h"
#include "core/log/segment.h"

namespace weir {
namespace {

constexpr std::size_t kWritesMax = 8;
constexpr Nanoseconds kRetryMin = 50ms;
constexpr Nanoseconds kRetryMax = 1s;
// A gate closes while there is room for what is under way already, and that is less than this.
constexpr std::uint64_t kRoomBytes = 32 * kMiB;

}  // namespace

std::size_t BusLog::take_completions(const Now& now) {
  std::array<Completion, 32> done{};
  std::size_t total = 0;
  for (;;) {
    const std::size_t count = port_.reap(done);
    for (std::size_t i = 0; i < count; ++i) complete(done[i], now);
    total += count;
    if (count < done.size()) return total;
  }
}

void BusLog::complete(const Completion& completion, const Now& now) {
  WEIR_CHECK(under_way_ > 0);
  --under_way_;
  if (preparer_.mine(completion.token)) {
    if (!closing_) {
      under_way_ += preparer_.complete(completion, now);
      return;
    }
    const bool opened = completion.token == kPreparerTokens && completion.result >= 0;
    if (opened) port_.close(Handle{static_cast<std::int32_t>(completion.result)});
    return;
  }
  if (retention_.mine(completion.token)) {
    std::string error;
    under_way_ += retention_.complete(completion, now, error);
    if (!error.empty()) say(error);
    return;
  }
  const auto op = static_cast<Op>(completion.token >> kOpShift);
  switch (op) {
    case Op::directory:
      directory_opening_ = false;
      if (completion.result >= 0) {
        directory_ = Handle{static_cast<std::int32_t>(completion.result)};
      } else {
        retry_ = now.monotonic + kRetryMax;
        say("cannot open " + options_.directory + ": " + error_text(completion.result));
      }
      return;
    case Op::write:
      return written(completion.token & ((Token{1} << kOpShift) - 1), completion.result, now);
    case Op::sync:
      return synced(completion.result, now);
    case Op::rename:
      return renamed(completion.result, now);
    case Op::sync_name:
      naming_ = false;
      named_ = completion.result == 0;
      if (!named_) fail("the directory cannot be synced", completion.result, now);
      return;
    case Op::cut:  // or not: what is not used is only space
      return;
    case Op::clear:
    case Op::sync_clear:
      return cleared(op, completion.result, now);
  }
}

void BusLog::open_directory(const Now& /*now*/) {
  port_.open(options_.directory, {.kind = OpenMode::Kind::directory}, token(Op::directory));
  directory_opening_ = true;
  ++under_way_;
}

void BusLog::written(std::size_t index, std::int64_t result, const Now& now) {
  --writing_;
  Staging::Buffer& buffer = staging_[index];
  if (result > 0 && !failed_) {
    // A short write goes on from the last whole page.
    const std::size_t whole = static_cast<std::size_t>(result) / kPageBytes * kPageBytes;
    buffer.written += whole;
    if (whole > 0 && buffer.written < buffer.used) return submit_buffer(index);
  }
  const bool complete = buffer.written == buffer.used;
  staging_.done(index);
  if (complete) return;
  fail("a write failed", result < 0 ? result : -EIO, now);
}

void BusLog::submit_buffer(std::size_t index) {
  Staging::Buffer& buffer = staging_[index];
  buffer.submitted = true;
  const std::span<const char> bytes(buffer.memory.data() + buffer.written,
                                    buffer.used - buffer.written);
  port_.write(active_->file.handle, bytes, buffer.offset + buffer.written, token(Op::write, index));
  ++writing_;
  ++under_way_;
  counters_.writes.add();
}

// Full buffers go as they are; one that is not full goes when the disk has nothing to do: so pieces
// are small when there is little and large when there is much.
std::size_t BusLog::submit(const Now& /*now*/) {
  std::size_t count = 0;
  while (active_ && writing_ < kWritesMax) {
    const int index = staging_.next_to_write(active_->serial, writing_ == 0);
    if (index < 0) break;
    submit_buffer(static_cast<std::size_t>(index));
    ++count;
  }
  if (!active_ || syncing_) return count;
  const std::uint64_t written = staging_.written_to(active_->serial, active_->staged);
  if (written <= synced_) return count;
  sync_target_ = written;
  syncing_ = true;
  port_.sync(active_->file.handle, token(Op::sync));
  ++under_way_;
  counters_.syncs.add();
  return count + 1;
}

void BusLog::synced(std::int64_t result, const Now& now) {
  syncing_ = false;
  if (result != 0) return fail("a sync failed", result, now);
  // Everything below was written when it began, and none of those writes had failed.
  counters_.bytes.add(sync_target_ - synced_);
  synced_ = sync_target_;
  if (!failed_) failures_ = 0;
}

// Gives the active segment its name, and moves on to the next when all of it is durable.
std::size_t BusLog::turn_over(const Now& /*now*/) {
  if (!active_) return 0;
  if (!renamed_ && !naming_) {
    if (!directory_.valid()) return 0;
    naming_ = true;
    port_.rename(join_path(options_.directory, kSpareName),
                 join_path(options_.directory, segment_name(active_->first_sequence)),
                 token(Op::rename));
    ++under_way_;
    return 1;
  }
  const bool finished = next_ && named_ && writing_ == 0 && !syncing_ && synced_ == active_->staged;
  if (!finished) return 0;
  hand_out();
  close_active();
  activate(*next_);
  next_.reset();
  return 1;
}

void BusLog::activate(Open segment) {
  active_ = segment;
  synced_ = 0;
  renamed_ = false;
  named_ = false;
}

void BusLog::renamed(std::int64_t result, const Now& now) {
  if (result != 0) {
    naming_ = false;
    return fail("a segment cannot be given its name", result, now);
  }
  renamed_ = true;
  retention_.add({.first_sequence = active_->first_sequence,
                  .segment_id = active_->id,
                  .bytes = active_->file.bytes,
                  .created_ns = active_->created.since_epoch.count()});
  if (options_.faults.skip_directory_sync) {
    naming_ = false;
    named_ = true;
    return;
  }
  port_.sync_directory(directory_, token(Op::sync_name));
  ++under_way_;
}

// What was allocated and is not used goes back.
void BusLog::close_active() {
  if (renamed_) {
    const std::uint64_t used = std::max(synced_, std::uint64_t{kPageBytes});
    if (!failed_ && used < active_->file.bytes) {
      port_.truncate(active_->file.handle, used, token(Op::cut));
      ++under_way_;
    }
    retention_.set_last_bytes(used);
  }
  port_.close(active_->file.handle);
  active_.reset();
}

// From here on nothing of the active segment that is not durable will be.
void BusLog::fail(std::string_view what, std::int64_t result, const Now& now) {
  counters_.failed_writes.add();
  if (failed_) return;
  failed_ = true;
  const Nanoseconds wait = std::min(kRetryMax, kRetryMin * (1 << std::min(failures_, 5U)));
  ++failures_;
  retry_ = now.monotonic + wait;
  say(std::string(what) + " in " + options_.directory + ": " + error_text(result) +
      "; what was not yet safe is written again to another file");
}

// Once nothing is under way in the failed segment: all that is not durable will be staged again.
std::size_t BusLog::start_anew(const Now& /*now*/) {
  if (writing_ > 0 || syncing_ || naming_) return 0;
  hand_out();
  staging_.clear();
  counters_.rewritten.add(staged_);
  staged_ = 0;
  copying_ = Copy::nothing;
  laid_out_ = false;
  if (next_) preparer_.put_back(next_->file);  // nothing was written there
  next_.reset();
  const bool keep = renamed_ && durable_ > active_->first_sequence;
  const std::uint64_t first = active_->first_sequence;
  const bool was_renamed = renamed_;
  close_active();
  failed_ = false;
  if (keep || !was_renamed) return 1;  // an unnamed file is cleared when the next is prepared
  // Nothing in it counts, and the next segment will need its name.
  retention_.drop_last();
  clear_path_ = join_path(options_.directory, segment_name(first));
  clearing_ = true;
  port_.remove(clear_path_, token(Op::clear));
  ++under_way_;
  return 1;
}

void BusLog::cleared(Op op, std::int64_t result, const Now& now) {
  if (op == Op::clear && (result == 0 || result == -ENOENT)) {
    port_.sync_directory(directory_, token(Op::sync_clear));
    ++under_way_;
    return;
  }
  if (op == Op::sync_clear && result == 0) {
    clearing_ = false;
    return;
  }
  say("cannot remove " + clear_path_ + ": " + error_text(result));
  if (closing_) return;
  retry_ = now.monotonic + kRetryMax;
  port_.remove(clear_path_, token(Op::clear));
  ++under_way_;
}

// Less is left of the active segment than may be under way.
bool BusLog::short_of_room() const {
  if (!active_) return true;
  const std::uint64_t room = std::min(active_->file.bytes / 2, kRoomBytes);
  return active_->staged + room > active_->file.bytes;
}

std::size_t BusLog::prepare(const Now& now) {
  const bool wanted = wants_segment();
  const std::uint64_t bytes = wanted ? options_.spec.segment_bytes : 0;
  std::size_t began = retention_.poll(clock_, now, bytes, directory_);
  counters_.segments_removed.set(retention_.removed());
  counters_.dropped_blocks.set(retention_.dropped_blocks());
  counters_.segments.set(retention_.segments());
  counters_.file_bytes.set(retention_.bytes());
  const bool first = retention_.segments() == 0;
  const bool reserve = free_space_ < bytes || free_space_ - bytes < options_.disk.hard;
  if (wanted && (first || !retention_.over_limit(bytes)) && !reserve) began += preparer_.want(now);
  if (!preparer_.direct() && !direct_told_) {
    direct_told_ = true;
    say("the file system of " + options_.directory +
        " knows no O_DIRECT; writing through the page cache, which costs more processor time");
  }
  under_way_ += began;
  return began;
}

void BusLog::update_gate(const Now& /*now*/) {
  const bool waits =
      !preparer_.ready() && !next_ && short_of_room() && (active_ || !entries_.empty());
  const std::uint64_t bytes = options_.spec.segment_bytes;
  const bool limit = retention_.segments() > 0 && retention_.over_limit(bytes);
  const bool reserve = free_space_ < bytes || free_space_ - bytes < options_.disk.hard;
  BusGate::State state = BusGate::State::accepting;
  if (free_space_ < options_.disk.soft) state = BusGate::State::slowed;
  if (waits && limit) state = BusGate::State::log_full;
  if (waits && preparer_.error() != 0 && preparer_.error() != -ENOSPC) {
    state = BusGate::State::disk_failed;
  }
  if (free_space_ < options_.disk.hard || (waits && (preparer_.error() == -ENOSPC || reserve))) {
    state = BusGate::State::disk_full;
  }
  if (failed_ || clearing_ || failures_ > 0) state = BusGate::State::disk_failed;
  if (state == gate_.state()) return;
  const bool was_refusing = gate_.refusing();
  gate_.set(state);
  if (gate_.refusing()) {
    if (state == BusGate::State::disk_full) counters_.full.add();
    say("takes no input: " + std::string(refusal_text(state)));
  } else if (was_refusing) {
    say("takes input again");
  }
}

void BusLog::finish_close() {
  if (active_) port_.close(active_->file.handle);
  if (next_) port_.close(next_->file.handle);
  active_.reset();
  next_.reset();
  preparer_.close();
  if (directory_.valid()) port_.close(directory_);
  drop_blocks();
  closed_ = true;
}

}  // namespace weir
