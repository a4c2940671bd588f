#include "core/api/api_objects.h"

#include <algorithm>

#include "core/api/aws_answer.h"
#include "core/catalog/target_buses.h"

namespace weir {
namespace {

constexpr std::string_view kTargetArn = "arn:aws:weir:::target/";
constexpr std::string_view kDefaultBus = "default";

using Texts = std::map<std::string, std::string, std::less<>>;

void write(JsonWriter& writer, std::string_view name, const Texts& texts) {
  if (texts.empty()) return;
  writer.name(name).begin_array();
  for (const auto& [key, value] : texts) {
    writer.begin_array().text(key).text(value).end_array();
  }
  writer.end_array();
}

bool read(AwsInput& input, std::string_view name, Texts& into) {
  const JsonNode* list = input.array(input.root(), name);
  if (list == nullptr) return !input.error();
  const JsonTree& tree = input.tree();
  for (const JsonNode* at = tree.first_child(*list); at != nullptr; at = tree.next(*at)) {
    if (at->kind != JsonNode::Kind::array || at->children != 2) return false;
    const JsonNode* key = tree.first_child(*at);
    const JsonNode* value = tree.next(*key);
    if (key->kind != JsonNode::Kind::string || value->kind != JsonNode::Kind::string) return false;
    into[key->text()] = value->text();
  }
  return true;
}

// `*` stands for any text.
bool fits(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  while (true) {
    const std::size_t next = pattern.find('*');
    if (next == pattern.npos) return text.ends_with(pattern);
    const std::size_t found = text.find(pattern.substr(0, next));
    if (found == text.npos) return false;
    text.remove_prefix(found + next);
    pattern.remove_prefix(next + 1);
  }
}

// The target that leads to this bus.
TargetId target_to(BusId bus, Catalog& catalog) {
  const auto found = std::ranges::find_if(catalog.targets, [&](const TargetSpec& target) {
    return target.kind == TargetKind::bus && target.to_bus == bus;
  });
  if (found != catalog.targets.end()) {
    return TargetId(static_cast<std::uint16_t>(found - catalog.targets.begin()));
  }
  TargetSpec target;
  target.name = "event-bus/" + catalog.buses[bus.value].name;
  target.kind = TargetKind::bus;
  target.to_bus = bus;
  const bool durable = catalog.buses[bus.value].durability == Durability::fsync;
  target.when_full = durable ? WhenFull::lag : WhenFull::block;
  catalog.targets.push_back(std::move(target));
  return TargetId(static_cast<std::uint16_t>(catalog.targets.size() - 1));
}

void add_rule(const RuleKey& key, const StoredRule& stored, MergedCatalog& merged) {
  Catalog& catalog = merged.catalog;
  const auto bus = std::ranges::find(catalog.buses, key.first, &BusSpec::name);
  if (bus == catalog.buses.end() || !stored.enabled || stored.pattern.empty()) return;
  RuleSpec rule;
  rule.name = merged_name(key);
  rule.bus = BusId(static_cast<std::uint16_t>(bus - catalog.buses.begin()));
  rule.pattern = stored.pattern;
  rule.place = "rule " + rule.name + " of the API";
  for (const auto& [id, arn] : stored.targets) {
    const ArnMeaning meaning = meaning_of(arn, catalog);
    if (meaning.known()) {
      rule.targets.push_back(meaning.target.valid() ? meaning.target
                                                    : target_to(meaning.bus, catalog));
    } else if (std::ranges::find(merged.unknown_arns, arn) == merged.unknown_arns.end()) {
      merged.unknown_arns.push_back(arn);
    }
  }
  std::ranges::sort(rule.targets);
  rule.targets.erase(std::unique(rule.targets.begin(), rule.targets.end()), rule.targets.end());
  catalog.rules.push_back(std::move(rule));
}

// What is wrong with the ways between buses, if anything.
std::optional<Error> fault_of_ways(const Catalog& catalog) {
  for (const TargetSpec& target : catalog.targets) {
    if (target.kind != TargetKind::bus) continue;
    const BusSpec& to = catalog.buses[target.to_bus.value];
    for (const BusId from : target.buses) {
      const BusSpec& bus = catalog.buses[from.value];
      if (from == target.to_bus) {
        return Error{"events of event bus " + bus.name + " would come back to it for ever"};
      }
      if (bus.durability != to.durability) {
        return Error{"event buses " + bus.name + " and " + to.name +
                     " must both be durable, or both in memory"};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::string merged_name(const RuleKey& key) {
  return key.first == kDefaultBus ? key.second : key.first + "/" + key.second;
}

std::string to_json(const StoredRule& rule) {
  std::string text;
  JsonWriter writer(text);
  writer.begin_object().member("pattern", rule.pattern).member("description", rule.description);
  writer.member("role", rule.role).member("state", rule.enabled ? "ENABLED" : "DISABLED");
  write(writer, "targets", rule.targets);
  write(writer, "roles", rule.roles);
  write(writer, "tags", rule.tags);
  writer.end_object();
  return text;
}

std::optional<StoredRule> stored_rule(std::string_view json) {
  AwsInput input;
  if (!input.read(json)) return std::nullopt;
  StoredRule rule;
  rule.pattern = input.text("pattern").value_or("");
  rule.description = input.text("description").value_or("");
  rule.role = input.text("role").value_or("");
  rule.enabled = input.text("state").value_or("") == "ENABLED";
  const bool whole = read(input, "targets", rule.targets) && read(input, "roles", rule.roles) &&
                     read(input, "tags", rule.tags);
  if (!whole || input.error()) return std::nullopt;
  return rule;
}

ArnMeaning meaning_of(std::string_view arn, const Catalog& catalog) {
  for (std::size_t i = 0; i < catalog.targets.size(); ++i) {
    const TargetSpec& target = catalog.targets[i];
    const bool named = arn.starts_with(kTargetArn) && arn.substr(kTargetArn.size()) == target.name;
    if (named || (!target.arn.empty() && fits(target.arn, arn))) {
      return {.target = TargetId(static_cast<std::uint16_t>(i)), .bus = {}};
    }
  }
  const std::string prefix =
      "arn:aws:events:" + catalog.region + ":" + catalog.account + ":event-bus/";
  if (!arn.starts_with(prefix)) return {};
  const auto bus = std::ranges::find(catalog.buses, arn.substr(prefix.size()), &BusSpec::name);
  if (bus == catalog.buses.end()) return {};
  return {.target = {}, .bus = BusId(static_cast<std::uint16_t>(bus - catalog.buses.begin()))};
}

Result<MergedCatalog> merge_objects(const Catalog& configuration, const ApiObjects& objects) {
  MergedCatalog merged{.catalog = configuration, .unknown_arns = {}};
  for (const auto& [key, rule] : objects) add_rule(key, rule, merged);
  find_target_buses(merged.catalog);
  for (TargetSpec& target : merged.catalog.targets) {
    const bool in_memory = std::ranges::any_of(target.buses, [&](BusId bus) {
      return merged.catalog.buses[bus.value].durability == Durability::memory;
    });
    if (in_memory && target.when_full == WhenFull::lag) target.when_full = WhenFull::block;
  }
  // A bus that leads back to itself is among those its own targets take from.
  if (auto fault = fault_of_ways(merged.catalog)) return *std::move(fault);
  return merged;
}

}  // namespace weir
