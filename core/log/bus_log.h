// BusLog: the log of one durable bus. It takes routed blocks in order, writes them to segments, and
// hands each on once it is durable, in the same order: a block whose hand-over has begun is on the
// disk, and a sync that began after its bytes were written has said so.
//
// How: blocks are copied as records into a fixed set of staging buffers and written in large
// pieces, several at a time, past the page cache. One sync after the other serves all that was
// written when it began (group commit). Blocks are kept until they are durable: when a write or a
// sync fails, nothing of that range is trusted or tried again; what was not durable is written
// anew, from the blocks, to a fresh segment.
//
// A new segment is prepared ahead, under a name that is none; it gets its own when everything
// before it is durable, and none of its blocks is durable before the directory has been synced.
//
// Retention takes the oldest segment once no cursor needs it and it is too old or the log too
// large. What cursors need stays; then, at the size limit, the gate closes (or the oldest is
// dropped and counted, where the bus says so). Space that comes back opens the gate by itself.
//
// Memory: Options::staging_buffers x staging_bytes, touched as far as they are used; 40 bytes for
// each block under way; the marks of files (MarkTable); 32 bytes for each segment.
// Threads: one, that of the Sequencer; the gate, the view and the counters are for all.
// Lifetime: all that is passed in outlives it. Before it goes: close(), then poll until
// quiescent(). Errors: none are returned; see the gate, the counters and BusLogHost.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/steady_clock.h"
#include "core/block/block.h"
#include "core/block/bus_gate.h"
#include "core/catalog/catalog.h"
#include "core/log/log_names.h"
#include "core/log/log_view.h"
#include "core/log/mark_table.h"
#include "core/log/record_encoder.h"
#include "core/log/recovery.h"
#include "core/log/retention.h"
#include "core/log/segment_preparer.h"
#include "core/log/staging.h"
#include "core/port/port.h"
#include "core/port/stage.h"
#include "core/route/sequencer.h"
#include "core/sync/counter.h"

namespace weir {

// Where durable blocks go. Called on the log's thread from inside poll(); takes the block over.
class BusLogOutput {
 public:
  virtual ~BusLogOutput() = default;
  virtual void durable(Block* block) = 0;
};

// Told, on the log's thread, what people should know. Rare; must not block.
class BusLogHost {
 public:
  virtual ~BusLogHost() = default;
  virtual void log_message(BusId bus, std::string_view text) = 0;
};

struct BusLogCounters {
  Counter blocks;  // durable
  Counter bytes;   // of their records, padding included
  Counter writes;
  Counter syncs;
  Counter failed_writes;  // writes, syncs, names: each begins a fresh segment
  Counter rewritten;      // blocks written anew after a failure
  Counter full;           // times that no space was left for a segment
  Counter segments_removed;
  Counter dropped_blocks;  // removed by drop_oldest though a cursor needed them
  Counter segments;        // there are now
  Counter file_bytes;      // of all of them
};

// Deliberate faults, for tests that must find them. Nothing in a configuration leads here.
struct LogFaults {
  bool acknowledge_before_sync = false;
  bool skip_directory_sync = false;
  // Not of the log itself, but of those around it (core/cell/durable_buses.h).
  bool ignore_checksum = false;
  bool cursor_past_unsettled = false;
  bool unbounded_catch_up = false;
};

class BusLog final : public Stage, public BlockOutlet {
 public:
  struct Options {
    std::string directory;  // made by recovery
    BusId bus{0};
    BusSpec spec;
    DiskSpec disk;           // the marks of free space; 0: none
    std::uint64_t seed = 0;  // of segment identities: another in each run
    std::size_t staging_buffers = 8;
    std::size_t staging_bytes = kMiB;
    LogFaults faults = {};
  };
  BusLog(Options options, RecoveredLog recovered, Port& port, const LogNames& names,
         BusLogOutput& output, BusLogHost& host, const Now& now);
  ~BusLog() override;
  BusLog(const BusLog&) = delete;
  BusLog& operator=(const BusLog&) = delete;

  // The next routed block of this bus. True: it is the log's until it comes out at the output, and
  // its log_sequence is set. False: keep it and offer it again after a poll.
  [[nodiscard]] bool append(Block* block) override;

  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override;

  // All records below are durable.
  std::uint64_t durable_sequence() const { return durable_; }
  // The lowest record that a stored cursor needs. Never goes back.
  void set_floor(std::uint64_t sequence) { retention_.set_floor(sequence); }
  // Free bytes of the file system, as somebody outside measures now and then.
  void set_free_space(std::uint64_t bytes) { free_space_ = bytes; }

  const BusGate& gate() const { return gate_; }
  LogView& view() { return view_; }
  const BusLogCounters& counters() const { return counters_; }

  // Every block taken is durable and has been handed on.
  bool idle() const { return entries_.empty(); }
  // Takes no more. What is not durable stays with the log and is released unstored.
  void close() { closing_ = true; }
  bool quiescent() const { return closed_; }

 private:
  struct Entry {
    Block* block = nullptr;
    std::uint64_t sequence = 0;
    std::uint64_t segment = 0;     // serial of the segment it was staged for
    std::uint64_t end_offset = 0;  // in that segment
  };
  // A segment that blocks are staged for.
  struct Open {
    SegmentFile file;
    std::uint64_t serial = 0;
    std::uint64_t id = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t staged = 0;  // end of what is in staging buffers, or written
    std::uint64_t blocks = 0;
    WallTime created;
  };
  enum class Op : std::uint8_t {
    directory,
    write,
    sync,
    rename,
    sync_name,
    cut,
    clear,
    sync_clear
  };
  enum class Copy : std::uint8_t { nothing, checkpoint, block };
  static constexpr Token kOpShift = 16;
  static constexpr Nanoseconds kLookForRoom = 250ms;  // while there is none for a segment
  static constexpr Token kPreparerTokens = Token{1} << 32;
  static constexpr Token kRetentionTokens = Token{2} << 32;
  static Token token(Op op, std::size_t index = 0) {
    return static_cast<Token>(op) << kOpShift | index;
  }

  // bus_log.cc: blocks to buffers.
  std::size_t stage(const Now& now);
  bool may_stage() const { return !failed_ && !clearing_ && now_.monotonic >= retry_; }
  bool stage_entry(Entry& entry, const Now& now);
  bool begin_segment(std::uint64_t first_sequence, const Now& now);
  bool copy_record(Open& segment);
  std::vector<LoggedMark> marks_before_next();
  std::size_t hand_out();
  void drop_blocks();

  // bus_log_disk.cc: buffers to the disk.
  std::size_t take_completions(const Now& now);
  void complete(const Completion& completion, const Now& now);
  void written(std::size_t buffer, std::int64_t result, const Now& now);
  void synced(std::int64_t result, const Now& now);
  std::size_t submit(const Now& now);
  void submit_buffer(std::size_t index);
  std::size_t turn_over(const Now& now);
  void activate(Open segment);
  void renamed(std::int64_t result, const Now& now);
  void close_active();
  void open_directory(const Now& now);
  std::size_t prepare(const Now& now);
  bool short_of_room() const;
  bool wants_segment() const {
    const bool free_name = !next_ && (!active_ || renamed_) && !failed_ && !clearing_;
    return free_name && !preparer_.ready() && !preparer_.busy() &&
           (needs_segment_ || (active_ && active_->staged >= active_->file.bytes / 2));
  }
  void fail(std::string_view what, std::int64_t result, const Now& now);
  std::size_t start_anew(const Now& now);
  void cleared(Op op, std::int64_t result, const Now& now);
  void update_gate(const Now& now);
  void finish_close();
  void say(const std::string& text) { host_.log_message(options_.bus, text); }

  const Options options_;
  Port& port_;
  BusLogOutput& output_;
  BusLogHost& host_;
  LogView view_;
  BusGate gate_;
  BusLogCounters counters_;
  Random random_;
  SteadyClock clock_;

  std::deque<Entry> entries_;  // not yet durable, in order
  std::size_t staged_ = 0;     // how many of them have been copied as a whole
  RecordEncoder encoder_;
  Copy copying_ = Copy::nothing;  // what is in the encoder and partly copied
  bool laid_out_ = false;         // the next entry is in the encoder
  bool needs_segment_ = false;    // it fits nowhere before another segment is ready
  Staging staging_;
  std::uint64_t next_sequence_;
  std::uint64_t durable_;
  MarkTable marks_;  // of durable blocks

  std::optional<Open> active_;  // is written to
  std::optional<Open> next_;    // is staged for; written once the active one is durable and closed
  std::uint64_t serials_ = 0;
  std::size_t writing_ = 0;        // writes under way
  bool syncing_ = false;           // the active segment
  std::uint64_t sync_target_ = 0;  // of the sync under way
  std::uint64_t synced_ = 0;       // offset in the active segment
  bool naming_ = false;            // rename or directory sync under way
  bool renamed_ = false;           // the active segment has its name
  bool named_ = false;             // and durably

  SegmentPreparer preparer_;
  bool direct_told_ = false;
  LogRetention retention_;
  Handle directory_;
  bool directory_opening_ = false;

  bool failed_ = false;    // until nothing is under way
  bool clearing_ = false;  // the name of a failed segment is being taken away
  std::string clear_path_;
  MonotonicTime retry_;
  unsigned failures_ = 0;  // in a row
  std::uint64_t free_space_ = ~std::uint64_t{0};
  bool closing_ = false;
  bool closed_ = false;
  std::size_t under_way_ = 0;  // operations
  Now now_;                    // of the last poll
};

}  // namespace weir
