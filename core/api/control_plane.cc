#include "core/api/control_plane.h"

#include <algorithm>
#include <array>

#include "core/api/target_settings.h"
#include "core/api/test_event_pattern.h"

namespace weir {
namespace {

constexpr std::string_view kNameExpression = R"([\.\-_A-Za-z0-9]+)";
constexpr std::size_t kNameMost = 64;
constexpr std::size_t kDescriptionMost = 512;
constexpr std::size_t kPatternMost = 4096;
constexpr std::size_t kArnMost = 1600;
constexpr std::size_t kTagsMost = 50;
// Of a target: settings that a target has in the configuration.
constexpr std::array<std::string_view, 10> kNotYet = {"KinesisParameters",
                                                      "SqsParameters",
                                                      "HttpParameters",
                                                      "EcsParameters",
                                                      "BatchParameters",
                                                      "RedshiftDataParameters",
                                                      "SageMakerPipelineParameters",
                                                      "RunCommandParameters",
                                                      "AppSyncParameters",
                                                      "RunCommandTargets"};

AwsError limit_exceeded() {
  return {.code = "LimitExceededException",
          .message = "The requested resource exceeds the maximum number allowed."};
}

const std::string kEmpty = "{}";
const std::string kNothingFailed = R"({"FailedEntryCount":0,"FailedEntries":[]})";

bool is_arn(std::string_view text) {
  return text.starts_with("arn:") && std::ranges::count(text, ':') >= 5;
}

}  // namespace

struct ControlPlane::Named {
  std::string_view name;
  AwsOutcome (ControlPlane::*run)();
};

const ControlPlane::Named* ControlPlane::find(std::string_view operation) {
  static constexpr std::array<Named, 8> kOperations = {{
      {"PutRule", &ControlPlane::put_rule},
      {"DeleteRule", &ControlPlane::delete_rule},
      {"EnableRule", &ControlPlane::enable_rule},
      {"DisableRule", &ControlPlane::disable_rule},
      {"PutTargets", &ControlPlane::put_targets},
      {"RemoveTargets", &ControlPlane::remove_targets},
      {"TagResource", &ControlPlane::tag_resource},
      {"UntagResource", &ControlPlane::untag_resource},
  }};
  const auto* found = std::ranges::find(kOperations, operation, &Named::name);
  return found == kOperations.end() ? nullptr : found;
}

ControlPlane::ControlPlane(const Catalog& configuration, ControlPlaneHost& host, ObjectStore* store,
                           const ControlPlaneLimits& limits)
    : configuration_(configuration), host_(host), store_(store), limits_(limits) {}

Status ControlPlane::start() {
  if (store_ == nullptr) return Done{};
  auto stored = store_->load();
  if (!stored) return stored.error();
  if (stored->empty()) return Done{};
  if (Status status = adopt(configuration_, *stored); !status) return status.error();
  objects_ = std::move(stored).value();
  return Done{};
}

Status ControlPlane::configure(const Catalog& configuration) {
  if (Status status = adopt(configuration, objects_); !status) return status.error();
  configuration_ = configuration;
  return Done{};
}

Status ControlPlane::adopt(const Catalog& configuration, const ApiObjects& objects) {
  auto merged = merge_objects(configuration, objects);
  if (!merged) return merged.error();
  if (Status status = host_.adopt(merged->catalog); !status) return status.error();
  for (const std::string& arn : merged->unknown_arns) {
    if (std::ranges::find(told_arns_, arn) != told_arns_.end()) continue;
    host_.tell("no target stands for " + arn + ": rules that name it deliver nothing there");
  }
  told_arns_ = std::move(merged->unknown_arns);
  return Done{};
}

bool ControlPlane::knows(std::string_view operation) {
  return find(operation) != nullptr;
}

AwsOutcome ControlPlane::run(std::string_view operation, std::string_view body) {
  const Named* named = find(operation);
  body_ = body;
  if (!input_.read(body)) return *input_.error();
  return (this->*named->run)();
}

std::optional<AwsError> ControlPlane::change(const RuleKey& key, std::optional<StoredRule> rule) {
  ApiObjects next = objects_;
  if (rule) {
    next[key] = *rule;
  } else {
    next.erase(key);
  }
  if (Status status = adopt(configuration_, next); !status) {
    return validation_error(status.error().message);
  }
  if (store_ != nullptr) {
    const Status stored = rule ? store_->put(key, *rule) : store_->erase(key);
    if (!stored) {
      // What is not stored must not be in force: a restart would lose it.
      static_cast<void>(adopt(configuration_, objects_));
      host_.tell("a change of rules could not be stored: " + stored.error().message);
      return AwsError{
          .code = "InternalException", .message = "The change could not be stored.", .status = 500};
    }
  }
  objects_ = std::move(next);
  return std::nullopt;
}

bool ControlPlane::of_configuration(const RuleKey& key) const {
  return std::ranges::any_of(configuration_.rules, [&](const RuleSpec& rule) {
    return rule.name == key.second && configuration_.buses[rule.bus.value].name == key.first;
  });
}

std::string ControlPlane::rule_arn(const RuleKey& key) const {
  return "arn:aws:events:" + configuration_.region + ":" + configuration_.account + ":rule/" +
         merged_name(key);
}

// The bus that EventBusName names.
std::optional<AwsError> ControlPlane::read_bus(std::string& name) {
  const auto given = input_.text("EventBusName");
  if (input_.error()) return input_.error();
  name = given.value_or("default");
  const std::string prefix =
      "arn:aws:events:" + configuration_.region + ":" + configuration_.account + ":event-bus/";
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  const auto found = std::ranges::find(configuration_.buses, name, &BusSpec::name);
  if (found == configuration_.buses.end()) return no_such_bus(name);
  return std::nullopt;
}

std::optional<AwsError> ControlPlane::read_key(std::string_view member, std::string_view path,
                                               RuleKey& key) {
  const auto name = input_.text(member);
  if (input_.error()) return input_.error();
  AwsConstraints constraints;
  if (!name) {
    constraints.broken(path, "null", "not be null");
  } else {
    constraints.length(path, *name, 1, kNameMost);
    if (!name->empty()) constraints.name(path, *name, "", kNameExpression);
  }
  if (constraints.error()) return constraints.error();
  key.second = *name;
  return read_bus(key.first);
}

// A rule that may be changed here.
std::optional<AwsError> ControlPlane::find_own(const RuleKey& key, const StoredRule*& rule) const {
  if (of_configuration(key)) {
    return AwsError{.code = "ManagedRuleException",
                    .message = "Rule " + key.second +
                               " stands in the configuration file and is changed there."};
  }
  const auto found = objects_.find(key);
  if (found == objects_.end()) return no_such_rule(key.second, key.first);
  rule = &found->second;
  return std::nullopt;
}

AwsOutcome ControlPlane::put_rule() {
  RuleKey key;
  if (auto fault = read_key("Name", "name", key)) return *std::move(fault);
  const StoredRule* old = nullptr;
  auto absent = find_own(key, old);
  if (absent && absent->code != "ResourceNotFoundException") return *std::move(absent);
  const auto pattern = input_.text("EventPattern");
  const auto schedule = input_.text("ScheduleExpression");
  const auto state = input_.text("State");
  StoredRule rule;
  rule.description = input_.text("Description").value_or("");
  rule.role = input_.text("RoleArn").value_or("");
  if (input_.error()) return *input_.error();
  AwsConstraints constraints;
  constraints.length("description", rule.description, 0, kDescriptionMost);
  if (pattern) constraints.length("eventPattern", *pattern, 0, kPatternMost);
  constexpr std::string_view kAllTrail = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
  if (state && *state != "ENABLED" && *state != "DISABLED" && *state != kAllTrail) {
    constraints.broken(
        "state", *state,
        "satisfy enum value set: [ENABLED, DISABLED, " + std::string(kAllTrail) + "]");
  }
  if (constraints.error()) return *constraints.error();
  if (schedule && !schedule->empty()) {
    if (key.first != "default") {
      return validation_error("ScheduleExpression is supported only on the default event bus.");
    }
    return validation_error(
        "Parameter ScheduleExpression is not valid. Reason: weir fires no "
        "schedules.");
  }
  if (!pattern || pattern->empty()) {
    return validation_error("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  }
  if (auto fault = pattern_error(*pattern)) return *std::move(fault);
  rule.pattern = *pattern;
  rule.enabled = !state || *state != "DISABLED";
  if (old != nullptr) {
    rule.targets = old->targets;
    rule.roles = old->roles;
    rule.settings = old->settings;
    rule.tags = old->tags;
  } else {
    if (auto fault = read_tags(rule)) return *std::move(fault);
    const auto on_bus = std::ranges::count_if(
        objects_, [&](const auto& object) { return object.first.first == key.first; });
    if (static_cast<std::size_t>(on_bus) >= limits_.rules_per_bus) return limit_exceeded();
  }
  if (auto fault = change(key, std::move(rule))) return *std::move(fault);
  std::string answer;
  JsonWriter(answer).begin_object().member("RuleArn", rule_arn(key)).end_object();
  return answer;
}

AwsOutcome ControlPlane::delete_rule() {
  RuleKey key;
  if (auto fault = read_key("Name", "name", key)) return *std::move(fault);
  const StoredRule* rule = nullptr;
  if (auto fault = find_own(key, rule)) {
    // As the service has it: what is not there is gone.
    if (fault->code == "ResourceNotFoundException") return kEmpty;
    return *std::move(fault);
  }
  if (!rule->targets.empty()) {
    return validation_error("Rule can't be deleted since it has targets.");
  }
  if (auto fault = change(key, std::nullopt)) return *std::move(fault);
  return kEmpty;
}

AwsOutcome ControlPlane::set_enabled(bool enabled) {
  RuleKey key;
  if (auto fault = read_key("Name", "name", key)) return *std::move(fault);
  const StoredRule* rule = nullptr;
  if (auto fault = find_own(key, rule)) return *std::move(fault);
  if (rule->enabled == enabled) return kEmpty;
  StoredRule changed = *rule;
  changed.enabled = enabled;
  if (auto fault = change(key, std::move(changed))) return *std::move(fault);
  return kEmpty;
}

// The request's Targets, added to those of the rule.
std::optional<AwsError> ControlPlane::read_targets(StoredRule& rule) {
  const JsonNode* list = input_.array(input_.root(), "Targets");
  if (input_.error()) return input_.error();
  AwsConstraints constraints;
  if (list == nullptr || list->children == 0) {
    constraints.broken("targets", list == nullptr ? "null" : "[]",
                       "have length greater than or equal to 1");
    return constraints.error();
  }
  if (list->children > limits_.targets_per_call) return limit_exceeded();
  std::size_t number = 0;
  const JsonTree& tree = input_.tree();
  for (const JsonNode* at = tree.first_child(*list); at != nullptr; at = tree.next(*at)) {
    const std::string path = "targets." + std::to_string(++number) + ".member.";
    if (at->kind != JsonNode::Kind::object) input_.wrong_type(*at, "a Target");
    if (input_.error()) return input_.error();
    const auto id = input_.text(*at, "Id");
    const auto arn = input_.text(*at, "Arn");
    const auto role = input_.text(*at, "RoleArn");
    if (input_.error()) return input_.error();
    if (!id) constraints.broken(path + "id", "null", "not be null");
    if (!arn) constraints.broken(path + "arn", "null", "not be null");
    if (id) {
      constraints.length(path + "id", *id, 1, kNameMost);
      if (!id->empty()) constraints.name(path + "id", *id, "", kNameExpression);
    }
    if (arn) constraints.length(path + "arn", *arn, 1, kArnMost);
    if (constraints.error()) continue;
    if (!is_arn(*arn)) {
      return validation_error("Parameter " + *arn +
                              " is not valid. Reason: Provided Arn is not in correct format.");
    }
    for (const std::string_view member : kNotYet) {
      if (input_.member(*at, member) == nullptr) continue;
      return validation_error("Parameter " + std::string(member) + " of target " + *id +
                              " is not valid. Reason: weir has no " + std::string(member) +
                              " for targets of the API.");
    }
    std::string settings = settings_text(input_, *at, body_);
    if (!settings.empty()) {
      if (auto read = read_target_settings(settings, *id); !read) return read.error();
      rule.settings[*id] = std::move(settings);
    } else {
      rule.settings.erase(*id);
    }
    rule.targets[*id] = *arn;
    if (role) {
      rule.roles[*id] = *role;
    } else {
      rule.roles.erase(*id);
    }
  }
  if (constraints.error()) return constraints.error();
  if (rule.targets.size() > limits_.targets_per_rule) return limit_exceeded();
  return std::nullopt;
}

AwsOutcome ControlPlane::put_targets() {
  RuleKey key;
  if (auto fault = read_key("Rule", "rule", key)) return *std::move(fault);
  const StoredRule* rule = nullptr;
  if (auto fault = find_own(key, rule)) return *std::move(fault);
  StoredRule changed = *rule;
  if (auto fault = read_targets(changed)) return *std::move(fault);
  if (auto fault = change(key, std::move(changed))) return *std::move(fault);
  return kNothingFailed;
}

AwsOutcome ControlPlane::remove_targets() {
  RuleKey key;
  if (auto fault = read_key("Rule", "rule", key)) return *std::move(fault);
  const StoredRule* rule = nullptr;
  if (auto fault = find_own(key, rule)) return *std::move(fault);
  const JsonNode* list = input_.array(input_.root(), "Ids");
  if (input_.error()) return *input_.error();
  if (list == nullptr || list->children == 0) {
    AwsConstraints constraints;
    constraints.broken("ids", list == nullptr ? "null" : "[]",
                       "have length greater than or equal to 1");
    return *constraints.error();
  }
  StoredRule changed = *rule;
  std::string failed;
  std::uint64_t failures = 0;
  JsonWriter writer(failed);
  writer.begin_array();
  const JsonTree& tree = input_.tree();
  for (const JsonNode* at = tree.first_child(*list); at != nullptr; at = tree.next(*at)) {
    if (at->kind != JsonNode::Kind::string) input_.wrong_type(*at, "a String");
    if (input_.error()) return *input_.error();
    const std::string id = at->text();
    changed.roles.erase(id);
    changed.settings.erase(id);
    if (changed.targets.erase(id) > 0) continue;
    ++failures;
    writer.begin_object().member("TargetId", id);
    writer.member("ErrorCode", "ResourceNotFoundException");
    writer.member("ErrorMessage", "Target " + id + " does not exist on rule " + key.second + ".");
    writer.end_object();
  }
  writer.end_array();
  if (changed != *rule) {
    if (auto fault = change(key, std::move(changed))) return *std::move(fault);
  }
  return R"({"FailedEntryCount":)" + std::to_string(failures) + R"(,"FailedEntries":)" + failed +
         "}";
}

// The rule that ResourceARN names.
std::optional<AwsError> ControlPlane::read_tagged(RuleKey& key, const StoredRule*& rule) {
  const auto arn = input_.text("ResourceARN");
  if (input_.error()) return input_.error();
  const ApiModel model(configuration_, {}, {});
  const auto resource = model.resource(arn.value_or(""));
  if (!resource || !resource->rule) {
    if (resource && model.bus(resource->bus) == nullptr) return no_such_bus(resource->bus);
    return validation_error(
        "Parameter ResourceARN is not valid. Reason: only rules have tags here.");
  }
  key = {resource->bus, *resource->rule};
  return find_own(key, rule);
}

std::optional<AwsError> ControlPlane::read_tags(StoredRule& rule) {
  const JsonNode* list = input_.array(input_.root(), "Tags");
  if (input_.error()) return input_.error();
  if (list == nullptr) return std::nullopt;
  AwsConstraints constraints;
  std::size_t number = 0;
  const JsonTree& tree = input_.tree();
  for (const JsonNode* at = tree.first_child(*list); at != nullptr; at = tree.next(*at)) {
    const std::string path = "tags." + std::to_string(++number) + ".member.";
    if (at->kind != JsonNode::Kind::object) input_.wrong_type(*at, "a Tag");
    if (input_.error()) return input_.error();
    const auto name = input_.text(*at, "Key");
    const auto value = input_.text(*at, "Value");
    if (input_.error()) return input_.error();
    if (!name) constraints.broken(path + "key", "null", "not be null");
    if (!value) constraints.broken(path + "value", "null", "not be null");
    if (name) constraints.length(path + "key", *name, 1, 128);
    if (value) constraints.length(path + "value", *value, 0, 256);
    if (name && value) rule.tags[*name] = *value;
  }
  if (constraints.error()) return constraints.error();
  if (rule.tags.size() > kTagsMost) return limit_exceeded();
  return std::nullopt;
}

AwsOutcome ControlPlane::tag_resource() {
  RuleKey key;
  const StoredRule* rule = nullptr;
  if (auto fault = read_tagged(key, rule)) return *std::move(fault);
  StoredRule changed = *rule;
  if (auto fault = read_tags(changed)) return *std::move(fault);
  if (changed == *rule) return kEmpty;
  if (auto fault = change(key, std::move(changed))) return *std::move(fault);
  return kEmpty;
}

AwsOutcome ControlPlane::untag_resource() {
  RuleKey key;
  const StoredRule* rule = nullptr;
  if (auto fault = read_tagged(key, rule)) return *std::move(fault);
  const JsonNode* list = input_.array(input_.root(), "TagKeys");
  if (input_.error()) return *input_.error();
  StoredRule changed = *rule;
  const JsonTree& tree = input_.tree();
  const JsonNode* at = list == nullptr ? nullptr : tree.first_child(*list);
  for (; at != nullptr; at = tree.next(*at)) {
    if (at->kind != JsonNode::Kind::string) input_.wrong_type(*at, "a String");
    if (input_.error()) return *input_.error();
    changed.tags.erase(at->text());
  }
  if (changed == *rule) return kEmpty;
  if (auto fault = change(key, std::move(changed))) return *std::move(fault);
  return kEmpty;
}

}  // namespace weir
