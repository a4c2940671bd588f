// The stamp that `weir load --stamp` writes and `weir sink --check` reads: the first two members of
// each JSON object,
//
//     {"weir_seq":N,"weir_ts":NANOSECONDS, ...
//
// N holds the number of the load's connection in the bits above kSequenceBits and the number of the
// record on that connection, from 0, below them: what a router keeps in order is the order of one
// connection. NANOSECONDS is CLOCK_MONOTONIC (so both ends are on one machine): the time at which
// the record was due, not the time at which a slow peer let it go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

inline constexpr unsigned kSequenceBits = 40;
inline constexpr std::uint64_t kSequenceMask = (std::uint64_t{1} << kSequenceBits) - 1;
// Most connections of a load, so that the number of the connection fits a JSON integer of 2^53 that
// every reader keeps exactly.
inline constexpr std::uint64_t kConnectionsMax = std::uint64_t{1} << 13U;

struct Stamp {
  std::uint64_t connection = 0;
  std::uint64_t sequence = 0;
  std::int64_t time_ns = 0;
};

inline constexpr std::string_view kStampStart = "\"weir_seq\":";
inline constexpr std::string_view kStampMiddle = ",\"weir_ts\":";
// Most bytes that write_stamp writes.
inline constexpr std::size_t kStampBytesMax =
    1 + kStampStart.size() + 20 + kStampMiddle.size() + 20;

// Writes `{"weir_seq":N,"weir_ts":T`, returns the end. What follows is the caller's: a comma and
// the members that the object had, or the closing brace.
char* write_stamp(char* out, const Stamp& stamp);

// The stamp whose `"weir_seq":` begins at the start of `text`; nothing if it is not whole.
std::optional<Stamp> parse_stamp(std::string_view text);

// Where the next stamp begins at or after `from`, npos if there is none. A line that begins with a
// stamp, the usual case, is recognised at once; others (an envelope around the record, an array of
// records) are searched.
std::size_t find_stamp(std::string_view line, std::size_t from);

}  // namespace weir
