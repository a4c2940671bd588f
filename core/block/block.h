// Block: the unit that crosses threads. Many whole lines of input, and beside them, once a Router
// has seen it, the verdict on each.
//
// Life: BlockPool -> one filler (an Ingest or a file reader) fills and seals it -> one Router
// writes the verdicts -> the Sequencer puts it in order -> every Writer reads it and drops its
// reference -> BlockPool. From the seal on the bytes never change; from the route on nothing does.
//
// Memory: headroom | capacity | padding, in one piece. The headroom takes the unfinished line that
// the previous read left over, so that a large read becomes a block without being copied; the
// padding may be read (never used) by SIMD code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/units.h"
#include "core/sync/channel.h"
#include "core/sync/counter.h"
#include "core/sync/ref_count.h"

namespace weir {

class FlowLogLayout;
class Rendering;
class BlockPool;

// Why a line was refused. Names as they appear in reports are in to_string().
enum class RefuseReason : std::uint8_t {
  none,
  malformed,    // not JSON by the grammar, or text after the object
  truncated,    // the line (or the stream) ends inside a value
  not_object,   // sound JSON, but not an object at the top
  not_utf8,     // bytes that are not UTF-8
  too_deep,     // nested beyond the limit
  too_complex,  // arrays within arrays that leave too many combinations to try
  too_large,    // longer than limits.event
  bad_fields,   // a flow-log line with too few or too many fields, or a field of the wrong type
  foreign,      // not a line protocol at all: TLS, HTTP, SSH or compressed bytes on a plain port
  count_        // number of reasons
};
std::string_view to_string(RefuseReason reason);

// Where lines come from: one connection or one file. Shared by the filler (one reference while it
// is open) and by every span in flight. `lines` belongs to the Sequencer's thread.
struct Origin {
  SourceId source;
  std::string label;                      // "127.0.0.1:53211", "logs/a.json.gz": for messages
  const FlowLogLayout* layout = nullptr;  // flow logs: owned by the process, never freed
  const Rendering* logged = nullptr;      // read back from a log: as it was rendered then; likewise
  std::uint64_t lines = 0;                // physical lines sequenced so far
  // Where the AckSink keeps the connection; changed and read on its thread only.
  static constexpr std::uint32_t kNoAcks = ~std::uint32_t{0};
  std::uint32_t ack_slot = kNoAcks;
  RefCount refs;
};
void release(Origin* origin);

// Whole lines of one origin, next to each other in the block: bytes [begin, end) of Block::text().
struct ProducerSpan {
  Origin* origin = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  // A line the filler itself refused because no block holds it (too_large, truncated at the end of
  // the stream, foreign): it has no bytes here, comes after the span's last line and counts as one.
  RefuseReason refused_after = RefuseReason::none;
  std::uint32_t lines =
      0;  // written by the Router: physical lines in the span, blank ones included
};

// How far a file has been taken, behind the last line of a span: what a restart needs to go on
// there. The file is known by what it is, not by its name: inode and birth, and a hash of its first
// bytes, because an inode is used again and a file may be written anew in place.
struct FileMark {
  std::uint64_t inode = 0;
  std::int64_t birth_ns = 0;    // 0: the file system does not record it
  std::uint64_t head_hash = 0;  // of the first head_bytes bytes, as they lie in the file
  std::uint32_t head_bytes = 0;
  std::uint32_t span = 0;    // index into Block::spans
  std::uint64_t offset = 0;  // in the decoded stream; 0: wrapped records, `lines` says where
  std::uint64_t lines = 0;   // written by the Sequencer: lines, or wrapped records, up to there
};

// One accepted event. Refused lines have no entry; they are in Block::refusals.
struct EventEntry {
  std::uint32_t offset = 0;  // into Block::text()
  std::uint32_t length = 0;  // without the line end
  std::uint32_t set = 0;     // index for Block::targets_of()
};
inline constexpr std::uint32_t kUnmatched = 0;  // target_sets[0] is always the empty set

// Details of a refused line, for the log and the rejects file.
struct Refusal {
  std::uint32_t span = 0;          // index into Block::spans
  std::uint32_t line = 0;          // of the span, from 1
  std::uint32_t offset = 0;        // of the line in text()
  std::uint32_t length = 0;        // of the line; 0 when no bytes were kept
  std::uint32_t error_offset = 0;  // in the line
  RefuseReason reason = RefuseReason::none;
};

class Block {
 public:
  Block(BlockPool* home, std::uint32_t headroom, std::uint32_t capacity);
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // Receive area: the capacity behind the headroom.
  std::span<char> receive_area() { return {memory_.get() + headroom_, capacity_}; }
  std::uint32_t headroom() const { return headroom_; }
  std::uint32_t capacity() const { return capacity_; }

  // The sealed bytes. May begin inside the headroom; at least kBlockPadding bytes behind the end
  // can be read.
  std::string_view text() const { return {memory_.get() + begin_, end_ - begin_}; }
  char* mutable_begin() { return memory_.get(); }
  // Both counted from the start of the memory, headroom included.
  void set_bounds(std::uint32_t begin, std::uint32_t end);

  void reset();  // empty, as taken from the pool
  // One owner fewer; the last one drops the origins and returns the block to its pool.
  void release();
  RefCount refs;

  // Written by the filler.
  std::uint64_t sequence = 0;  // of sealing, gapless over the whole process, from 0
  BusId bus{0};                // of all its lines
  // What event_id() is computed from: the seed of the run and `sequence`, or, of a block that was
  // read back from a log, what the block had when it was written.
  std::uint64_t id_seed = 0;
  std::uint64_t id_sequence = 0;
  std::uint8_t hops = 0;  // buses that its events have passed before this one
  Now received;
  std::vector<ProducerSpan> spans;
  std::vector<FileMark> file_marks;  // of spans that come from files, in their order

  // Written by the Router.
  std::uint64_t routing_version = 0;
  std::vector<EventEntry> events;          // in the order of text()
  std::vector<std::uint32_t> target_sets;  // set s: target_list[target_sets[s] .. target_sets[s+1])
  std::vector<TargetId> target_list;       // ascending within a set
  std::vector<Refusal> refusals;

  // Written by the log of the block's bus: the number of its record, gapless, from 1. 0: on a
  // memory bus.
  std::uint64_t log_sequence = 0;

  std::span<const TargetId> targets_of(std::uint32_t set) const {
    return std::span(target_list)
        .subspan(target_sets[set], target_sets[set + 1] - target_sets[set]);
  }

 private:
  friend class BlockPool;
  BlockPool* home_;
  std::unique_ptr<char[]> memory_;
  std::uint32_t headroom_;
  std::uint32_t capacity_;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

inline constexpr std::uint32_t kBlockPadding = 128;  // at least SIMDJSON_PADDING, and a cache line

// A fixed set of blocks of one size. take() and give_back() from any thread through the caller's
// own BlockPool::User; a User keeps what came back most recently on top, so that warm memory is
// reused.
class BlockPool {
 public:
  BlockPool(std::size_t blocks, std::uint32_t headroom, std::uint32_t capacity,
            std::size_t users_max);
  ~BlockPool();

  // A view for one filler thread.
  class User {
   public:
    explicit User(BlockPool& pool) : pool_(pool), consumer_(pool.free_) {}
    ~User();
    // Null when none is free, or when fewer than `leave` would stay on the local stack.
    Block* take(std::size_t leave = 0);
    // A block that was taken and not used.
    void put_back(Block* block);
    // Gives what lies on the local stack back to all users.
    void share();

   private:
    BlockPool& pool_;
    Channel<Block*>::Consumer consumer_;
    std::vector<Block*> stack_;
  };

  std::size_t size() const { return blocks_.size(); }
  std::uint32_t capacity() const { return capacity_; }
  // Blocks not taken, for tests and gauges: exact when all is quiet.
  std::size_t free_blocks() const { return static_cast<std::size_t>(free_count_.read()); }
  Block& at(std::size_t index) { return *blocks_[index]; }

 private:
  friend class Block;
  void give_back(Block* block);

  std::uint32_t capacity_;
  std::vector<std::unique_ptr<Block>> blocks_;
  Channel<Block*> free_;
  SharedCounter free_count_;
};

}  // namespace weir
