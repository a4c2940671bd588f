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

}  // namespace

void find_target_buses(Catalog& catalog) {
  const std::vector<Buses> origins = origins_of(catalog);
  for (TargetSpec& target : catalog.targets) target.buses.clear();
  for (const RuleSpec& rule : catalog.rules) {
    for (const TargetId id : rule.targets) {
      add_all(origins[rule.bus.value], catalog.targets[id.value].buses);
    }
  }
}

}  // namespace weir
