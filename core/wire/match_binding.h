// What the rules see of events that are not plain JSON: the values of a flow-log line, and the
// fields of an envelope that is only written when an event crosses to a target.
//
// A binding is made once for each (rule set, source, layout) and maps fields to the rule set's
// paths; fields that no rule reads cost nothing per line. What it offers is what EventRenderer will
// write, with one exception: `id` is a constant of the right shape, since an event's id is known
// only once it is accepted.
//
// Threads: one at a time (they hold scratch). Lifetime: the rule set, the layout and the renderer
// outlive them. Nothing is allocated per line.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/units.h"
#include "core/match/matcher.h"
#include "core/rule/rule_set.h"
#include "core/wire/flow_log.h"
#include "core/wire/render.h"

namespace weir {

// The field that holds the record in an envelope.
inline constexpr std::string_view kDetailField = "detail";

// For JSON records of a source with an envelope: the `envelope` of Matcher::match_lines().
class EnvelopeBinding {
 public:
  // `source` is enveloped.
  EnvelopeBinding(const RuleSet& rules, const EventRenderer& renderer, SourceId source);
  EnvelopeBinding(const EnvelopeBinding&) = delete;
  EnvelopeBinding& operator=(const EnvelopeBinding&) = delete;

  // For the records of a block received then. Valid until the next call of either function.
  EnvelopeValues values(WallTime received);
  // The same for a record that brings its own facts; appended to `out`.
  void append(const EnvelopeFacts& facts, std::vector<FlatValue>& out);

 private:
  void bind(const RuleSet& rules, std::string_view field, std::string_view text);

  const EventRenderer& renderer_;
  std::vector<FlatValue> constants_;  // those that rules read
  PathId account_;
  PathId region_;
  PathId time_;
  PathId resources_;  // of a flow-log line; not valid when resources are configured
  EventTimeText time_text_{};
  std::string arn_;
  std::vector<FlatValue> values_;
};

// For flow-log lines, enveloped or not: the values for Matcher::match_flat().
class FlowLogBinding {
 public:
  FlowLogBinding(const RuleSet& rules, const EventRenderer& renderer, SourceId source,
                 const FlowLogLayout& layout);

  // `values` as FlowLogLayout::split() left them. The result points into them and is valid until
  // the next call.
  std::span<const FlatValue> fill(const FlowLogValues& values, WallTime received);

 private:
  struct Bound {
    std::size_t field;
    PathId path;
    FlatValue::Kind kind;
  };
  const EventRenderer& renderer_;
  const FlowLogLayout& layout_;
  std::vector<Bound> bound_;
  std::unique_ptr<EnvelopeBinding> envelope_;  // null: bare
  std::vector<FlatValue> values_;
};

}  // namespace weir
