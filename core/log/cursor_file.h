// CursorFile: the positions of all targets on disk, in two slots that are written in turn, so that
// whatever a crash leaves of the one under way, the other is whole.
//
//     DATA_DIR/cursors.0, DATA_DIR/cursors.1      a slot each
//
//     offset  0   8  magic "weircurs"
//             8   4  format version, 1
//            12   4  zero
//            16   8  generation: the slot with the higher one counts
//            24   8  bytes of the body
//            32   8  XXH3 of the bytes 0..31 and the body
//            40      body: u32 buses, then for each u16 length, name, u64 durable sequence;
//                    u32 cursors, then for each u16 length, bus, u16 length, target,
//                    u64 sequence, u32 event
// Integers are little-endian. What lies behind the body means nothing.
//
// A slot is a file of its own, so that it may grow with the number of targets.
// Threads: any; pure functions, and Disk's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/log_position.h"
#include "core/base/result.h"
#include "core/base/units.h"
#include "core/port/disk.h"

namespace weir {

struct StoredCursor {
  std::string bus;
  std::string target;
  LogPosition next;
  friend bool operator==(const StoredCursor&, const StoredCursor&) = default;
};

struct StoredBus {
  std::string bus;
  std::uint64_t durable = 0;  // all records below were durable
  friend bool operator==(const StoredBus&, const StoredBus&) = default;
};

struct CursorState {
  std::uint64_t generation = 0;
  std::vector<StoredBus> buses;
  std::vector<StoredCursor> cursors;

  const StoredCursor* find(std::string_view bus, std::string_view target) const;
  std::uint64_t durable(std::string_view bus) const;  // 0: nothing is known
  friend bool operator==(const CursorState&, const CursorState&) = default;
};

std::string cursor_slot_path(const std::string& data_dir, std::size_t slot);

// Replaces `out`.
void encode_cursors(const CursorState& state, std::string& out);
// Nothing when it is not whole.
std::optional<CursorState> decode_cursors(std::span<const char> bytes);

struct ReadCursors {
  CursorState state;
  std::size_t slot = 1;  // where it was; the other one is to be written next
  // Slots that are neither empty nor whole, with what is wrong. One is what a crash may leave; with
  // two, nothing is known of any target.
  std::vector<std::string> damaged;
};
// Fails when the disk does, or at a format that this program does not know. Missing files are
// empty.
Result<ReadCursors, Error> read_cursors(Disk& disk, const std::string& data_dir);
// Makes missing slots, durably, before a CursorKeeper writes to them.
DiskStatus make_cursor_slots(Disk& disk, const std::string& data_dir);

}  // namespace weir
