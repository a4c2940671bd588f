#include "tools/load/feed.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "tools/common/newlines.h"
#include "tools/common/stamp.h"

namespace weir {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

// `line` without its line end, stamped if it is an object; returns the end, line end written.
char* write_stamped(char* out, std::string_view line, const Stamp& stamp) {
  if (!line.empty() && line.front() == '{') {
    out = write_stamp(out, stamp);
    line.remove_prefix(1);
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (!line.starts_with('}')) *out++ = ',';
  }
  std::memcpy(out, line.data(), line.size());
  out += line.size();
  *out++ = '\n';
  return out;
}

}  // namespace

Feed::Feed(const Slice& slice, std::uint64_t connection, std::uint64_t records)
    : slice_(slice), connection_(connection), records_(records) {
  WEIR_CHECK(slice.lines > 0);
  // Found now and not during the run: it walks over the lines.
  const std::uint64_t lines = records % slice.lines;
  std::uint64_t found = 0;
  if (records != kEndless) last_pass_bytes_ = offset_after_lines(slice.text, lines, found);
}

void Feed::rewind_at_end() {
  if (at_ < slice_.text.size()) return;
  at_ = 0;
  line_at_ = 0;
}

Chunk Feed::take(std::uint64_t records_max) {
  rewind_at_end();
  const std::uint64_t lines_here = slice_.lines - line_at_;
  const std::uint64_t left = records_ - taken_;
  const std::uint64_t records = std::min({records_max, lines_here, left});
  const std::string_view rest = slice_.text.substr(at_);
  std::size_t size = 0;
  std::uint64_t found = 0;
  if (records == lines_here) {
    size = rest.size();
  } else if (records == left) {
    size = last_pass_bytes_ - at_;
  } else {
    size = offset_after_lines(rest, records, found);
  }
  taken_ += records;
  at_ += size;
  line_at_ += records;
  return {rest.substr(0, size), records};
}

std::string_view Feed::next_line() {
  rewind_at_end();
  const char* begin = slice_.text.data() + at_;
  const void* end = std::memchr(begin, '\n', slice_.text.size() - at_);
  const auto length = static_cast<std::size_t>(static_cast<const char*>(end) - begin);
  at_ += length + 1;
  ++line_at_;
  return {begin, length};
}

Chunk Feed::take_stamped(std::uint64_t records_max, std::size_t bytes_max, const DueTimes& due) {
  Chunk chunk;
  std::size_t size = 0;
  const std::uint64_t records = std::min(records_max, records_ - taken_);
  while (chunk.records < records && size < bytes_max) {
    const std::string_view line = next_line();
    const std::size_t bound = size + line.size() + kStampBytesMax + 2;
    if (bound > buffer_.size()) buffer_.resize(std::max(bound, buffer_.size() * 2));
    const Stamp stamp{connection_, taken_, due.of(taken_)};
    const char* end = write_stamped(buffer_.data() + size, line, stamp);
    size = static_cast<std::size_t>(end - buffer_.data());
    ++taken_;
    ++chunk.records;
  }
  chunk.bytes = std::string_view(buffer_).substr(0, size);
  return chunk;
}

}  // namespace weir
