#include "core/route/router.h"

#include <algorithm>

#include "core/base/check.h"

namespace weir {
namespace {

// Blocks routed per poll: few, so that a thread with other stages stays quick on its feet.
constexpr std::size_t kBlocksPerPoll = 2;

RefuseReason to_reason(EventError error) {
  switch (error) {
    case EventError::none:
      return RefuseReason::none;
    case EventError::malformed:
      return RefuseReason::malformed;
    case EventError::truncated:
      return RefuseReason::truncated;
    case EventError::not_object:
      return RefuseReason::not_object;
    case EventError::not_utf8:
      return RefuseReason::not_utf8;
    case EventError::too_deep:
      return RefuseReason::too_deep;
    case EventError::too_complex:
      return RefuseReason::too_complex;
  }
  return RefuseReason::malformed;
}

std::string_view span_text(const Block& block, const ProducerSpan& span) {
  return block.text().substr(span.begin, span.end - span.begin);
}

}  // namespace

Router::Router(const Shared& shared, std::size_t index, std::size_t sources, std::size_t buses)
    : routed_channel_(shared.routed),
      sealed_(shared.sealed),
      routed_(shared.routed),
      routing_(shared.routing),
      index_(index),
      renderer_(shared.renderer),
      envelope_bindings_(sources),
      counters_(std::make_unique<SourceCounters[]>(sources)),
      onward_counters_(std::make_unique<OnwardCounters[]>(buses)),
      buses_(buses) {}

std::size_t Router::poll(const Now& /*now*/) {
  std::array<Block*, kBlocksPerPoll> blocks{};
  const Routing& routing = routing_.get();
  if (routing.version != version_.read()) {
    for (auto& bindings : envelope_bindings_) bindings.clear();
    flow_log_bindings_.clear();
    version_.set(routing.version);
  }
  const std::size_t count = sealed_.pop(blocks);
  for (std::size_t i = 0; i < count; ++i) {
    route(*blocks[i], routing);
    if (!routed_.push(blocks[i])) routed_channel_.push_from_any_thread(blocks[i]);
  }
  return count;
}

void Router::route(Block& block, const Routing& routing) {
  block.routing_version = routing.version;
  sets_.begin(block);
  for (std::size_t span = 0; span < block.spans.size();) {
    const Origin& origin = *block.spans[span].origin;
    if (origin.layout != nullptr) {
      route_flow_log(block, span++, routing);
      continue;
    }
    // Spans of one source side by side are parsed in one go: that is what gathering is for.
    std::size_t last = span + 1;
    while (last < block.spans.size() && block.spans[last].origin->source == origin.source &&
           block.spans[last].origin->layout == nullptr) {
      ++last;
    }
    route_json(block, span, last, routing);
    span = last;
  }
}

// Spans [first, last): JSON lines of one source.
void Router::route_json(Block& block, std::size_t first, std::size_t last, const Routing& routing) {
  const std::uint32_t base = block.spans[first].begin;
  const std::string_view text = block.text().substr(base, block.spans[last - 1].end - base);
  const RuleSet& rules = *routing.buses[block.bus.value].rules;
  EnvelopeValues envelope;
  EnvelopeBinding* binding = envelope_binding(block.spans[first].origin->source, block.bus, rules);
  if (binding != nullptr) envelope = binding->values(block.received.wall);
  // In parts: rules that nearly all match make many times the block of it.
  std::size_t done = 0;      // bytes of the text
  std::uint32_t begin = 0;   // of the part, in the text
  std::uint32_t before = 0;  // lines of the parts before
  std::size_t next = 0;      // line of the part
  results_.clear();
  const auto fetch = [&] {
    before += results_.physical_lines;
    begin = static_cast<std::uint32_t>(done);
    next = 0;
    results_.clear();
    done += matcher_.match_some_lines(rules, text.substr(done), results_,
                                      binding != nullptr ? &envelope : nullptr);
  };
  std::uint32_t lines_before = 0;
  for (std::size_t s = first; s < last; ++s) {
    ProducerSpan& span = block.spans[s];
    for (;;) {
      if (next == results_.lines.size()) {
        if (done == text.size()) break;
        fetch();
        continue;
      }
      const LineResult& line = results_.lines[next];
      if (base + begin + line.offset >= span.end) break;
      take_line(block, s, line, base + begin, before + line.line - lines_before, routing);
      ++next;
    }
    const std::string_view lines = span_text(block, span);
    span.lines = last - first == 1
                     ? before + results_.physical_lines
                     : static_cast<std::uint32_t>(std::count(lines.begin(), lines.end(), '\n'));
    lines_before += span.lines;
    close_span(block, s);
  }
}

// One line of results_, from the text that begins at `base` of the block.
void Router::take_line(Block& block, std::size_t span, const LineResult& line, std::uint32_t base,
                       std::uint32_t line_number, const Routing& routing) {
  const SourceId source_id = block.spans[span].origin->source;
  const SourceRouting& source = routing.sources[source_id.value];
  RefuseReason reason = to_reason(line.error);
  if (line.length > source.event_bytes_limit) reason = RefuseReason::too_large;
  if (reason != RefuseReason::none) {
    refuse(block, {.span = static_cast<std::uint32_t>(span),
                   .line = line_number,
                   .offset = base + line.offset,
                   .length = line.length,
                   .error_offset = line.error_offset,
                   .reason = reason});
    return;
  }
  accept({block, span, base + line.offset, line.length}, routing, results_.matches_of(line));
}

void Router::accept(const Arrival& event, const Routing& routing,
                    std::span<const RuleIndex> matched) {
  Block& block = event.block;
  SourceCounters& counters = counters_[block.spans[event.span].origin->source.value];
  const BusRouting& bus = routing.buses[block.bus.value];
  note_matches(bus, routing, matched);
  counters.accepted.add();
  if (matched.empty()) counters.unmatched.add();
  const std::uint32_t set = bus.leads_on ? follow_onward(event, routing, matched)
                                         : sets_.find_or_add(block.bus, bus, matched);
  block.events.push_back({.offset = event.offset, .length = event.length, .set = set});
}

void Router::note_matches(const BusRouting& bus, const Routing& routing,
                          std::span<const RuleIndex> matched) {
  for (const RuleIndex rule : matched) routing.stats->at(index_, bus.routed[rule].slot).add();
}

// The set of all targets that the event meets on its own bus and on those it is sent on to. It
// enters each of them once, whatever the number of ways.
std::uint32_t Router::follow_onward(const Arrival& event, const Routing& routing,
                                    std::span<const RuleIndex> matched) {
  const auto meet = [&](const BusRouting& bus, std::span<const RuleIndex> rules) {
    for (const RuleIndex rule : rules) {
      const RoutedRule& routed = bus.routed[rule];
      met_.insert(met_.end(), routed.targets.begin(), routed.targets.end());
      for (const BusId to : routed.onward) {
        if (to != event.block.bus && std::ranges::find(onward_, to) == onward_.end()) {
          onward_.push_back(to);
        }
      }
    }
  };
  onward_.clear();
  met_.clear();
  const BusRouting& own = routing.buses[event.block.bus.value];
  meet(own, matched);
  if (onward_.empty()) return sets_.find_or_add(event.block.bus, own, matched);
  for (std::size_t i = 0; i < onward_.size(); ++i) {
    const BusId bus = onward_[i];
    WEIR_CHECK(bus.value < buses_);
    OnwardCounters& counters = onward_counters_[bus.value];
    counters.events.add();
    if (!match_onward(event, bus, routing)) {
      counters.too_complex.add();
      continue;
    }
    if (matched_onward_.empty()) counters.unmatched.add();
    note_matches(routing.buses[bus.value], routing, matched_onward_);
    meet(routing.buses[bus.value], matched_onward_);
  }
  return sets_.find_or_add(met_);
}

// Into matched_onward_: the rules of another bus. values_ are still those of a flow-log line.
bool Router::match_onward(const Arrival& event, BusId bus, const Routing& routing) {
  const Block& block = event.block;
  const RuleSet& rules = *routing.buses[bus.value].rules;
  const Origin& origin = *block.spans[event.span].origin;
  matched_onward_.clear();
  if (origin.layout != nullptr) {
    FlowLogBinding& binding = flow_log_binding(origin, bus, rules);
    return matcher_.match_flat(rules, binding.fill(values_, block.received.wall),
                               matched_onward_) == EventError::none;
  }
  EnvelopeValues envelope;
  EnvelopeBinding* binding = envelope_binding(origin.source, bus, rules);
  if (binding != nullptr) envelope = binding->values(block.received.wall);
  onward_results_.clear();
  matcher_.match_lines(rules, block.text().substr(event.offset, event.length), onward_results_,
                       binding != nullptr ? &envelope : nullptr);
  WEIR_CHECK(onward_results_.lines.size() == 1);
  const LineResult& line = onward_results_.lines.front();
  const auto found = onward_results_.matches_of(line);
  matched_onward_.assign(found.begin(), found.end());
  return line.error == EventError::none;
}

void Router::refuse(Block& block, const Refusal& refusal) {
  const SourceId source = block.spans[refusal.span].origin->source;
  counters_[source.value].refused[static_cast<std::size_t>(refusal.reason)].add();
  block.refusals.push_back(refusal);
}

// A line that the filler refused has no bytes; it comes after the others.
void Router::close_span(Block& block, std::size_t s) {
  ProducerSpan& span = block.spans[s];
  if (span.refused_after == RefuseReason::none) return;
  ++span.lines;
  refuse(block, {.span = static_cast<std::uint32_t>(s),
                 .line = span.lines,
                 .offset = span.end,
                 .reason = span.refused_after});
}

// Null for sources whose events are matched as they came.
EnvelopeBinding* Router::envelope_binding(SourceId source, BusId bus, const RuleSet& rules) {
  if (!renderer_.enveloped(source)) return nullptr;
  auto& bindings = envelope_bindings_[source.value];
  for (EnvelopeBindingOf& known : bindings) {
    if (known.bus == bus) return known.binding.get();
  }
  bindings.push_back({bus, std::make_unique<EnvelopeBinding>(rules, renderer_, source)});
  return bindings.back().binding.get();
}

FlowLogBinding& Router::flow_log_binding(const Origin& origin, BusId bus, const RuleSet& rules) {
  for (FlowLogBindingOf& known : flow_log_bindings_) {
    if (known.source == origin.source && known.bus == bus && known.layout == origin.layout) {
      return *known.binding;
    }
  }
  flow_log_bindings_.push_back(
      {origin.source, bus, origin.layout,
       std::make_unique<FlowLogBinding>(rules, renderer_, origin.source, *origin.layout)});
  return *flow_log_bindings_.back().binding;
}

void Router::route_flow_log(Block& block, std::size_t s, const Routing& routing) {
  ProducerSpan& span = block.spans[s];
  const SourceId source_id = span.origin->source;
  const SourceRouting& source = routing.sources[source_id.value];
  const FlowLogLayout& layout = *span.origin->layout;
  const RuleSet& rules = *routing.buses[block.bus.value].rules;
  FlowLogBinding& binding = flow_log_binding(*span.origin, block.bus, rules);
  const std::string_view first_name = layout.fields().front().name;
  for (std::uint32_t at = span.begin; at < span.end;) {
    const std::string_view rest = block.text().substr(at, span.end - at);
    const std::size_t line_end = rest.find('\n');
    std::string_view line = rest.substr(0, line_end);
    const std::uint32_t offset = at;
    at += static_cast<std::uint32_t>(line_end) + 1;
    ++span.lines;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || (line.starts_with(first_name) && line == layout.header())) continue;
    RefuseReason reason = line.size() > source.event_bytes_limit ? RefuseReason::too_large
                                                                 : layout.split(line, values_);
    if (reason == RefuseReason::none) {
      matched_.clear();
      const std::span<const FlatValue> values = binding.fill(values_, block.received.wall);
      if (matcher_.match_flat(rules, values, matched_) != EventError::none) {
        reason = RefuseReason::too_complex;
      }
    }
    if (reason != RefuseReason::none) {
      refuse(block, {.span = static_cast<std::uint32_t>(s),
                     .line = span.lines,
                     .offset = offset,
                     .length = static_cast<std::uint32_t>(line.size()),
                     .reason = reason});
      continue;
    }
    accept({block, s, offset, static_cast<std::uint32_t>(line.size())}, routing, matched_);
  }
  close_span(block, s);
}

}  // namespace weir
