#include "core/match/matcher.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "core/event/event_check.h"
#include "core/event/structural_index.h"
#include "core/match/combination.h"
#include "core/match/event_state.h"
#include "core/match/event_walk.h"
#include "core/match/rule_sorter.h"

namespace weir {

using engine::kNone;

namespace {

// Lines are indexed in runs of this size: index and text stay in the second-level cache.
constexpr std::size_t kRunBytes = std::size_t{128} * 1024;

const char* line_end_of(const char* begin, const char* end) {
  const void* found = std::memchr(begin, '\n', static_cast<std::size_t>(end - begin));
  return found == nullptr ? end : static_cast<const char*>(found);
}

// `begin` if there is none.
const char* behind_last_line_end(const char* begin, const char* end) {
  const void* last = memrchr(begin, '\n', static_cast<std::size_t>(end - begin));
  return last == nullptr ? begin : static_cast<const char*>(last) + 1;
}

}  // namespace

class Matcher::Scratch {
 public:
  std::size_t match_lines(const RuleSet& rules, std::string_view text, LineResults& out,
                          const EnvelopeValues* envelope, std::size_t matches_max);
  EventError match_event(const RuleSet& rules, std::string_view event, std::vector<RuleIndex>& out,
                         std::uint32_t* error_offset);
  EventError match_flat(const RuleSet& rules, std::span<const FlatValue> values,
                        std::vector<RuleIndex>& out);

 private:
  void use(const RuleSet& rules);
  // A run of whole lines that starts `offset` bytes into the caller's text. Returns the bytes of it
  // that were dealt with: fewer when the results are full.
  std::size_t run(std::string_view text, std::size_t offset, LineResults& out);
  std::size_t run_line_by_line(std::string_view text, std::size_t offset, LineResults& out);
  std::size_t walk_lines(std::string_view text, std::size_t offset, LineResults& out);
  // The token that ends the line of `token`.
  std::size_t line_end_token(std::size_t token) const;
  // A line that is a sound event, which states_ have seen.
  void accept(std::string_view line, std::size_t offset, LineResults& out);
  void refuse(std::string_view line, std::size_t offset, LineResults& out);
  // `text` with a line end and padding behind it.
  std::string_view padded(std::string_view text);
  void add(const FlatValue& value);

  void start();
  bool finish(std::vector<RuleIndex>& out);

  const RuleSet* rules_ = nullptr;  // during one call
  std::uint32_t root_ = 0;
  std::size_t matches_end_ = 0;  // where the results are full
  std::span<const FlatValue> constants_;
  StructuralIndex index_;
  engine::EventWalk walk_;
  // By part of the rule set.
  std::array<engine::EventState, RuleSet::kPartsMax> states_;
  std::array<engine::Combination, RuleSet::kPartsMax> combinations_;
  engine::RuleSorter sorter_;
  std::string copy_;
};

void Matcher::Scratch::use(const RuleSet& rules) {
  rules_ = &rules;
  root_ = engine::PathTree::kRoot;
  constants_ = {};
  const auto parts = rules.parts();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    states_[i].fit(*parts[i].tables);
    combinations_[i].fit(*parts[i].tables);
  }
}

void Matcher::Scratch::start() {
  const auto parts = rules_->parts();
  states_[0].start(*parts[0].tables);
  if (parts.size() == 1) return;
  states_[1].start(*parts[1].tables);
  states_[0].share_with(states_[1], *parts[1].paths);
}

// Appends the rules that match by their numbers in the set; false when the event is too complex.
bool Matcher::Scratch::finish(std::vector<RuleIndex>& out) {
  const std::size_t first = out.size();
  const auto parts = rules_->parts();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::size_t end = out.size();
    if (!combinations_[i].finish(states_[i], out) || states_[i].exhausted()) {
      out.resize(first);
      return false;
    }
    if (parts[i].rules == nullptr) continue;
    for (std::size_t from = end; from < out.size(); ++from) {
      const RuleIndex rule = (*parts[i].rules)[out[from]];
      if (rule != kNone) out[end++] = rule;
    }
    out.resize(end);
  }
  // One part with numbers of its own is in order.
  if (parts.size() > 1 || parts[0].rules != nullptr) sorter_.sort(out, first);
  return true;
}

std::string_view Matcher::Scratch::padded(std::string_view text) {
  const std::size_t size = text.size() + 1 + kMatchPadding;
  if (copy_.size() < size) copy_.resize(size);
  std::memcpy(copy_.data(), text.data(), text.size());
  std::memset(copy_.data() + text.size(), '\n', 1 + kMatchPadding);
  return {copy_.data(), text.size() + 1};
}

void Matcher::Scratch::add(const FlatValue& value) {
  if (!value.path.valid()) return;
  const std::uint32_t path = value.path.value;
  switch (value.kind) {
    case FlatValue::string:
      states_[0].add_string(path, engine::kFree, value.raw);
      break;
    case FlatValue::number:
      states_[0].add_number(path, engine::kFree, value.raw);
      break;
    case FlatValue::true_:
      states_[0].add_literal(path, engine::kFree, "t");
      break;
    case FlatValue::false_:
      states_[0].add_literal(path, engine::kFree, "f");
      break;
    case FlatValue::null:
      states_[0].add_literal(path, engine::kFree, "n");
      break;
  }
}

std::size_t Matcher::Scratch::match_lines(const RuleSet& rules, std::string_view text,
                                          LineResults& out, const EnvelopeValues* envelope,
                                          std::size_t matches_max) {
  use(rules);
  const std::size_t there = out.matches.size();
  matches_end_ = there + std::min(matches_max, SIZE_MAX - there);
  if (envelope != nullptr) {
    root_ = rules_->tree().resolve_text(root_, envelope->prefix);
    constants_ = envelope->constants;
  }
  const char* begin = text.data();
  const char* end = begin + text.size();
  const char* p = begin;
  while (p < end) {
    const char* stop = end;
    if (static_cast<std::size_t>(end - p) > kRunBytes) {
      // Up to the last line end of the run, or to the end of a line that is longer.
      stop = line_end_of(p, end);
      if (stop < end) ++stop;
      if (stop < p + kRunBytes) stop = behind_last_line_end(p, p + kRunBytes);
    } else if (end[-1] != '\n') {
      stop = behind_last_line_end(p, end);
      if (stop == p) stop = end;
    }
    const std::string_view piece(p, static_cast<std::size_t>(stop - p));
    const auto offset = static_cast<std::size_t>(p - begin);
    const std::size_t done = run(piece.back() == '\n' ? piece : padded(piece), offset, out);
    if (done < piece.size()) return offset + done;
    p = stop;
  }
  return text.size();
}

std::size_t Matcher::Scratch::run(std::string_view text, std::size_t offset, LineResults& out) {
  if (index_.build(text, StructuralIndex::LineEnds::tokens)) return walk_lines(text, offset, out);
  return run_line_by_line(text, offset, out);
}

std::size_t Matcher::Scratch::run_line_by_line(std::string_view text, std::size_t offset,
                                               LineResults& out) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    const std::string_view line = text.substr(begin, end - begin);
    if (index_.build(line, StructuralIndex::LineEnds::tokens)) {
      walk_lines(line, offset + begin, out);
    } else {
      ++out.physical_lines;
      refuse(line.substr(0, line.size() - 1), offset + begin, out);
    }
    begin = end;
    if (out.matches.size() >= matches_end_) return end;
  }
  return text.size();
}

void Matcher::Scratch::refuse(std::string_view line, std::size_t offset, LineResults& out) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  LineResult result;
  result.offset = static_cast<std::uint32_t>(offset);
  result.length = static_cast<std::uint32_t>(line.size());
  result.line = out.physical_lines;
  result.first_match = static_cast<std::uint32_t>(out.matches.size());
  const EventCheck check = check_event(line);
  // The walk and the check agree on what an event is; the tests hold them to it.
  result.error = check.error == EventError::none ? EventError::malformed : check.error;
  result.error_offset = check.offset;
  out.lines.push_back(result);
}

std::size_t Matcher::Scratch::walk_lines(std::string_view text, std::size_t offset,
                                         LineResults& out) {
  walk_.open(text.data(), index_);
  const char* bytes = index_.bytes();
  const std::uint32_t* positions = index_.positions();
  const engine::EventWalk::Token count = index_.count();
  std::uint32_t begin = 0;
  for (engine::EventWalk::Token token = 0; token < count; ++token) {
    ++out.physical_lines;
    if (bytes[token] != '\n') {
      const engine::EventWalk::Token first = token;
      start();
      for (const FlatValue& constant : constants_) add(constant);
      token = walk_.walk(rules_->tree(), root_, states_[0], first);
      const bool sound = token != engine::EventWalk::kBad && bytes[token] == '\n' &&
                         walk_.escapes_sound(begin, positions[token]);
      if (!sound) token = line_end_token(first);
      const std::string_view line = text.substr(begin, positions[token] - begin);
      if (sound) {
        accept(line, offset + begin, out);
      } else {
        refuse(line, offset + begin, out);
      }
    }
    begin = positions[token] + 1;
    if (out.matches.size() >= matches_end_) return begin;
  }
  return text.size();
}

std::size_t Matcher::Scratch::line_end_token(std::size_t token) const {
  const char* bytes = index_.bytes();
  return static_cast<std::size_t>(line_end_of(bytes + token, bytes + index_.count()) - bytes);
}

void Matcher::Scratch::accept(std::string_view line, std::size_t offset, LineResults& out) {
  // In place: a copy of what was just written in parts waits for all of them.
  LineResult& result = out.lines.emplace_back();
  result.offset = static_cast<std::uint32_t>(offset);
  result.length = static_cast<std::uint32_t>(line.size()) - (line.back() == '\r' ? 1 : 0);
  result.line = out.physical_lines;
  result.first_match = static_cast<std::uint32_t>(out.matches.size());
  if (!finish(out.matches)) result.error = EventError::too_complex;
  result.match_count = static_cast<std::uint32_t>(out.matches.size()) - result.first_match;
}

EventError Matcher::Scratch::match_event(const RuleSet& rules, std::string_view event,
                                         std::vector<RuleIndex>& out, std::uint32_t* error_offset) {
  use(rules);
  const std::string_view text = padded(event);
  bool sound = index_.build(text, StructuralIndex::LineEnds::space);
  if (sound) {
    walk_.open(text.data(), index_);
    start();
    sound = walk_.escapes_sound(0, static_cast<std::uint32_t>(event.size())) &&
            walk_.walk(rules_->tree(), root_, states_[0], 0) == index_.count();
  }
  if (error_offset != nullptr) *error_offset = 0;
  if (sound) return finish(out) ? EventError::none : EventError::too_complex;
  const EventCheck check = check_event(event);
  if (error_offset != nullptr) *error_offset = check.offset;
  return check.error == EventError::none ? EventError::malformed : check.error;
}

EventError Matcher::Scratch::match_flat(const RuleSet& rules, std::span<const FlatValue> values,
                                        std::vector<RuleIndex>& out) {
  use(rules);
  start();
  for (const FlatValue& value : values) add(value);
  return finish(out) ? EventError::none : EventError::too_complex;  // for its wildcards
}

Matcher::Matcher() : scratch_(std::make_unique<Scratch>()) {}
Matcher::~Matcher() = default;

void Matcher::match_lines(const RuleSet& rules, std::string_view text, LineResults& out,
                          const EnvelopeValues* envelope) {
  scratch_->match_lines(rules, text, out, envelope, SIZE_MAX);
}
std::size_t Matcher::match_some_lines(const RuleSet& rules, std::string_view text, LineResults& out,
                                      const EnvelopeValues* envelope, std::size_t matches_max) {
  return scratch_->match_lines(rules, text, out, envelope, matches_max);
}
EventError Matcher::match_event(const RuleSet& rules, std::string_view event,
                                std::vector<RuleIndex>& out, std::uint32_t* error_offset) {
  return scratch_->match_event(rules, event, out, error_offset);
}
EventError Matcher::match_flat(const RuleSet& rules, std::span<const FlatValue> values,
                               std::vector<RuleIndex>& out) {
  return scratch_->match_flat(rules, values, out);
}

}  // namespace weir
