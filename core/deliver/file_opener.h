// FileOpener: the steps from a path to an open file that can be appended to.
//
// On a durable bus a crash may have left the beginning of a line at the end of the file, or zeros
// in the place of pages that never reached the disk with others behind them that did. None of that
// was settled, and its events come again: behind the last line that is whole, it is cut off. (No
// line of JSON holds a zero; only so much can be unsynced, so only the tail is looked at.) The
// file's name is on the disk before anything in the file counts as settled. What we wrote ourselves
// and cannot trust any more, because a write or sync failed, is cut off too; where an earlier
// process or sink met such a failure we do not know of it, and the cache still shows what the disk
// does not have. So the tail is read past the cache. A cut is on the disk
// before anything is written behind it: else the next crash might mix what was cut off with what
// was written in its place, and no zero would tell.
//
//     (durable, perhaps new) sync the directory
//          -> open -> (durable) cut what is not trusted -> read the tail, cut behind the last whole
//          line -> sync the file -> sync the directory -> done
//
// Threads: the Writer's only. Between start() and done() or failed() exactly one operation is under
// way; its completion goes to complete(). Lifetime: until it is not busy().
#pragma once

#include <cstdint>
#include <string>

#include "core/deliver/sink.h"
#include "core/log/aligned_memory.h"

namespace weir {

class FileOpener {
 public:
  struct Wish {
    std::string path;
    bool durable = false;
    // The file may be new. The one that had this name may have been renamed just now: that is on
    // the disk before a new one is made, or a crash could undo it and keep the new one in its
    // place.
    bool names_first = false;
    // Where the file is at least `trusted_bytes` and at most `ours_bytes` long, all behind the
    // former is cut off. 0, 0: nothing.
    std::uint64_t trusted_bytes = 0;
    std::uint64_t ours_bytes = 0;
    // How much at the end may not have been synced before a crash; 0: the file has no lines.
    std::uint64_t tail_bytes_max = 0;
  };

  explicit FileOpener(Port& port) : port_(port) {}

  // `identity`: of whom the tokens shall speak.
  void start(Wish wish, SinkToken identity);
  static bool is_step(SinkOp op) { return op >= SinkOp::open && op <= SinkOp::sync_directory; }
  enum class State : std::uint8_t { under_way, done, failed };
  State complete(SinkOp step, std::int64_t result);
  // done: open, at `bytes`, and the caller's.
  Handle handle() const { return handle_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t torn_bytes() const { return torn_; }  // of an unfinished line that was cut off
  // failed: in words. Nothing is open.
  const std::string& failure() const { return failure_; }
  // Gives up; the operation under way still completes, as failed.
  void abandon();
  bool busy() const { return busy_; }

 private:
  static constexpr std::uint64_t kPieceBytes = 256 * 1024;

  State opened();
  State cut(std::uint64_t bytes);
  State look_at_tail();
  void open_to_read();
  State read_piece();
  State look_at_piece(std::uint64_t bytes);
  State sync_content();
  State sync_directory();
  State directory_synced();
  Token token(SinkOp step);
  State fail(const std::string& what, std::int64_t result);
  void close_helper();

  Port& port_;
  SinkToken identity_;
  Wish wish_;
  bool busy_ = false;
  bool abandoned_ = false;
  Handle handle_;
  Handle helper_;  // for reading, or the directory
  std::uint64_t bytes_ = 0;
  std::uint64_t torn_ = 0;
  bool tail_seen_ = false;
  bool file_opened_ = false;
  std::uint64_t read_to_ = 0;   // offset in the file
  std::uint64_t sound_to_ = 0;  // behind the last line that is whole
  bool line_end_seen_ = false;
  bool direct_ = true;  // past the cache, where the file system can
  AlignedMemory piece_;
  std::string failure_;
};

}  // namespace weir
