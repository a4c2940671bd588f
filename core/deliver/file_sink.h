// FileSink: a target that is a file, with or without rotation, or the standard output.
//
//     closed --(a batch)--> opening --> open --(full or its period over)--> renaming --> closed
//                 ^             |         |(error)                              |
//                 +-- waiting <-+---------+-------------------------------------+
//
// Memory buses: delivered means written. After an error the file is opened again and writing goes
// on where it stopped if the file is as long as we left it, else at the start of the record under
// way.
//
// Durable buses: delivered means synced (fdatasync), in groups: kSyncBytes or kSyncAfter after the
// first byte that is not, at once where something waits for it. After a failed write or sync all
// that was not synced is cut off and written again, because nobody knows what became of it. A
// second sync is no proof, so none is asked for, and one that is still under way is waited for
// before the file is opened again. See file_opener.h for what happens to the tail that a crash
// left. The standard output knows no sync: there written is all that can be.
//
// On durable buses tries end (undelivered.h): each opening, write or sync that fails was a try for
// all that waits. What of a record that is given up stands in the file already is cut off.
//
// Rotation: a file ends after a whole record (raw: a whole batch), at most `size` bytes long unless
// a single record is longer, or when the period `every`, counted from 1970, is over. It is renamed
// to name-TIME.ext, TIME being the UTC time of the rotation to the millisecond, and told to the
// host. Nothing is rotated while empty.
#pragma once

#include "core/deliver/file_opener.h"
#include "core/deliver/sink.h"

namespace weir {

class FileSink final : public Sink {
 public:
  static constexpr std::uint64_t kWriteBytesMax = kChunkBytes;
  static constexpr std::uint64_t kSyncBytes = 8 * kMiB;
  static constexpr std::uint64_t kUnsyncedMax = 32 * kMiB;  // then writing waits for the sync
  static constexpr Nanoseconds kSyncAfter = 50ms;           // as often as cursors are stored
  static constexpr Nanoseconds kLookAgain = 2ms;            // whether the path is free
  static constexpr Nanoseconds kPatience = 1s;              // then people are told

  explicit FileSink(Setup setup);
  ~FileSink() override;

  void complete(SinkToken token, std::int64_t result, const Now& now) override;
  void progress(const Now& now) override;
  MonotonicTime deadline() const override;
  void hand_over() override;
  bool done() const override { return handing_over_ && idle(); }
  void abandon() override;
  bool quiescent() const override { return idle(); }

 private:
  enum class State : std::uint8_t { closed, opening, open, renaming, waiting };
  static constexpr std::uint64_t kNoEnd = ~std::uint64_t{0};

  // Closed, and nothing under way at the file.
  bool idle() const {
    return state_ == State::closed && writing_bytes_ == 0 && !opener_.busy() && !syncing_;
  }
  void let_go_of_path();
  bool is_file() const { return spec_.kind == TargetKind::file; }
  // Takes from durable buses: settles what is synced.
  bool durable() const { return is_file() && !buffer_.feeds().empty(); }
  void start(const Now& now);
  void wait_for_path(const Now& now);
  void open_step(SinkOp step, std::int64_t result, const Now& now);
  void opened(const Now& now);
  void wrote(std::int64_t result, const Now& now);
  void renamed(std::int64_t result, const Now& now);
  void progress_open(const Now& now);
  bool sync_is_due(const Now& now) const;
  void sync();
  void synced(std::int64_t result, const Now& now);
  // All that was written is settled, or will be when the sync under way is through.
  bool all_synced();
  void went_well(const Now& now);
  void find_end_by_size();
  void find_end_by_time(const Now& now);
  void rotate(const Now& now);
  void failed(const Now& now, const std::string& what);
  void leave_what_is_overdue(const Now& now);
  void close();
  std::int64_t period_of(const Now& now) const;

  State state_ = State::closed;
  Handle handle_;
  std::uint64_t written_ = 0;        // offset in the stream
  std::uint64_t file_bytes_ = 0;     // the length of the file as we left it
  std::uint64_t file_end_ = kNoEnd;  // offset in the stream at which this file ends
  std::uint64_t writing_bytes_ = 0;  // of the write under way
  FileOpener opener_;
  bool syncing_ = false;
  bool distrusted_ = false;       // a sync failed: write again what was not synced
  std::uint64_t syncing_to_ = 0;  // what the sync under way will make durable
  std::uint64_t synced_ = 0;      // offset in the stream
  std::uint64_t synced_file_bytes_ = 0;
  std::uint64_t syncing_file_bytes_ = 0;
  MonotonicTime waits_since_ = MonotonicTime::never();  // for another sink to let go of the path
  bool name_synced_ = false;                            // it was opened for a durable bus
  MonotonicTime sync_due_ = MonotonicTime::never();
  std::int64_t period_ = 0;  // that the file belongs to
  MonotonicTime retry_at_ = MonotonicTime::never();
  MonotonicTime period_end_ = MonotonicTime::never();
  MonotonicTime rotate_not_before_{Nanoseconds::min()};  // after a rename that failed
  std::string finished_path_;
  WallTime finished_at_{Nanoseconds{-1}};  // of the last rotation, in whole milliseconds
  std::uint32_t repeat_ = 0;
  bool known_ = false;  // the file was opened before and file_bytes_ is its length
  bool abandoned_ = false;
  bool handing_over_ = false;
  std::uint64_t stop_at_ = 0;
};

// "out/big.ndjson" finished at 2026-11-21T06:42:47.123 -> "out/big-20261121T064247.123Z.ndjson".
// `repeat` > 0 tells files of one millisecond apart: "...123Z-1.ndjson".
std::string finished_name(const std::string& path, WallTime at, std::uint32_t repeat = 0);

}  // namespace weir
