// Record: one routed block, or one checkpoint, as it lies in a segment. FORMAT.md is the
// description; this is the codec of it. Pure: memory in, memory out.
//
// A record begins at a multiple of kPageBytes and is padded with zeros to one. Its checksum covers
// everything behind the checksum, padding included, and with it the identity of the segment and the
// record's offset there: what decodes is what was written, and was written here.
//
// Errors: what does not decode is a RecordError; no length in a record is used before the checksum
// has spoken for it, nor then without a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/units.h"
#include "core/block/block.h"

namespace weir {

inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::uint32_t kRecordMagic = 0x31524c57;  // "WLR1" as bytes
// Text of the largest event that can be configured, and what may stand beside it.
inline constexpr std::uint32_t kRecordBytesMax = 80 * 1024 * 1024;

constexpr std::uint64_t padded(std::uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

enum class RecordKind : std::uint16_t {
  block = 1,
  checkpoint = 2,  // opens a segment: how far each file had been taken before it
  filler = 3       // put by recovery where a crash had left nothing, and nothing was safe
};

// The first bytes of a record, in the machine's (little) byte order.
struct RecordHeader {
  std::uint64_t checksum = 0;
  std::uint32_t magic = kRecordMagic;
  std::uint32_t length = 0;  // of the record, without its padding
  std::uint64_t segment_id = 0;
  std::uint64_t offset = 0;         // in the segment's file
  std::uint64_t sequence = 0;       // of the block; of a checkpoint: of the next block
  std::uint64_t durable_below = 0;  // all blocks below were known to be durable when this was made
  std::int64_t received_ns = 0;     // since 1970
  std::uint64_t id_seed = 0;
  std::uint64_t id_sequence = 0;
  std::uint32_t text_bytes = 0;
  std::uint32_t events = 0;
  std::uint32_t spans = 0;
  std::uint32_t sets = 0;
  std::uint32_t set_targets = 0;  // in all sets together
  std::uint32_t file_marks = 0;
  std::uint32_t targets = 0;     // names
  std::uint32_t sources = 0;     // descriptions
  std::uint32_t name_bytes = 0;  // of both together
  RecordKind kind = RecordKind::block;
  std::uint8_t hops = 0;
  std::uint8_t flags = 0;  // none is defined
  std::uint64_t reserved[2] = {};
};
static_assert(sizeof(RecordHeader) == 128);

// A span as it lies in a record.
struct SpanImage {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t lines = 0;
  std::uint16_t source = 0;  // index into the record's sources
  RefuseReason refused_after = RefuseReason::none;
  std::uint8_t reserved = 0;
};
static_assert(sizeof(SpanImage) == 16 && sizeof(EventEntry) == 12 && sizeof(FileMark) == 48);

// What a record says of a source, as far as rendering and restarting go.
struct SourceImage {
  std::string_view name = {};
  std::string_view account = {};
  std::string_view region = {};
  bool enveloped = false;
  std::string_view envelope_source = {};
  std::string_view detail_type = {};
  std::vector<std::string_view> resources = {};
  std::string_view layout = {};  // header of a flow log; empty: none
};
// The image as bytes, and back. A false return is a description that makes no sense.
std::string encode_source(const SourceImage& image);
bool decode_source(std::string_view bytes, SourceImage& image);

enum class RecordError : std::uint8_t {
  none,
  blank,      // nothing but zeros where the header would be
  foreign,    // no header of this segment and place
  short_,     // more bytes are needed to tell; see bytes_needed
  checksum,   // a header of this place, but not what was written
  malformed,  // what was written makes no sense
};
std::string_view to_string(RecordError error);

// A record that has been checked. Views into the memory it was read from.
struct RecordView {
  RecordHeader header;
  std::string_view text;
  std::span<const char> events;  // images: EventEntry
  std::span<const char> sets;    // u32 each, sets + 1 of them
  std::span<const char> spans;
  std::span<const char> file_marks;
  std::span<const char> set_targets;  // u16 each: index into target_names
  std::vector<std::string_view> target_names;
  std::vector<std::string_view> source_images;  // for decode_source()

  template <typename T>
  static T at(std::span<const char> images, std::size_t index) {
    T value;
    __builtin_memcpy(&value, images.data() + index * sizeof(T), sizeof(T));
    return value;
  }
  std::uint64_t padded_bytes() const { return padded(header.length); }
};

struct RecordPlace {
  std::uint64_t segment_id = 0;  // 0: not known, any will do
  std::uint64_t offset = 0;
};

struct DecodeOptions {
  bool ignore_checksum = false;  // a deliberately broken variant, for tests of the tests
};

// Decodes the record at the start of `bytes`, which begin at `place`. At `short_`, `bytes_needed`
// says how many there must be; bytes behind the end of a file count as zeros, which the caller
// adds.
RecordError decode_record(std::span<const char> bytes, const RecordPlace& place, RecordView& out,
                          std::uint64_t& bytes_needed, const DecodeOptions& options = {});
// Fills `out`, whole pages, with one filler.
void encode_filler(const RecordPlace& place, std::uint64_t sequence, std::span<char> out);
// Only the header, unchecked, of what seems to be a record there: for finding one's way.
bool peek_record(std::span<const char> bytes, const RecordPlace& place, RecordHeader& header);

}  // namespace weir
