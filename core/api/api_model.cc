#include "core/api/api_model.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::string_view kBusKind = "event-bus/";
constexpr std::string_view kRuleKind = "rule/";
constexpr std::string_view kDefault = "default";

}  // namespace

ApiModel::ApiModel(const Catalog& catalog, WallTime since)
    : account_(catalog.account), region_(catalog.region), since_(since) {
  const std::string prefix = arn_prefix();
  const auto bus_arn = [&](BusId id) {
    return prefix + std::string(kBusKind) + catalog.buses[id.value].name;
  };
  for (std::size_t i = 0; i < catalog.buses.size(); ++i) {
    const BusId id(static_cast<std::uint16_t>(i));
    buses_[catalog.buses[i].name] = {.id = id, .arn = bus_arn(id), .rules = {}};
  }
  for (const RuleSpec& rule : catalog.rules) {
    const std::string& bus = catalog.buses[rule.bus.value].name;
    const std::string path = bus == kDefault ? "" : bus + "/";
    ApiRule shown{.arn = prefix + std::string(kRuleKind) + path + rule.name,
                  .pattern = rule.pattern,
                  .targets = {}};
    for (const TargetId id : rule.targets) {
      const TargetSpec& target = catalog.targets[id.value];
      shown.targets.push_back({.id = target.name,
                               .arn = target.kind == TargetKind::bus
                                          ? bus_arn(target.to_bus)
                                          : "arn:aws:weir:::target/" + target.name});
    }
    std::ranges::sort(shown.targets, {}, &ApiTarget::id);
    buses_[bus].rules[rule.name] = std::move(shown);
  }
}

const ApiBus* ApiModel::bus(std::string_view name) const {
  const auto found = buses_.find(name);
  return found == buses_.end() ? nullptr : &found->second;
}

std::string_view ApiModel::bus_name(std::string_view given) const {
  if (!given.starts_with("arn:")) return given;
  const std::string prefix = arn_prefix() + std::string(kBusKind);
  if (!given.starts_with(prefix)) return {};
  return given.substr(prefix.size());
}

std::optional<ApiModel::Resource> ApiModel::resource(std::string_view arn) const {
  const std::string prefix = arn_prefix();
  if (!arn.starts_with(prefix)) return std::nullopt;
  arn.remove_prefix(prefix.size());
  if (arn.starts_with(kBusKind)) {
    return Resource{.bus = std::string(arn.substr(kBusKind.size())), .rule = std::nullopt};
  }
  if (!arn.starts_with(kRuleKind)) return std::nullopt;
  arn.remove_prefix(kRuleKind.size());
  const std::size_t slash = arn.rfind('/');
  if (slash == arn.npos) return Resource{.bus = std::string(kDefault), .rule = std::string(arn)};
  return Resource{.bus = std::string(arn.substr(0, slash)),
                  .rule = std::string(arn.substr(slash + 1))};
}

}  // namespace weir
