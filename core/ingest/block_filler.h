// BlockFiller: bytes of many streams in, sealed blocks of whole lines out.
//
// A read that nearly fills a block becomes the block: only the unfinished line of the read before
// is copied, into the headroom. Small reads are gathered, many streams to one block, so that idle
// and trickling connections hold no block. Whatever path a line takes, the lines of one stream are
// sealed in the order in which they came. A block holds lines of one bus only.
//
// Threads: one filler per filling thread (the Ingest stage, each file reader); sequence numbers and
// the channel of sealed blocks are shared by all of them.
// Memory: one gather block for each bus, and per stream the unfinished line, at most
// event_bytes_limit; how much all of those hold that are longer than the headroom is
// long_carry_bytes(), for the owner to limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/block/block.h"
#include "core/sync/channel.h"
#include "core/sync/counter.h"

namespace weir {

// Text of a block, and what a line left over from the previous read may take before it: a block
// that stays in the second-level cache. Chosen, not yet compared with other sizes.
inline constexpr std::uint32_t kBlockCapacity = 128 * 1024;
inline constexpr std::uint32_t kBlockHeadroom = 16 * 1024;

// The state of one connection or file between reads. Plain data, owned by whoever reads the stream.
struct LineStream {
  Origin* origin = nullptr;  // holds one reference
  BusId bus{0};
  std::uint64_t event_bytes_limit = kMiB;

  std::string carry;                // the unfinished line
  bool skipping = false;            // inside a line that was refused as too large
  std::uint64_t skipped_bytes = 0;  // of that line, so far
  std::uint64_t spans = 0;          // of this stream, in all blocks so far
  // Files: what the file is, and the offset behind the last line that was taken. Null: no file.
  FileMark* file = nullptr;
  RefuseReason refusal_due = RefuseReason::none;  // to be recorded before anything else
  // A received block of which [begin, end) of the receive area still waits for a free block.
  Block* pending = nullptr;
  std::uint32_t pending_begin = 0;
  std::uint32_t pending_end = 0;
};

class BlockFiller {
 public:
  struct Shared {
    BlockPool& blocks;        // of kBlockHeadroom, kBlockCapacity
    BlockPool& large_blocks;  // of the largest event any source allows
    SharedCounter& sequence;
    Channel<Block*>& sealed;
    std::uint64_t id_seed = 0;  // of this run, for Block::id_seed
  };

  explicit BlockFiller(const Shared& shared);
  ~BlockFiller();
  BlockFiller(const BlockFiller&) = delete;
  BlockFiller& operator=(const BlockFiller&) = delete;

  // A block to receive into, or null; and the way back for one that was not used. The last block is
  // left for gathering: else reads that wait to be gathered could hold them all, for ever.
  Block* take_block() { return blocks_.take(1); }
  void put_back(Block* block) { blocks_.put_back(block); }

  // The functions below return true when all was taken. False: no block is free, the stream is
  // stuck(); call resume() until it returns true before anything else on that stream.

  // `bytes` were received at the start of block->receive_area(); the block is the filler's now.
  [[nodiscard]] bool received(LineStream& stream, Block* block, std::uint32_t bytes,
                              const Now& now);
  [[nodiscard]] bool resume(LineStream& stream, const Now& now);
  static bool stuck(const LineStream& stream) {
    return stream.pending != nullptr || stream.refusal_due != RefuseReason::none;
  }
  // The same by copy, for bytes that lie elsewhere; returns how many were taken, which may be none.
  std::size_t append(LineStream& stream, std::string_view bytes, const Now& now);
  // One whole line without its line end, on a stream that carries none and is not stuck.
  [[nodiscard]] bool add_line(LineStream& stream, std::string_view line, const Now& now) {
    return add_line(stream, line, 0, now);
  }
  // Whole lines by copy, at most lines_bytes_max() and not more than an event may have; the last
  // line end may be missing. On a stream that carries none and is not stuck.
  [[nodiscard]] bool add_lines(LineStream& stream, std::string_view lines, const Now& now);
  std::size_t lines_bytes_max() const { return gather_bytes_max_ - 1; }
  // The stream ended, and is not stuck. A last line without a line end counts as a line; after a
  // reset it is refused as truncated. False: call again later.
  [[nodiscard]] bool end(LineStream& stream, bool reset, const Now& now);
  // Counts and reports a line that never was one, as when foreign bytes came. Drops the carry.
  [[nodiscard]] bool refuse(LineStream& stream, RefuseReason reason, const Now& now);
  // Gives up what the stream holds, uncounted: for streams that end with the process.
  void drop(LineStream& stream);

  // Seals what was gathered.
  void flush(const Now& now);
  bool gathering() const { return gathering_ > 0; }
  // When the oldest gathered line came; only while gathering().
  MonotonicTime gathering_since() const;
  std::uint64_t long_carry_bytes() const { return long_carry_bytes_; }

 private:
  // What is gathered for one bus.
  struct Gather {
    Block* block = nullptr;
    std::uint32_t bytes = 0;
    MonotonicTime since;
  };

  bool complete_carry(LineStream& stream, const Now& now);
  bool take_lines(LineStream& stream, std::uint32_t lines_end, const Now& now);
  void seal_read(LineStream& stream, std::uint32_t lines_end, const Now& now);
  void keep(LineStream& stream, std::string_view rest);
  static void skip_line(LineStream& stream);
  void set_carry(LineStream& stream, std::string_view head, std::string_view tail);
  bool record_refusal(LineStream& stream, const Now& now);
  // `bytes` of the stream are taken thereby: of wrapped records none.
  bool gather(LineStream& stream, std::string_view head, std::string_view lines,
              std::uint64_t bytes, const Now& now);
  // The gather block of the stream's bus, with room for so many bytes; null when none is free.
  Gather* open_gather(const LineStream& stream, std::size_t room, const Now& now);
  void flush(BusId bus, const Now& now);
  void flush(Gather& gather, const Now& now);
  bool seal_large(LineStream& stream, std::string_view head, std::string_view line_end,
                  std::uint64_t bytes, const Now& now);
  bool add_line(LineStream& stream, std::string_view line, std::uint64_t bytes, const Now& now);
  static void move_on(LineStream& stream, std::uint64_t bytes) {
    if (stream.file != nullptr) stream.file->offset += bytes;
  }
  static void mark_file(Block* block, const LineStream& stream);
  static void add_span(Block* block, LineStream& stream, std::uint32_t begin, std::uint32_t end);
  void seal(Block* block, const Now& now);

  const Shared shared_;
  BlockPool::User blocks_;
  BlockPool::User large_;
  Channel<Block*>::Producer sealed_;
  const std::uint32_t gather_bytes_max_;
  std::vector<Gather> gathers_;  // by BusId; grows with the buses that are seen
  std::size_t gathering_ = 0;    // how many of them hold a block
  std::uint64_t long_carry_bytes_ = 0;
};

}  // namespace weir
