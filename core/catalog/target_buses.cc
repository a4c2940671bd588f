#include "core/catalog/target_buses.h"

#include <algorithm>

namespace weir {
namespace {

using Buses = std::vector<BusId>;

bool add_all(const Buses& from, Buses& to) {
  Buses merged;
  std::ranges::set_union(to, from, std::back_inserter(merged));
  const bool grew = merged.size() > to.size();
  to = std::move(merged);
  return grew;
}

// By BusId: the bus itself and all whose events come to it.
std::vector<Buses> origins_of(const Catalog& catalog) {
  std::vector<Buses> origins;
  for (std::size_t i = 0; i < catalog.buses.size(); ++i) {
    origins.push_back({BusId(static_cast<std::uint16_t>(i))});
  }
  for (bool grew = true; grew;) {
    grew = false;
    for (const RuleSpec& rule : catalog.rules) {
      for (const TargetId id : rule.targets) {
        const TargetSpec& target = catalog.targets[id.value];
        if (target.kind != TargetKind::bus || !target.to_bus.valid()) continue;
        if (add_all(Buses(origins[rule.bus.value]), origins[target.to_bus.value])) grew = true;
      }
    }
  }
  return origins;
}

void find_only_rules(Catalog& catalog, const std::vector<Buses>& origins) {
  std::vector<std::vector<std::uint32_t>> counts;
  for (TargetSpec& target : catalog.targets) {
    target.only_rules.assign(target.buses.size(), {});
    counts.emplace_back(target.buses.size());
  }
  for (const RuleSpec& rule : catalog.rules) {
    for (const TargetId id : rule.targets) {
      TargetSpec& target = catalog.targets[id.value];
      for (const BusId bus : origins[rule.bus.value]) {
        const auto at = std::ranges::lower_bound(target.buses, bus) - target.buses.begin();
        const auto place = static_cast<std::size_t>(at);
        const bool only = ++counts[id.value][place] == 1;
        target.only_rules[place] = only ? rule.name : std::string();
      }
    }
  }
}

}  // namespace

void find_target_buses(Catalog& catalog) {
  const std::vector<Buses> origins = origins_of(catalog);
  for (TargetSpec& target : catalog.targets) target.buses.clear();
  for (const RuleSpec& rule : catalog.rules) {
    for (const TargetId id : rule.targets) {
      add_all(origins[rule.bus.value], catalog.targets[id.value].buses);
    }
  }
  find_only_rules(catalog, origins);
}

}  // namespace weir
