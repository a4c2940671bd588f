#include "tools/match/explain_rule.h"

#include <fmt/format.h>

#include <cstdio>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/nearest.h"
#include "tools/match/event_words.h"
#include "tools/match/line_answers.h"
#include "tools/match/named_rules.h"
#include "tools/match/rule_explainer.h"

namespace weir {
namespace {

constexpr int kExitUsage = 2;

int unknown_rule(const RuleTexts& texts, const std::string& name) {
  const std::vector<std::string_view> names = [&] {
    std::vector<std::string_view> all;
    for (const FileRule& rule : texts.rules) all.push_back(rule.name);
    return all;
  }();
  const std::string_view meant = nearest(name, names);
  fmt::print(stderr, "weir: no rule '{}' in {}{}\n", name, texts.source.name(),
             meant.empty() ? "" : fmt::format(", did you mean '{}'?", meant));
  return kExitUsage;
}

}  // namespace

int explain_rule(const std::string& rules_path, const std::string& rule_name,
                 const std::string& events_path, const CompileLimits& limits) {
  const Result<RuleTexts, RuleFaults> texts = read_rule_texts(rules_path, limits);
  if (!texts) {
    for (const std::string& fault : texts.error()) fmt::print(stderr, "{}\n", fault);
    return kExitUsage;
  }
  std::size_t index = 0;
  while (index < texts->rules.size() && texts->rules[index].name != rule_name) ++index;
  if (index == texts->rules.size()) return unknown_rule(*texts, rule_name);
  const std::string& pattern = texts->rules[index].pattern;
  if (auto error = check_pattern(pattern, limits)) {
    error->rule = index;
    for (const auto& fault : all_rule_faults(*texts, *error)) fmt::print(stderr, "{}\n", fault);
    return kExitUsage;
  }
  const auto explainer = RuleExplainer::make(pattern, limits);
  if (!explainer) {
    fmt::print(stderr, "weir: rule '{}': {}\n", rule_name, explainer.error().message);
    return kExitUsage;
  }
  return answer_lines(
      events_path, [&](std::string_view line, std::uint64_t number, std::string& out) {
        std::string why;
        std::uint32_t offset = 0;
        const EventError error = (*explainer)->explain(line, why, &offset);
        if (error == EventError::none) {
          fmt::format_to(std::back_inserter(out), "{{\"line\":{},{}}}\n", number, why);
          return true;
        }
        fmt::format_to(std::back_inserter(out), "{{\"line\":{},\"error\":\"{} at byte {}\"}}\n",
                       number, in_words(error, line), offset + 1);
        return false;
      });
}

}  // namespace weir
