// StreamIntake: what lies between the bytes of one connection or file and the lines in blocks:
// finds out the format, learns a flow log's layout, takes wrapped records apart, knows a foreign
// protocol.
//
// Plain lines, which is where the volume is, go straight from the received block to the filler;
// only wrapped records and the first bytes of an undecided stream are copied.
//
// Threads: one at a time, the owner of the filler. Memory: the filler's carry, and up to
// kDetectBytesMax at the start, and the splitter's carry for wrapped records.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/ingest/block_filler.h"
#include "core/wire/detect.h"
#include "core/wire/flow_log.h"
#include "core/wire/record_splitter.h"

namespace weir {

// What each source says of its streams; shared by all, immutable but for the layouts it learns.
struct IntakeContext {
  struct Source {
    SourceFormat format = SourceFormat::automatic;
    BusId bus{0};
    bool acks = false;                      // each line is acknowledged: no wrapped records
    const FlowLogLayout* layout = nullptr;  // of flow logs without a header; null: the default
    std::uint64_t event_bytes_limit = kMiB;
  };
  std::vector<Source> sources;  // by SourceId
  LayoutTable* layouts = nullptr;
};

class StreamIntake {
 public:
  StreamIntake() = default;
  StreamIntake(StreamIntake&&) = default;
  StreamIntake& operator=(StreamIntake&&) = default;

  void open(BlockFiller& filler, const IntakeContext& context, SourceId source, std::string label);
  // Before any bytes: what the file is, which then stands in its blocks with how far it was taken.
  // The owner keeps it until drop().
  void mark_with(FileMark& file) { stream_.file = &file; }
  // Before any bytes, after mark_with(): a file goes on behind `mark`. It is given from its start
  // all the same, so that its format is known; what the mark covers is passed over.
  void resume_at(const FileMark& mark);
  // How many of the next bytes would only be passed over, once the format is known.
  std::uint64_t unwanted() const { return phase_ == Phase::lines ? skip_bytes_ : 0; }
  // So many of them are left out.
  void leave_out(std::uint64_t bytes) { skip_bytes_ -= bytes; }
  // What the mark covers has not all come.
  bool behind_mark() const { return skip_bytes_ > 0 || skip_records_ > 0; }

  // As in BlockFiller: false means that no block is free and resume() is due until it returns true.
  // Bytes given to append() must stay in place until then.
  [[nodiscard]] bool received(Block* block, std::uint32_t bytes, const Now& now);
  [[nodiscard]] bool append(std::string_view bytes, const Now& now);
  [[nodiscard]] bool resume(const Now& now);
  // The stream ended; the owner calls it until it returns true.
  [[nodiscard]] bool end(bool reset, const Now& now);
  // Forgets everything and lets go of the origin. Safe to call twice.
  void drop();

  // The stream is none of ours: the owner closes it. complaint() says why.
  bool foreign() const { return phase_ == Phase::foreign; }
  const std::string& complaint() const { return complaint_; }
  // An unfinished line holds more memory than a short one's.
  bool long_line() const { return stream_.carry.size() > kBlockHeadroom; }
  SourceId source() const { return stream_.origin->source; }
  const std::string& label() const { return stream_.origin->label; }
  Origin& origin() const { return *stream_.origin; }
  // Spans of this stream, in all blocks so far.
  std::uint64_t spans() const { return stream_.spans; }

 private:
  enum class Phase : std::uint8_t { undecided, lines, records, foreign, ended };

  bool decide(std::string_view first, bool complete);
  bool decide_lines(std::string_view first, bool complete);
  bool decide_flow_log(std::string_view first, bool complete);
  void begin_records(RecordMode mode);
  void begin_foreign(std::string complaint);
  bool take(std::string_view bytes, const Now& now);
  bool take_lines(const Now& now);
  bool take_records(const Now& now);
  void give_back();

  BlockFiller* filler_ = nullptr;
  const IntakeContext* context_ = nullptr;
  LineStream stream_;
  Phase phase_ = Phase::ended;
  std::string head_;              // the first bytes, until the format is known
  std::string_view input_;        // bytes to be taken by copy
  Block* input_block_ = nullptr;  // where they lie, if in a block
  bool decided_at_end_ = false;
  std::uint64_t skip_bytes_ = 0;    // of lines that a mark covers
  std::uint64_t skip_records_ = 0;  // the same of wrapped records
  std::unique_ptr<RecordSplitter> splitter_;
  RecordSplitter::Item item_;  // a record that waits for a block
  std::string complaint_;
};

}  // namespace weir
