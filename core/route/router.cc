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

Router::Router(const Shared& shared, std::size_t index, std::size_t sources)
    : routed_channel_(shared.routed),
      sealed_(shared.sealed),
      routed_(shared.routed),
      routing_(shared.routing),
      index_(index),
      renderer_(shared.renderer),
      envelope_bindings_(sources),
      counters_(std::make_unique<SourceCounters[]>(sources)) {}

std::size_t Router::poll(const Now& /*now*/) {
  std::array<Block*, kBlocksPerPoll> blocks{};
  const Routing& routing = routing_.get();
  if (routing.version != version_.read()) {
    for (auto& binding : envelope_bindings_) binding.reset();
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
  EnvelopeBinding* binding = envelope_binding(block.spans[first].origin->source, rules);
  if (binding != nullptr) envelope = binding->values(block.received.wall);
  results_.clear();
  matcher_.match_lines(rules, text, results_, binding != nullptr ? &envelope : nullptr);
  std::size_t next = 0;
  std::uint32_t lines_before = 0;
  for (std::size_t s = first; s < last; ++s) {
    ProducerSpan& span = block.spans[s];
    for (; next < results_.lines.size() && base + results_.lines[next].offset < span.end; ++next) {
      const LineResult& line = results_.lines[next];
      take_line(block, s, line, base, line.line - lines_before, routing);
    }
    const std::string_view lines = span_text(block, span);
    span.lines = last - first == 1
                     ? results_.physical_lines
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
  accept(block, base + line.offset, line.length, block.bus, routing, results_.matches_of(line),
         counters_[source_id.value]);
}

void Router::accept(Block& block, std::uint32_t offset, std::uint32_t length, BusId bus,
                    const Routing& routing, std::span<const RuleIndex> matched,
                    SourceCounters& counters) {
  const BusRouting& bus_routing = routing.buses[bus.value];
  for (const RuleIndex rule : matched) {
    routing.stats->at(index_, bus_routing.routed[rule].slot).add();
  }
  counters.accepted.add();
  if (matched.empty()) counters.unmatched.add();
  block.events.push_back(
      {.offset = offset, .length = length, .set = sets_.find_or_add(bus, bus_routing, matched)});
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
EnvelopeBinding* Router::envelope_binding(SourceId source, const RuleSet& rules) {
  if (!renderer_.enveloped(source)) return nullptr;
  auto& binding = envelope_bindings_[source.value];
  if (binding == nullptr) binding = std::make_unique<EnvelopeBinding>(rules, renderer_, source);
  return binding.get();
}

FlowLogBinding& Router::flow_log_binding(const Origin& origin, const RuleSet& rules) {
  for (FlowLogBindingOf& known : flow_log_bindings_) {
    if (known.source == origin.source && known.layout == origin.layout) return *known.binding;
  }
  flow_log_bindings_.push_back(
      {origin.source, origin.layout,
       std::make_unique<FlowLogBinding>(rules, renderer_, origin.source, *origin.layout)});
  return *flow_log_bindings_.back().binding;
}

void Router::route_flow_log(Block& block, std::size_t s, const Routing& routing) {
  ProducerSpan& span = block.spans[s];
  const SourceId source_id = span.origin->source;
  const SourceRouting& source = routing.sources[source_id.value];
  const FlowLogLayout& layout = *span.origin->layout;
  const RuleSet& rules = *routing.buses[block.bus.value].rules;
  FlowLogBinding& binding = flow_log_binding(*span.origin, rules);
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
    if (reason != RefuseReason::none) {
      refuse(block, {.span = static_cast<std::uint32_t>(s),
                     .line = span.lines,
                     .offset = offset,
                     .length = static_cast<std::uint32_t>(line.size()),
                     .reason = reason});
      continue;
    }
    matched_.clear();
    matcher_.match_flat(rules, binding.fill(values_, block.received.wall), matched_);
    accept(block, offset, static_cast<std::uint32_t>(line.size()), block.bus, routing, matched_,
           counters_[source_id.value]);
  }
  close_span(block, s);
}

}  // namespace weir
