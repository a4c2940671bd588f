#include "core/api/api_objects.h"

#include <algorithm>

#include "core/api/aws_answer.h"
#include "core/api/target_settings.h"
#include "core/catalog/target_buses.h"

namespace weir {
namespace {

constexpr std::string_view kTargetArn = "arn:aws:weir:::target/";
constexpr std::string_view kDefaultBus = "default";
constexpr std::size_t kTargetsMost = 60000;  // ids have 16 bits

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

void note_unknown(const std::string& arn, MergedCatalog& merged) {
  if (std::ranges::find(merged.unknown_arns, arn) != merged.unknown_arns.end()) return;
  merged.unknown_arns.push_back(arn);
}

// A copy of the target, with what the rule says of it.
Result<TargetId> copy_of(TargetId of, const TargetSettings& settings, std::string name,
                         const Catalog& configuration, MergedCatalog& merged) {
  TargetSpec copy = merged.catalog.targets[of.value];
  const std::string what = "target " + copy.name;
  if (copy.kind == TargetKind::file || copy.kind == TargetKind::standard_output) {
    return Error{what +
                 " is written by one writer alone: let a tcp, unix, url or discard target "
                 "stand for an ARN that is given " +
                 settings.named};
  }
  if (merged.catalog.targets.size() >= kTargetsMost) return Error{"there are too many targets"};
  copy.name = std::move(name);
  copy.arn.clear();
  copy.input = settings.input;
  if (settings.input.kind != InputSpec::Kind::event && !copy.order_by.empty()) {
    copy.order_by.clear();  // the field is in the event and not in what stands in its place
    copy.http.concurrency = 1;
  }
  if (settings.retries_max) copy.retry.retries_max = *settings.retries_max;
  if (settings.age_max) copy.retry.age_max = *settings.age_max;
  if (!settings.dead_letter_arn.empty()) {
    const TargetId letters = meaning_of(settings.dead_letter_arn, configuration).target;
    if (!letters.valid()) {
      note_unknown(settings.dead_letter_arn, merged);
    } else if (configuration.data_dir.empty()) {
      return Error{"dead letters are written to a data_dir first, and there is none"};
    } else if (letters == of) {
      return Error{what + " cannot take its own dead letters"};
    } else {
      copy.dead_letter = {.kind = DeadLetterSpec::Kind::target,
                          .target = letters,
                          .name = configuration.targets[letters.value].name};
    }
  }
  merged.catalog.targets.push_back(std::move(copy));
  return TargetId(static_cast<std::uint16_t>(merged.catalog.targets.size() - 1));
}

// The target of the router for one of the rule's; invalid: nothing stands for its ARN.
Result<TargetId> target_for(const RuleKey& key, const StoredRule& stored, const std::string& id,
                            const std::string& arn, const Catalog& configuration,
                            MergedCatalog& merged) {
  const ArnMeaning meaning = meaning_of(arn, configuration);
  if (!meaning.known()) {
    note_unknown(arn, merged);
    return TargetId();
  }
  const auto given = stored.settings.find(id);
  if (given == stored.settings.end()) {
    return meaning.target.valid() ? meaning.target : target_to(meaning.bus, merged.catalog);
  }
  auto settings = read_target_settings(given->second, id);
  if (!settings) return Error{settings.error().message};
  settings->input.rule_name = key.second;
  settings->input.rule_arn = "arn:aws:events:" + configuration.region + ":" +
                             configuration.account + ":rule/" + merged_name(key);
  const bool is_bus = !meaning.target.valid() ||
                      configuration.targets[meaning.target.value].kind == TargetKind::bus;
  if (is_bus) {
    if (settings->input.kind != InputSpec::Kind::event) {
      return Error{"an event bus takes events as they are, without " + settings->named};
    }
    // What is behind the bus has tries of its own.
    return meaning.target.valid() ? meaning.target : target_to(meaning.bus, merged.catalog);
  }
  return copy_of(
      meaning.target, *settings,
      configuration.targets[meaning.target.value].name + "/" + merged_name(key) + "/" + id,
      configuration, merged);
}

Status add_rule(const RuleKey& key, const StoredRule& stored, const Catalog& configuration,
                MergedCatalog& merged) {
  Catalog& catalog = merged.catalog;
  const auto bus = std::ranges::find(catalog.buses, key.first, &BusSpec::name);
  if (bus == catalog.buses.end() || !stored.enabled || stored.pattern.empty()) return Done{};
  RuleSpec rule;
  rule.name = merged_name(key);
  rule.bus = BusId(static_cast<std::uint16_t>(bus - catalog.buses.begin()));
  rule.pattern = stored.pattern;
  rule.place = "rule " + rule.name + " of the API";
  for (const auto& [id, arn] : stored.targets) {
    auto target = target_for(key, stored, id, arn, configuration, merged);
    if (!target) return target.error();
    if (target->valid()) rule.targets.push_back(*target);
  }
  std::ranges::sort(rule.targets);
  rule.targets.erase(std::unique(rule.targets.begin(), rule.targets.end()), rule.targets.end());
  catalog.rules.push_back(std::move(rule));
  return Done{};
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
  write(writer, "settings", rule.settings);
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
                     read(input, "settings", rule.settings) && read(input, "tags", rule.tags);
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
  for (const auto& [key, rule] : objects) {
    if (Status status = add_rule(key, rule, configuration, merged); !status) {
      return Error{"rule " + merged_name(key) + " of the API: " + status.error().message};
    }
  }
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
