#include "core/cell/routing_builder.h"

#include <algorithm>

namespace weir {

TargetId TargetSlots::find_or_add(const std::string& name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  const auto index = static_cast<std::uint16_t>(found - names_.begin());
  if (found == names_.end()) names_.push_back(name);
  return TargetId(index);
}

namespace {

std::vector<TargetId> slots_of(const RuleSpec& rule, const Catalog& catalog, TargetSlots& slots) {
  std::vector<TargetId> result;
  for (const TargetId target : rule.targets) {
    result.push_back(slots.find_or_add(catalog.targets[target.value].name));
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

Result<BusRouting> build_bus(const Catalog& catalog, BusId bus, TargetSlots& slots) {
  BusRouting routing;
  std::vector<RuleText> texts;
  std::vector<const RuleSpec*> specs;
  for (std::size_t i = 0; i < catalog.rules.size(); ++i) {
    const RuleSpec& rule = catalog.rules[i];
    if (rule.bus != bus) continue;
    texts.push_back({.name = rule.name, .pattern = rule.pattern});
    specs.push_back(&rule);
    routing.routed.push_back(
        {.slot = static_cast<std::uint32_t>(i), .targets = slots_of(rule, catalog, slots)});
  }
  auto rules = compile_rules(texts);
  if (!rules) {
    const RuleSpec& rule = *specs[rules.error().rule];
    return Error{rule.place + ": rule " + rule.name + ": " + rules.error().message};
  }
  routing.rules = std::move(rules).value();
  return routing;
}

}  // namespace

Result<std::shared_ptr<const Routing>> build_routing(const Catalog& catalog, std::uint64_t version,
                                                     std::size_t routers, TargetSlots& slots) {
  auto routing = std::make_shared<Routing>();
  routing->version = version;
  for (const TargetSpec& target : catalog.targets) slots.find_or_add(target.name);
  for (std::size_t i = 0; i < catalog.buses.size(); ++i) {
    auto bus = build_bus(catalog, BusId(static_cast<std::uint16_t>(i)), slots);
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

}  // namespace weir
