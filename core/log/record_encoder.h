// RecordEncoder: turns a routed block into a record, in two steps: begin() lays the sections out
// and draws the checksum over them where they lie; copy() then carries them, piece by piece, into
// whatever memory there is. So the bytes of a block are touched twice, once each while they are in
// the cache, and a record may be larger than the memory it passes through.
//
// Memory: the names of every target and source seen, once; scratch for the tables of one block. No
// allocation for a block once all that is warm.
// Threads: one. The block stays as it is from begin() until done().
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/block/block.h"
#include "core/log/log_names.h"
#include "core/log/mark_table.h"
#include "core/log/record.h"

namespace weir {

class RecordEncoder {
 public:
  explicit RecordEncoder(const LogNames& names) : names_(names) {}

  struct Place {
    std::uint64_t segment_id = 0;
    std::uint64_t offset = 0;
    std::uint64_t durable_below = 0;
  };
  // Says how long the record of the block will be, padded, wherever it is put.
  std::uint64_t lay_out(const Block& block);
  // For the block laid out last.
  void begin(const Place& place);
  void begin_checkpoint(std::span<const LoggedMark> marks, std::uint64_t next_sequence,
                        const Place& place);

  // Takes over what the block says of files.
  void add_marks(const Block& block, MarkTable& marks);

  // Writes the next bytes of the record, as many as there is room for; returns how many.
  std::size_t copy(std::span<char> out);
  bool done() const { return copied_ == padded_bytes_; }
  std::uint64_t padded_bytes() const { return padded_bytes_; }

 private:
  // header, text, events, sets, spans, file marks, set targets, names, padding
  static constexpr std::size_t kPieces = 9;
  std::uint16_t target_index(TargetId id);
  std::uint16_t source_index(const Origin& origin);
  const std::string& source_image(const Origin& origin);
  void put_name(std::string_view name);
  void start();
  void finish();

  const LogNames& names_;
  struct KnownTarget {
    std::string name;
    std::uint64_t generation = 0;  // of the record that `index` belongs to
    std::uint16_t index = 0;
  };
  std::vector<KnownTarget> targets_;  // by TargetId
  using SourceKey = std::pair<SourceId, std::pair<const FlowLogLayout*, const Rendering*>>;
  std::map<SourceKey, std::string> source_images_;
  std::map<SourceId, std::string> source_names_known_;
  std::vector<SourceKey> record_sources_;
  std::uint64_t generation_ = 0;

  RecordHeader header_;
  std::vector<SpanImage> spans_;
  std::vector<FileMark> marks_;
  std::vector<std::uint16_t> set_targets_;
  std::string target_names_;
  std::string source_names_;
  std::string names_piece_;
  std::array<std::span<const char>, kPieces> pieces_{};
  std::uint64_t padded_bytes_ = 0;
  std::uint64_t copied_ = 0;
  std::size_t piece_ = 0;
  std::size_t piece_at_ = 0;
};

}  // namespace weir
