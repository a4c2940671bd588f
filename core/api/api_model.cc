#include "core/api/api_model.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::string_view kBusKind = "event-bus/";
constexpr std::string_view kRuleKind = "rule/";
constexpr std::string_view kDefault = "default";

}  // namespace

ApiModel::ApiModel(const Catalog& configuration, const ApiObjects& objects, WallTime since)
    : account_(configuration.account), region_(configuration.region), since_(since) {
  for (std::size_t i = 0; i < configuration.buses.size(); ++i) {
    const std::string& name = configuration.buses[i].name;
    buses_[name] = {.id = BusId(static_cast<std::uint16_t>(i)),
                    .arn = arn_prefix() + std::string(kBusKind) + name,
                    .rules = {}};
  }
  add_rules_of(configuration);
  add_objects(objects);
}

std::string ApiModel::rule_arn(const std::string& bus, const std::string& rule) const {
  return arn_prefix() + std::string(kRuleKind) + merged_name({bus, rule});
}

void ApiModel::add_rules_of(const Catalog& configuration) {
  for (const RuleSpec& rule : configuration.rules) {
    const std::string& bus = configuration.buses[rule.bus.value].name;
    ApiRule shown;
    shown.arn = rule_arn(bus, rule.name);
    shown.pattern = rule.pattern;
    shown.of_configuration = true;
    for (const TargetId id : rule.targets) {
      const TargetSpec& target = configuration.targets[id.value];
      std::string arn = "arn:aws:weir:::target/" + target.name;
      if (target.kind == TargetKind::bus) {
        arn = arn_prefix() + std::string(kBusKind) + configuration.buses[target.to_bus.value].name;
      } else if (!target.arn.empty() && target.arn.find('*') == target.arn.npos) {
        arn = target.arn;
      }
      shown.targets.push_back({.id = target.name, .arn = std::move(arn), .role = {}});
    }
    std::ranges::sort(shown.targets, {}, &ApiTarget::id);
    buses_[bus].rules[rule.name] = std::move(shown);
  }
}

void ApiModel::add_objects(const ApiObjects& objects) {
  for (const auto& [key, rule] : objects) {
    const auto bus = buses_.find(key.first);
    if (bus == buses_.end()) continue;
    ApiRule shown;
    shown.arn = rule_arn(key.first, key.second);
    shown.pattern = rule.pattern;
    shown.description = rule.description;
    shown.role = rule.role;
    shown.enabled = rule.enabled;
    shown.tags = rule.tags;
    for (const auto& [id, arn] : rule.targets) {
      const auto role = rule.roles.find(id);
      const auto settings = rule.settings.find(id);
      shown.targets.push_back(
          {.id = id,
           .arn = arn,
           .role = role == rule.roles.end() ? "" : role->second,
           .settings = settings == rule.settings.end() ? "" : settings->second});
    }
    bus->second.rules.emplace(key.second, std::move(shown));
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
