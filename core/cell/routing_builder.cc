#include "core/cell/routing_builder.h"

#include <algorithm>

namespace weir {

TargetId TargetSlots::find_or_add(const std::string& name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  const auto index = static_cast<std::uint16_t>(found - names_.begin());
  if (found == names_.end()) names_.push_back(name);
  return TargetId(index);
}

TargetId TargetSlots::find(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) return {};
  return TargetId(static_cast<std::uint16_t>(found - names_.begin()));
}

LiveRules& BusRules::of(BusId bus, const CompileLimits& limits) {
  if (limits != limits_) buses_.clear();
  limits_ = limits;
  if (buses_.size() <= bus.value) buses_.resize(bus.value + 1U);
  auto& rules = buses_[bus.value];
  if (rules == nullptr) rules = std::make_unique<LiveRules>(limits);
  return *rules;
}

bool BusRules::merge_due() const {
  return std::any_of(buses_.begin(), buses_.end(),
                     [](const auto& rules) { return rules != nullptr && rules->merge_due(); });
}

namespace {

// `slots`: by TargetId of the catalog.
std::vector<TargetId> slots_of(const RuleSpec& rule, const std::vector<TargetId>& slots) {
  std::vector<TargetId> result;
  result.reserve(rule.targets.size());
  for (const TargetId target : rule.targets) result.push_back(slots[target.value]);
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

// The buses among the rule's targets.
std::vector<BusId> onward_of(const Catalog& catalog, const RuleSpec& rule) {
  std::vector<BusId> result;
  for (const TargetId id : rule.targets) {
    const TargetSpec& target = catalog.targets[id.value];
    if (target.kind == TargetKind::bus) result.push_back(target.to_bus);
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

Result<BusRouting> build_bus(const Catalog& catalog, BusId bus, const std::vector<TargetId>& slots,
                             LiveRules& rules, const RunPieces& run) {
  std::vector<RuleText> texts;
  std::vector<std::uint32_t> positions;  // in the catalog
  for (std::uint32_t i = 0; i < catalog.rules.size(); ++i) {
    const RuleSpec& rule = catalog.rules[i];
    if (rule.bus != bus) continue;
    texts.push_back({.name = rule.name, .pattern = rule.pattern});
    positions.push_back(i);
  }
  auto set = rules.assign(texts, run);
  if (!set) {
    const RuleSpec& rule = catalog.rules[positions[set.error().rule]];
    const std::string at = set.error().path.empty() ? "" : "at '" + set.error().path + "': ";
    return Error{rule.place + ": rule " + rule.name + ": " + at + set.error().message};
  }
  BusRouting routing;
  routing.rules = std::move(set).value();
  routing.routed.resize(routing.rules->rule_count());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const RuleSpec& rule = catalog.rules[positions[i]];
    RoutedRule routed{
        .slot = positions[i], .targets = slots_of(rule, slots), .onward = onward_of(catalog, rule)};
    if (!routed.onward.empty()) routing.leads_on = true;
    routing.routed[rules.order()[i]] = std::move(routed);
  }
  return routing;
}

}  // namespace

Result<std::shared_ptr<const Routing>> build_routing(const Catalog& catalog, std::uint64_t version,
                                                     std::size_t routers, TargetSlots& slots,
                                                     BusRules& rules, const RunPieces& run) {
  auto routing = std::make_shared<Routing>();
  routing->version = version;
  std::vector<TargetId> target_slots;
  for (const TargetSpec& target : catalog.targets) {
    target_slots.push_back(slots.find_or_add(target.name));
  }
  for (std::size_t i = 0; i < catalog.buses.size(); ++i) {
    const BusId id(static_cast<std::uint16_t>(i));
    auto bus = build_bus(catalog, id, target_slots, rules.of(id, catalog.rule_limits), run);
    if (!bus) return bus.error();
    routing->buses.push_back(std::move(bus).value());
  }
  for (const SourceSpec& source : catalog.sources) {
    routing->sources.push_back({.bus = source.bus, .event_bytes_limit = source.event_bytes_limit});
  }
  routing->stats = std::make_shared<RuleStats>(routers, catalog.rules.size());
  for (const RuleSpec& rule : catalog.rules) routing->rule_names.push_back(rule.name);
  return std::shared_ptr<const Routing>(std::move(routing));
}

std::shared_ptr<const Routing> merge_rules(const Routing& routing, std::uint64_t version,
                                           BusRules& rules, const RunPieces& run) {
  auto merged = std::make_shared<Routing>(routing);
  merged->version = version;
  for (std::size_t i = 0; i < rules.buses_.size(); ++i) {
    LiveRules* live = rules.buses_[i].get();
    if (live == nullptr || !live->merge_due()) continue;
    const auto merge = live->begin_merge();
    merge->run(run);
    merged->buses[i].rules = live->finish_merge(*merge);
  }
  return merged;
}

}  // namespace weir
