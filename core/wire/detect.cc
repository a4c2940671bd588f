#include "core/wire/detect.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "core/wire/flow_log.h"
#include "core/wire/json_string.h"

namespace weir {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr Detection kNdjson = {StreamFormat::ndjson, {}};
constexpr Detection kRecords = {StreamFormat::records, {}};
constexpr Detection kFlowLog = {StreamFormat::flow_log, {}};
constexpr Detection kWrapped = {StreamFormat::wrapped_flow_log, {}};

struct Magic {
  std::string_view bytes;
  std::string_view name;
};

constexpr auto kMagics = std::to_array<Magic>({
    {"\x1f\x8b", "gzip"},
    {"\x28\xb5\x2f\xfd", "zstd"},
    {"BZh", "bzip2"},
    {std::string_view("\xfd"
                      "7zXZ\0",
                      6),
     "xz"},
    {"PK\x03\x04", "zip"},
    {"PAR1", "Parquet"},
    {std::string_view("\x16\x03\x00", 3), "TLS"},
    {"\x16\x03\x01", "TLS"},
    {"\x16\x03\x02", "TLS"},
    {"\x16\x03\x03", "TLS"},
    {"SSH-", "SSH"},
    {"GET /", "HTTP"},
    {"HEAD /", "HTTP"},
    {"POST /", "HTTP"},
    {"PUT /", "HTTP"},
    {"PATCH /", "HTTP"},
    {"DELETE /", "HTTP"},
    {"TRACE /", "HTTP"},
    {"OPTIONS ", "HTTP"},
    {"CONNECT ", "HTTP"},
    {"PRI * HTTP/2", "HTTP"},
    {"GET http", "HTTP"},
    {"POST http", "HTTP"},
});

// Frames with their length in front, big-endian: no text begins with a zero byte and has a JSON
// object right behind four bytes.
bool is_length_prefixed(std::string_view first) {
  return first.size() > 4 && first[0] == '\0' && first[4] == '{';
}

// True while more bytes could still make a foreign protocol of it.
bool may_be_foreign(std::string_view first) {
  if (first.size() <= 4 && !first.empty() && first[0] == '\0') return true;
  return std::ranges::any_of(kMagics, [first](const Magic& magic) {
    return magic.bytes.size() > first.size() && magic.bytes.starts_with(first);
  });
}

std::string padded(std::string_view line) {
  std::string copy(line);
  copy.append(kWirePadding, '\n');
  return copy;
}

bool is_default_flow_log_line(std::string_view line) {
  const FlowLogLayout layout = FlowLogLayout::default_v2();  // rare: once a stream
  const std::string copy = padded(line);
  FlowLogValues values;
  return layout.split({copy.data(), line.size()}, values) == RefuseReason::none;
}

// A line of a flow log whose layout we do not know: several words, no JSON, no prose. Each word is
// short of blanks by definition; a first word of digits or `-` is what versions, accounts, ports
// and times look like.
bool may_be_flow_log_line(std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  const bool number = !word.empty() && word.size() <= 19 &&
                      std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
  return (number || word == "-" || word.starts_with("eni-")) && std::ranges::count(line, ' ') >= 3;
}

// The end of the value that begins at `at`, npos if it is not in the text.
std::size_t value_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while ((at = text.find_first_of("\"{}[]", at)) != std::string_view::npos) {
    if (text[at] == '"') {
      at = string_end(text, at);
      if (at == std::string_view::npos) return at;
    } else if (text[at] == '{' || text[at] == '[') {
      ++depth;
    } else if (--depth == 0) {
      return at + 1;
    }
    ++at;
  }
  return std::string_view::npos;
}

char last_token(std::string_view line) {
  return line[line.find_last_not_of(kBlanks)];
}

// The kind of the messages inside a wrapper, by the first one.
std::optional<Detection> detect_messages(std::string_view text) {
  constexpr std::string_view kMessage = "\"message\"";
  const std::size_t key = text.find(kMessage);
  if (key == std::string_view::npos) return std::nullopt;
  const std::size_t colon = text.find_first_not_of(kBlanks, key + kMessage.size());
  if (colon == std::string_view::npos) return std::nullopt;
  const std::size_t quote = text.find_first_not_of(kBlanks, colon + 1);
  if (quote == std::string_view::npos || quote + 1 >= text.size()) return std::nullopt;
  return text[quote + 1] == '{' ? kRecords : kWrapped;
}

std::optional<Detection> detect_object(std::string_view text, bool complete) {
  // A line end before the first key: printed for people, so that an object is many lines.
  const std::size_t key = text.find_first_not_of(kBlanks, 1);
  if (key == std::string_view::npos) return complete ? std::optional(kNdjson) : std::nullopt;
  if (text.substr(0, key).find('\n') != std::string_view::npos) return kRecords;
  if (text[key] != '"') return kNdjson;
  const std::size_t key_end = string_end(text, key);
  if (key_end == std::string_view::npos) return complete ? std::optional(kNdjson) : std::nullopt;
  const std::string_view name = text.substr(key + 1, key_end - key - 1);
  const std::size_t colon = text.find_first_not_of(kBlanks, key_end + 1);
  const std::size_t value = colon == std::string_view::npos
                                ? std::string_view::npos
                                : text.find_first_not_of(kBlanks, colon + 1);
  if (value == std::string_view::npos) return complete ? std::optional(kNdjson) : std::nullopt;
  if (name == "Records" && text[value] == '[') return kRecords;

  const std::string_view line = text.substr(0, text.find('\n'));
  if (line.find("\"logEvents\"") != std::string_view::npos &&
      line.find("\"messageType\"") != std::string_view::npos) {
    if (const std::optional<Detection> messages = detect_messages(line)) return messages;
    return complete || text.size() >= kDetectBytesMax ? std::optional(kWrapped) : std::nullopt;
  }
  const bool whole_line = line.size() < text.size();
  if (!whole_line && !complete && text.size() < kDetectBytesMax) return std::nullopt;
  if (line.find("\"digestStartTime\"") != std::string_view::npos) return kRecords;
  const std::optional<std::string_view> message = find_string_member(line, "message");
  if (message && is_default_flow_log_line(*message)) return kWrapped;
  // An object right behind another one on the same line: no separators in this stream.
  const std::size_t end = value_end(line, 0);
  if (end != std::string_view::npos) {
    const std::size_t more = line.find_first_not_of(kBlanks, end);
    if (more != std::string_view::npos && line[more] == '{') return kRecords;
  } else if (whole_line &&
             std::string_view("{[,:").find(last_token(line)) != std::string_view::npos) {
    return kRecords;  // one object over several lines
  }
  return kNdjson;
}

}  // namespace

std::string_view foreign_protocol(std::string_view first) {
  for (const Magic& magic : kMagics) {
    if (first.starts_with(magic.bytes)) return magic.name;
  }
  if (is_length_prefixed(first)) return "length-prefixed frames";
  return {};
}

Detection detect_format(std::string_view first, bool complete) {
  const std::string_view name = foreign_protocol(first);
  if (!name.empty()) return {StreamFormat::foreign, name};
  const Detection undecided;
  if (!complete && may_be_foreign(first)) return undecided;

  std::string_view text = first.substr(0, kDetectBytesMax);
  const bool all = complete || first.size() >= kDetectBytesMax;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return all ? kNdjson : undecided;
  text.remove_prefix(begin);
  if (text[0] == '[') return kRecords;
  if (text[0] == '{') return detect_object(text, all).value_or(undecided);

  const std::size_t line_end = text.find('\n');
  if (line_end == std::string_view::npos && !all) return undecided;
  const std::string_view line = text.substr(0, line_end);
  const bool flow_log = FlowLogLayout::is_header(line) || is_default_flow_log_line(line) ||
                        may_be_flow_log_line(line);
  return flow_log ? kFlowLog : kNdjson;
}

}  // namespace weir
