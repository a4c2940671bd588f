#include "core/wire/record_splitter.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "core/base/check.h"
#include "core/wire/byte_mask.h"
#include "core/wire/json_string.h"

namespace weir {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kSmallBytesMax = 32;  // longer than any text we look for

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Bit i: the exclusive or of bits 0 to i.
std::uint64_t prefix_xor(std::uint64_t bits) {
  for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

// Which bytes stand behind an escaping backslash. `escaped` says it of the first byte of this block
// and then of the next one. Backslash runs are told odd from even by one addition, as in
// simdjson/simdjson:src/generic/stage1/json_escape_scanner.h.
std::uint64_t escaped_bytes(std::uint64_t backslashes, bool& escaped) {
  constexpr std::uint64_t kEven = 0x5555555555555555U;
  const std::uint64_t first = escaped ? 1 : 0;
  backslashes &= ~first;
  const std::uint64_t follows = (backslashes << 1U) | first;
  const std::uint64_t odd_starts = backslashes & ~kEven & ~follows;
  std::uint64_t runs = 0;
  escaped = __builtin_add_overflow(odd_starts, backslashes, &runs);
  return (kEven ^ (runs << 1U)) & follows;
}

}  // namespace

RecordSplitter::RecordSplitter(std::size_t record_bytes_limit, RecordMode mode)
    : limit_(record_bytes_limit), mode_(mode) {}

void RecordSplitter::feed(std::string_view chunk) {
  WEIR_CHECK(at_ == chunk_.size());
  chunk_ = chunk;
  at_ = 0;
  capture_ = 0;
}

RecordSplitter::Item RecordSplitter::next() {
  while (at_ < chunk_.size()) {
    const Item item = step();
    if (item.kind != Kind::more) return item;
  }
  if (capturing_) keep_piece();
  chunk_ = {};
  at_ = 0;
  capture_ = 0;
  return {};
}

RecordSplitter::Item RecordSplitter::finish() {
  const bool inside = state_ != State::top && state_ != State::lost;
  state_ = State::top;
  line_start_ = true;
  bom_bytes_ = 0;
  capturing_ = false;
  if (inside) return {Kind::refused, RefuseReason::truncated, {}};
  return {};
}

RecordSplitter::Item RecordSplitter::step() {
  const char c = chunk_[at_];
  switch (state_) {
    case State::top:
      return step_top(c);
    case State::lost:
      step_lost(c);
      return {};
    case State::key_or_close:
    case State::colon:
    case State::after_value:
      return step_object(c);
    case State::value:
      return step_value(c);
    case State::element_or_close:
    case State::after_element:
      return step_array(c);
    default:
      return step_scan();
  }
}

void RecordSplitter::take(char c) {
  ++at_;
  line_start_ = c == '\n';
}

RecordSplitter::Item RecordSplitter::step_top(char c) {
  if (bom_bytes_ < kByteOrderMark.size()) {
    if (c == kByteOrderMark[bom_bytes_]) {
      ++bom_bytes_;
      ++at_;  // line_start_ stays
      return {};
    }
    bom_bytes_ = kByteOrderMark.size();
  }
  if (is_blank(c)) {
    take(c);
  } else if (c == '{') {
    begin_capture();
    holds_none_ = false;
    is_wrapper_ = false;
    control_ = false;
    state_ = State::key_or_close;
    take(c);
  } else if (c == '[') {
    enter_array(/*wrapped=*/false, /*messages=*/false);
  } else {
    take(c);
    return broken();
  }
  return {};
}

void RecordSplitter::step_lost(char c) {
  if (line_start_ && (c == '{' || c == '[')) {
    state_ = State::top;
    return;
  }
  const std::size_t line_end = chunk_.find('\n', at_);
  line_start_ = line_end != std::string_view::npos;
  at_ = line_start_ ? line_end + 1 : chunk_.size();
}

RecordSplitter::Item RecordSplitter::step_object(char c) {
  if (is_blank(c)) {
    const bool fine = c != '\n' || may_hold_line_end();
    take(c);
    return fine ? Item{} : broken();
  }
  if (state_ == State::key_or_close && c == '"') {
    enter_string(State::key);
  } else if (state_ == State::colon && c == ':') {
    state_ = State::value;
    take(c);
  } else if (state_ == State::after_value && c == ',') {
    state_ = State::key_or_close;
    take(c);
  } else if (state_ != State::colon && c == '}') {
    take(c);
    return end_object();
  } else {
    return broken();
  }
  return {};
}

RecordSplitter::Item RecordSplitter::step_value(char c) {
  if (is_blank(c)) {
    const bool fine = c != '\n' || may_hold_line_end();
    take(c);
    return fine ? Item{} : broken();
  }
  if (c == '[' && (key_ == Key::records || key_ == Key::log_events)) {
    capturing_ = false;  // a wrapper is no record
    is_wrapper_ = true;
    enter_array(/*wrapped=*/true, key_ == Key::log_events);
  } else if (c == '{' || c == '[') {
    enter_nested(State::value_nested);
  } else if (c == '"') {
    enter_string(State::value_string);
  } else if (c == ',' || c == '}' || c == ']' || c == ':') {
    return broken();
  } else {
    state_ = State::value_scalar;
  }
  return {};
}

RecordSplitter::Item RecordSplitter::step_array(char c) {
  if (is_blank(c)) {
    take(c);
  } else if (c == ']') {
    state_ = array_wrapped_ ? State::after_value : State::top;
    take(c);
  } else if (state_ == State::after_element) {
    if (c != ',') return broken();
    state_ = State::element_or_close;
    take(c);
  } else if (c == ',' || c == '}' || c == ':') {
    return broken();
  } else {
    begin_capture();
    if (c == '{' || c == '[') {
      enter_nested(State::element_nested);
    } else if (c == '"') {
      enter_string(State::element_string);
    } else {
      state_ = State::element_scalar;
    }
  }
  return {};
}

RecordSplitter::Item RecordSplitter::step_scan() {
  Scan scan = Scan::more;
  if (state_ == State::value_nested || state_ == State::element_nested) {
    scan = skip_nested();
  } else if (state_ == State::value_scalar || state_ == State::element_scalar) {
    scan = skip_scalar();
  } else {
    scan = skip_string();
  }
  if (scan == Scan::broken) return broken();
  if (scan == Scan::more) return {};
  switch (state_) {
    case State::key:
      end_key();
      return {};
    case State::value_string:
      if (key_ == Key::message_type) control_ = small_ == "CONTROL_MESSAGE";
      [[fallthrough]];
    case State::value_nested:
    case State::value_scalar:
      state_ = State::after_value;
      return {};
    default:
      state_ = State::after_element;
      return end_capture(array_messages_);
  }
}

RecordSplitter::Scan RecordSplitter::skip_string() {
  const std::size_t begin = at_;
  Scan scan = Scan::more;
  for (; at_ < chunk_.size() && scan == Scan::more; ++at_) {
    const char c = chunk_[at_];
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      scan = Scan::done;
    }
    if (c == '\n') scan = Scan::broken;
  }
  line_start_ = scan == Scan::broken;
  const std::size_t end = scan == Scan::done ? at_ - 1 : at_;
  const std::size_t room = kSmallBytesMax - small_.size();
  small_.append(chunk_.substr(begin, std::min(end - begin, room)));
  return scan;
}

RecordSplitter::Scan RecordSplitter::skip_nested() {
  Scan scan = Scan::more;
  while (scan == Scan::more && chunk_.size() - at_ >= 64) {
    scan = skip_nested_block(chunk_.data() + at_);
  }
  while (scan == Scan::more && at_ < chunk_.size()) scan = skip_nested_byte(chunk_[at_]);
  return scan;
}

// 64 bytes at a time: quotes that no backslash takes away toggle "inside a string"; only braces and
// brackets outside strings count.
RecordSplitter::Scan RecordSplitter::skip_nested_block(const char* block) {
  const ByteMask bytes(block);
  bool escaped = escaped_;
  const std::uint64_t quotes = bytes.equal('"') & ~escaped_bytes(bytes.equal('\\'), escaped);
  const std::uint64_t strings = prefix_xor(quotes) ^ (in_string_ ? ~std::uint64_t{0} : 0);
  const std::uint64_t line_ends = bytes.equal('\n');
  const std::uint64_t opens = (bytes.equal('{') | bytes.equal('[')) & ~strings;
  const std::uint64_t closes = (bytes.equal('}') | bytes.equal(']')) & ~strings;
  // A line end in a string, or in a record that grew too large, is rare: the byte loop knows them.
  if ((line_ends & strings) != 0 || (line_ends != 0 && over_limit(at_ + 64))) {
    for (std::size_t i = 0; i < 64; ++i) {
      const Scan scan = skip_nested_byte(block[i]);
      if (scan != Scan::more) return scan;
    }
    return Scan::more;
  }
  const auto close_count = static_cast<std::uint64_t>(std::popcount(closes));
  if (close_count < depth_) {
    depth_ += static_cast<std::uint64_t>(std::popcount(opens)) - close_count;
  } else {
    for (std::uint64_t rest = opens | closes; rest != 0; rest &= rest - 1) {
      if ((opens & rest & (~rest + 1)) != 0) {
        ++depth_;
      } else if (--depth_ == 0) {
        const auto last = static_cast<std::size_t>(std::countr_zero(rest));
        if ((line_ends & low_bits(last)) != 0) line_ends_ = true;
        in_string_ = false;
        escaped_ = false;
        line_start_ = false;
        at_ += last + 1;
        return Scan::done;
      }
    }
  }
  in_string_ = (strings >> 63U) != 0;
  escaped_ = escaped;
  if (line_ends != 0) line_ends_ = true;
  at_ += 64;
  line_start_ = block[63] == '\n';
  return Scan::more;
}

RecordSplitter::Scan RecordSplitter::skip_nested_byte(char c) {
  take(c);
  if (c == '\n' && (in_string_ || !may_hold_line_end())) return Scan::broken;
  const bool escaped = escaped_;
  escaped_ = !escaped && c == '\\';
  if (c == '"') {
    if (!escaped) in_string_ = !in_string_;
  } else if (in_string_) {
    return Scan::more;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if (c == '}' || c == ']') {
    if (--depth_ == 0) return Scan::done;
  }
  return Scan::more;
}

RecordSplitter::Scan RecordSplitter::skip_scalar() {
  constexpr std::string_view kEnds = ",]}[{\" \t\r\n";
  const std::size_t end = chunk_.find_first_of(kEnds, at_);
  line_start_ = false;
  if (end == std::string_view::npos) {
    at_ = chunk_.size();
    return Scan::more;
  }
  at_ = end;
  return Scan::done;
}

void RecordSplitter::enter_nested(State state) {
  state_ = state;
  depth_ = 1;
  in_string_ = false;
  escaped_ = false;
  take('{');
}

void RecordSplitter::enter_string(State state) {
  state_ = state;
  escaped_ = false;
  small_.clear();
  take('"');
}

void RecordSplitter::enter_array(bool wrapped, bool messages) {
  array_wrapped_ = wrapped;
  array_messages_ = messages;
  if (!wrapped) control_ = false;
  state_ = State::element_or_close;
  take('[');
}

void RecordSplitter::end_key() {
  key_ = Key::other;
  if (small_ == "Records") key_ = Key::records;
  if (small_ == "logEvents") key_ = Key::log_events;
  if (small_ == "messageType") key_ = Key::message_type;
  if (small_ == "digestStartTime" || small_ == "digestEndTime") {
    holds_none_ = true;
    capturing_ = false;
  }
  state_ = State::colon;
}

RecordSplitter::Item RecordSplitter::end_object() {
  state_ = State::top;
  if (is_wrapper_) {
    if (control_) ++counts_.control_messages;
    return {};
  }
  if (holds_none_) {
    ++counts_.digests;
    return {};
  }
  control_ = false;
  return end_capture(/*needs_message=*/false);
}

// A line end in the record at hand. After an object that grew too large nothing tells an end that
// is missing from one that is far away: the next line is the place to go on.
bool RecordSplitter::may_hold_line_end() {
  if (!capturing_) return true;
  line_ends_ = true;
  return !over_limit(at_) || state_ == State::element_nested;
}

// By what was read up to `end`, never by where a chunk ends: any chunks give the same records.
bool RecordSplitter::over_limit(std::size_t end) const {
  return capturing_ && (too_large_ || carry_.size() + (end - capture_) > limit_);
}

RecordSplitter::Item RecordSplitter::broken() {
  const bool too_large = over_limit(at_);
  capturing_ = false;
  state_ = State::lost;
  return {Kind::refused, too_large ? RefuseReason::too_large : RefuseReason::malformed, {}};
}

void RecordSplitter::begin_capture() {
  capturing_ = true;
  capture_ = at_;
  carry_.clear();
  too_large_ = false;
  line_ends_ = false;
}

void RecordSplitter::keep_piece() {
  if (over_limit(chunk_.size())) {
    too_large_ = true;
    carry_.clear();
  } else {
    carry_.append(chunk_.substr(capture_));
  }
}

RecordSplitter::Item RecordSplitter::end_capture(bool needs_message) {
  const bool too_large = over_limit(at_);
  capturing_ = false;
  if (too_large) return {Kind::refused, RefuseReason::too_large, {}};
  std::string_view record = chunk_.substr(capture_, at_ - capture_);
  if (!carry_.empty() || line_ends_) {
    carry_.append(record);
    if (line_ends_) std::ranges::replace(carry_, '\n', ' ');
    record = carry_;
  }
  if (needs_message || mode_ == RecordMode::flow_log) return unwrap(record, needs_message);
  return {Kind::line, RefuseReason::none, record};
}

RecordSplitter::Item RecordSplitter::unwrap(std::string_view object, bool needs_message) {
  if (needs_message && control_) return {};
  const std::optional<std::string_view> raw = find_string_member(object, "message");
  if (!raw && !needs_message) return {Kind::line, RefuseReason::none, object};
  if (!raw || !unescape_json(*raw, message_)) {
    return {Kind::refused, RefuseReason::malformed, {}};
  }
  while (!message_.empty() && (message_.back() == '\n' || message_.back() == '\r')) {
    message_.pop_back();
  }
  std::ranges::replace(message_, '\n', ' ');
  return {Kind::line, RefuseReason::none, message_};
}

}  // namespace weir
