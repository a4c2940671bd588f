// LogReader: the log of one bus as blocks, from any record on, read beside the pipeline while the
// log grows. It reads past the page cache, in large pieces and one ahead of what is decoded, and
// only what is durable.
//
// Where to begin within a segment it finds by bisection: records begin at pages and say which they
// are. What is damaged or gone is told as missed, in its place, and the reader goes on behind it.
//
// Memory: Options::window_bytes while it reads, Options::blocks blocks; see RecordWindow and
// ReplayBlocks for larger records. stop() gives the window back.
// Threads: one. The port is the reader's own. Before it goes: stop(), then poll until quiescent().
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "core/base/steady_clock.h"
#include "core/log/block_source.h"
#include "core/log/log_view.h"
#include "core/log/record_window.h"
#include "core/log/replay.h"
#include "core/port/port.h"
#include "core/sync/counter.h"

namespace weir {

struct LogReaderCounters {
  Counter blocks;
  Counter bytes_read;
  Counter missed_records;  // damaged or gone
  Counter damaged_places;
  Counter read_errors;
};

class LogReader final : public BlockSource {
 public:
  struct Options {
    std::size_t window_bytes = 3 * kMiB;
    std::size_t read_bytes = kMiB;
    std::size_t blocks = 4;
    std::uint32_t block_bytes = 144 * 1024;  // kBlockCapacity and kBlockHeadroom
    DecodeOptions decode = {};
  };
  LogReader(const Options& options, Port& port, LogView& view, const ReplayNames& names,
            ReplayTables& tables, const Now& now);
  ~LogReader() override;

  void seek(std::uint64_t sequence) override;
  void stop() override;
  std::size_t poll(const Now& now) override;
  MonotonicTime next_deadline() const override {
    return active_ && phase_ == Phase::nowhere ? retry_ : MonotonicTime::never();
  }
  Item next() override;

  // Nothing is under way: the reader may go, once its blocks are back.
  bool quiescent() const { return under_way_ == 0; }
  const LogReaderCounters& counters() const { return counters_; }

 private:
  enum class Op : std::uint8_t { open, read };
  enum class Phase : std::uint8_t { nowhere, opening, bisecting, walking };
  static constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

  std::size_t take_completions();
  void opened(std::int64_t result);
  void read_done(std::int64_t result);
  void open_segment();
  void begin_search();
  void search_on();
  void probe();
  void go_to(std::uint64_t offset);
  bool want_read() const;
  void read_more();
  void leave_segment();
  void look_at_segments();
  void look_at_end();
  Item record();
  Item hole_at_tail(bool file_ended);
  Item missed(std::uint64_t to);

  const Options options_;
  Port& port_;
  LogView& view_;
  Snapshot<SegmentList>::Reader segments_;
  ReplayBlocks blocks_;
  const SteadyClock clock_;
  LogReaderCounters counters_;
  std::unique_ptr<RecordWindow> window_;

  bool active_ = false;
  std::uint64_t sequence_ = 1;  // of the next record to be told
  std::uint64_t gone_to_ = 0;   // what is below is not there any more
  Phase phase_ = Phase::nowhere;
  SegmentInfo segment_;
  std::uint64_t end_ = kNoEnd;  // first record of the next segment, where there is one
  Handle handle_;
  bool direct_ = true;

  std::uint64_t low_ = 0;   // a record at or before the wanted one begins here
  std::uint64_t high_ = 0;  // and none of those behind here is
  std::uint64_t middle_ = 0;

  bool reading_ = false;
  bool stale_read_ = false;  // the read under way is of no use any more
  std::size_t read_bytes_ = 0;
  std::uint64_t filling_bytes_ = 0;
  char* filling_ = nullptr;
  // What was durable before the first byte in the window was read: from there on a place without a
  // record means nothing.
  std::uint64_t window_durable_ = 0;
  bool window_fresh_ = true;
  bool file_ended_ = false;
  std::uint64_t hole_begin_ = kNoEnd;  // of a hole behind the last record that was told
  MonotonicTime retry_;                // a segment is not opened before
  std::size_t under_way_ = 0;
};

}  // namespace weir
