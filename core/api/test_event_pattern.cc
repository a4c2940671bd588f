#include "core/api/test_event_pattern.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/api/pattern_words.h"
#include "core/rule/rule_set.h"
#include "core/rule/service_limits.h"

namespace weir {
namespace {

// What an event must have to be one. The reference asks for `resources` too, the service does not.
constexpr std::array<std::string_view, 6> kMembers = {"id",   "account", "source",
                                                      "time", "region",  "detail-type"};

AwsError invalid_pattern(std::string_view pattern, const PatternError& error) {
  return {.code = "InvalidEventPatternException", .message = pattern_words(pattern, error)};
}

Result<std::shared_ptr<const RuleSet>, AwsError> compile(std::string_view pattern) {
  const RuleText rule{"", pattern};
  auto rules = compile_rules(std::span(&rule, 1));
  if (!rules) return invalid_pattern(pattern, rules.error());
  if (const auto error = check_service_limits(pattern)) return invalid_pattern(pattern, *error);
  return std::move(rules).value();
}

}  // namespace

std::optional<AwsError> pattern_error(std::string_view pattern) {
  auto compiled = compile(pattern);
  if (compiled) return std::nullopt;
  return compiled.error();
}

std::variant<std::string, AwsError> EventPatternTest::run(std::string_view body) {
  if (!input_.read(body)) return *input_.error();
  const auto pattern = input_.text("EventPattern");
  const auto event = input_.text("Event");
  if (input_.error()) return *input_.error();
  AwsConstraints constraints;
  if (!pattern) constraints.broken("eventPattern", "null", "not be null");
  if (!event) constraints.broken("event", "null", "not be null");
  if (constraints.error()) return *constraints.error();
  auto rules = compile(*pattern);
  if (!rules) return rules.error();
  const auto has = [&](std::string_view name) {
    for (const JsonNode* at = event_.first_child(event_.root()); at != nullptr;
         at = event_.next(*at)) {
      if (at->name() == name) return true;
    }
    return false;
  };
  found_.clear();
  if (!event_.read(*event) || event_.root().kind != JsonNode::Kind::object ||
      !std::ranges::all_of(kMembers, has) ||
      matcher_.match_event(**rules, *event, found_) != EventError::none) {
    return validation_error("Parameter Event is not valid.");
  }
  std::string answer;
  JsonWriter(answer).begin_object().name("Result").boolean(!found_.empty()).end_object();
  return answer;
}

}  // namespace weir
