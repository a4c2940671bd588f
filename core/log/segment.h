// Segment: one file of the log of a bus. Its first page says which it is; records follow.
//
// A file is called after the number of the first block in it, twenty digits and `.seg`, so that the
// names sort as the blocks do. It gets that name only when every block below is durable: hence the
// last file is the only one with an uncertain end, and of each other file the blocks from the next
// file's first number on do not count.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/log/record.h"

namespace weir {

inline constexpr std::uint32_t kLogVersion = 1;
inline constexpr std::string_view kSegmentSuffix = ".seg";
inline constexpr std::string_view kSpareName = "next.spare";  // prepared, not yet in use

struct SegmentHeader {
  std::uint64_t segment_id = 0;  // drawn at random: no two files share one
  std::uint64_t first_sequence = 0;
  std::int64_t created_ns = 0;      // since 1970
  std::uint64_t segment_bytes = 0;  // as it was allocated
  std::string bus;
};

std::string segment_name(std::uint64_t first_sequence);
std::optional<std::uint64_t> parse_segment_name(std::string_view name);
std::string join_path(std::string_view directory, std::string_view name);
// Where the log of a bus lies, DATA_DIR/buses/NAME, and back from the last part of it. Names of
// buses may hold slashes, and dots that mean something to the file system at the start.
std::string bus_directory(std::string_view data_dir, std::string_view bus);
std::string bus_of_directory(std::string_view name);

// Fills exactly one page.
void encode_segment_header(const SegmentHeader& header, std::span<char> page);
enum class SegmentHeaderError : std::uint8_t {
  none,
  damaged,  // not the header of any segment
  version   // sound, but of a format that this program does not know; `version` says which
};
SegmentHeaderError decode_segment_header(std::span<const char> page, SegmentHeader& header,
                                         std::uint32_t& version);

// The longest bus name that fits the page.
inline constexpr std::size_t kBusNameBytesMax = 1024;

}  // namespace weir
