// Matcher: which rules of a RuleSet match each event, with every event checked as strict JSON.
//
// Threads: one per thread; it is scratch memory. Lifetime: used with any number of RuleSets, one
// call at a time; nothing of a RuleSet is kept between calls. Nothing is allocated once the scratch
// has grown to what the rule set and the blocks need. Errors: per line, as values.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/event/event_error.h"
#include "core/rule/rule_set.h"

namespace weir {

struct LineResult {
  std::uint32_t offset = 0;  // of the event in the text
  std::uint32_t length = 0;  // without the line end
  std::uint32_t line = 0;    // physical line in the text, from 1
  EventError error = EventError::none;
  std::uint32_t error_offset = 0;  // from the start of the line
  std::uint32_t first_match = 0;   // into LineResults::matches
  std::uint32_t match_count = 0;
};

struct LineResults {
  std::vector<LineResult> lines;  // one for each line that is not blank
  std::vector<RuleIndex> matches;
  std::uint32_t physical_lines = 0;  // blank ones included
  void clear() {
    lines.clear();
    matches.clear();
    physical_lines = 0;
  }
  std::span<const RuleIndex> matches_of(const LineResult& line) const {
    return std::span(matches).subspan(line.first_match, line.match_count);
  }
};

// One value that did not come as JSON text.
struct FlatValue {
  enum Kind : std::uint8_t { string, number, true_, false_, null };
  PathId path;
  Kind kind = string;
  std::string_view raw;  // strings: the text itself, no escapes; numbers: JSON spelling
};

// The record is matched as if it stood at the field `prefix` of an object that also holds the
// constants.
struct EnvelopeValues {
  std::span<const FlatValue> constants;
  std::string_view prefix;  // "detail"
};

class Matcher {
 public:
  Matcher();
  ~Matcher();
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;

  // NDJSON with at least kMatchPadding readable bytes behind it. Appends to `out`: blank lines are
  // skipped, a CR before the LF is not part of the event, the last line may lack its LF. Matches
  // are ascending and unique. A bad line never touches its neighbours.
  static constexpr std::size_t kMatchPadding = 128;
  void match_lines(const RuleSet& rules, std::string_view text, LineResults& out,
                   const EnvelopeValues* envelope = nullptr);
  // The same up to the line with which there are `matches_max` matches or more, so that many rules
  // that all match do not make the results many times the text. Returns how many bytes were dealt
  // with; the caller goes on behind them.
  static constexpr std::size_t kMatchesAtOnce = 256U * 1024;
  std::size_t match_some_lines(const RuleSet& rules, std::string_view text, LineResults& out,
                               const EnvelopeValues* envelope = nullptr,
                               std::size_t matches_max = kMatchesAtOnce);

  // One event, any white space in it (also line ends); needs no padding. Appends to `out`.
  EventError match_event(const RuleSet& rules, std::string_view event, std::vector<RuleIndex>& out,
                         std::uint32_t* error_offset = nullptr);

  // A record that is parsed already: none, or too_complex. Values of one path may repeat; all
  // count.
  EventError match_flat(const RuleSet& rules, std::span<const FlatValue> values,
                        std::vector<RuleIndex>& out);

 private:
  class Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace weir
