#include "tools/match/named_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "core/wire/json_text.h"
#include "io/files/whole_file.h"
#include "io/run/pieces.h"
#include "tools/common/clock.h"

namespace weir {
namespace {

constexpr std::size_t kFaultsMax = 100;

std::string describe(const SourceText& source, const FileRule& rule, const PatternError& error) {
  const std::string at = error.path.empty() ? "" : fmt::format("at '{}': ", error.path);
  const std::string where =
      rule.inside_string ? fmt::format(" (byte {} of the pattern)", error.offset + 1) : "";
  const std::size_t offset = rule.offset + (rule.inside_string ? 0 : error.offset);
  return to_string(
      source.fault(offset, fmt::format("rule '{}': {}{}{}", rule.name, at, error.message, where)));
}

// `first_rule`: where in the file the rule stands that the compiler stopped at.
RuleFaults faults_of(const RuleTexts& texts, std::size_t first_rule, const PatternError& first) {
  RuleFaults faults;
  for (const FileRule& rule : texts.rules) {
    const auto error = check_pattern(rule.pattern, texts.limits);
    if (error) faults.push_back(describe(texts.source, rule, *error));
    if (faults.size() == kFaultsMax) break;
  }
  if (faults.empty()) faults.push_back(describe(texts.source, texts.rules[first_rule], first));
  return faults;
}

Result<NamedRules, RuleFaults> compile(RuleTexts given) {
  std::vector<FileRule>& read = given.rules;
  std::vector<std::uint32_t> order(read.size());  // by RuleIndex: position in the file
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, {},
                           [&](std::uint32_t i) { return std::string_view(read[i].name); });
  std::vector<RuleText> texts;
  texts.reserve(read.size());
  for (const std::uint32_t i : order) texts.push_back({read[i].name, read[i].pattern});
  const std::int64_t begin = monotonic_ns();
  auto rules = compile_rules(texts, given.limits, run_pieces);
  const std::int64_t end = monotonic_ns();
  if (!rules) return faults_of(given, order[rules.error().rule], rules.error());
  NamedRules named;
  named.rules = std::move(rules).value();
  named.build_s = static_cast<double>(end - begin) / kNsPerSecond;
  named.file_order.resize(read.size());
  for (std::uint32_t index = 0; index < order.size(); ++index) {
    named.file_order[order[index]] = index;
    named.names.push_back(std::move(read[order[index]].name));
    named.quoted_names.push_back('"' + json_escaped(named.names.back()) + '"');
  }
  return named;
}

}  // namespace

RuleFaults all_rule_faults(const RuleTexts& texts, const PatternError& first) {
  return faults_of(texts, first.rule, first);
}

Result<RuleTexts, RuleFaults> read_rule_texts(const std::string& path,
                                              const CompileLimits& limits) {
  Result<std::string> text = read_whole_file(path);
  if (!text) return RuleFaults{"weir: " + text.error().message};
  SourceText source(path, std::move(text).value());
  const std::size_t bad = find_not_text(source.text());
  if (bad != std::string_view::npos) {
    return RuleFaults{to_string(source.fault(bad, "a byte that is not UTF-8 text"))};
  }
  Result<std::vector<FileRule>, RuleFileError> read = read_rule_file(source.text());
  if (!read) {
    return RuleFaults{to_string(source.fault(read.error().offset, read.error().message))};
  }
  return RuleTexts{std::move(source), std::move(read).value(), limits};
}

Result<NamedRules, RuleFaults> load_named_rules(const std::string& path,
                                                const CompileLimits& limits) {
  Result<RuleTexts, RuleFaults> texts = read_rule_texts(path, limits);
  if (!texts) return texts.error();
  return compile(std::move(texts).value());
}

}  // namespace weir
