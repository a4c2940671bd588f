#include "tools/common/stamp.h"

#include <charconv>
#include <cstring>

namespace weir {
namespace {

char* append(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

char* write_stamp(char* out, const Stamp& stamp) {
  *out++ = '{';
  out = append(out, kStampStart);
  out = std::to_chars(out, out + 20, (stamp.connection << kSequenceBits) | stamp.sequence).ptr;
  out = append(out, kStampMiddle);
  return std::to_chars(out, out + 20, stamp.time_ns).ptr;
}

std::optional<Stamp> parse_stamp(std::string_view text) {
  if (!text.starts_with(kStampStart)) return std::nullopt;
  const char* const end = text.data() + text.size();
  std::uint64_t number = 0;
  const auto [middle, bad_number] = std::from_chars(text.data() + kStampStart.size(), end, number);
  if (bad_number != std::errc{}) return std::nullopt;
  const std::string_view rest(middle, static_cast<std::size_t>(end - middle));
  if (!rest.starts_with(kStampMiddle)) return std::nullopt;
  Stamp stamp;
  const auto [after, bad_time] =
      std::from_chars(rest.data() + kStampMiddle.size(), end, stamp.time_ns);
  // A number that runs to the end of the text may have been cut there.
  if (bad_time != std::errc{} || after == end) return std::nullopt;
  stamp.connection = number >> kSequenceBits;
  stamp.sequence = number & kSequenceMask;
  return stamp;
}

std::size_t find_stamp(std::string_view line, std::size_t from) {
  if (from == 0 && line.size() > 1 && line[0] == '{' && line.substr(1).starts_with(kStampStart)) {
    return 1;
  }
  return line.find(kStampStart, from);
}

}  // namespace weir
