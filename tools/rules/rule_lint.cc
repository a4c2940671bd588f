#include "tools/rules/rule_lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "core/rule/pattern.h"

namespace weir {
namespace {

class Linting {
 public:
  explicit Linting(const RuleTexts& texts) : texts_(texts) {}

  Result<RuleLint, RuleFaults> run() {
    std::vector<RuleText> all;
    for (const FileRule& rule : texts_.rules) all.push_back({rule.name, rule.pattern});
    const auto set = compile_rules(all, texts_.limits);
    if (!set) return all_rule_faults(texts_, set.error());
    const std::size_t base = bytes_of({});
    out_.bytes = (*set)->memory_bytes();
    Pattern pattern;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (read_pattern(all[i].pattern, texts_.limits, pattern)) continue;  // compiled above
      const std::size_t alone = bytes_of(std::span(all).subspan(i, 1));
      out_.rules.push_back({texts_.rules[i].name, cost_of(pattern), alone - std::min(alone, base)});
      for (Finding& finding : review(pattern, all[i].pattern)) add(i, std::move(finding));
      look_for_twin(i, pattern);
      count_fields(pattern);
    }
    share_bytes();
    for (const auto& [path, rules] : fields_) out_.fields.push_back({path, rules});
    return std::move(out_);
  }

 private:
  using Meaning =
      std::set<std::vector<std::uint32_t>>;  // of each sub-rule: field, what it asks, ...

  std::size_t bytes_of(std::span<const RuleText> rules) const {
    const auto set = compile_rules(rules, texts_.limits);
    return set ? (*set)->memory_bytes() : 0;
  }

  void add(std::size_t rule, Finding finding) {
    const FileRule& text = texts_.rules[rule];
    const std::size_t offset = text.offset + (text.inside_string ? 0 : finding.offset);
    const Fault at = texts_.source.fault(offset, "");
    std::string place = fmt::format("{}:{}:{}", at.file, at.line, at.column);
    out_.findings.push_back({rule, std::move(finding), std::move(place)});
  }

  std::uint32_t number_of(std::string text) {
    const auto next = static_cast<std::uint32_t>(numbers_.size());
    return numbers_.try_emplace(std::move(text), next).first->second;
  }

  void look_for_twin(std::size_t rule, const Pattern& pattern) {
    std::vector<std::uint32_t> paths;
    std::vector<std::uint32_t> conditions;
    for (const std::string& path : pattern.paths) paths.push_back(number_of('p' + path));
    for (const auto& each : pattern.conditions)
      conditions.push_back(number_of('c' + meaning(each)));
    Meaning meant;
    for (const auto& branch : pattern.branches) {
      std::vector<std::uint32_t> fields;
      for (const Pattern::Field& field : branch) {
        fields.push_back(paths[field.path]);
        fields.push_back(conditions[field.condition]);
      }
      meant.insert(std::move(fields));
    }
    const auto [first, fresh] = first_with_.try_emplace(std::move(meant), rule);
    if (fresh) return;
    add(rule, {FindingKind::duplicate,
               fmt::format("asks the same as rule '{}'", texts_.rules[first->second].name), "", 0});
  }

  void count_fields(const Pattern& pattern) {
    std::set<std::uint32_t> read;
    for (const auto& branch : pattern.branches) {
      for (const Pattern::Field& field : branch) read.insert(field.path);
    }
    for (const std::uint32_t path : read) ++fields_[pattern.paths[path]];
  }

  // Equal parts exist once in the set, so each rule's share is less than what it takes alone.
  void share_bytes() {
    double alone = 0;
    for (const LintedRule& rule : out_.rules) alone += static_cast<double>(rule.bytes);
    if (alone == 0) return;
    const double factor = std::min(1.0, static_cast<double>(out_.bytes) / alone);
    for (LintedRule& rule : out_.rules) {
      rule.bytes = static_cast<std::size_t>(static_cast<double>(rule.bytes) * factor);
    }
  }

  const RuleTexts& texts_;
  RuleLint out_;
  std::map<std::string, std::uint32_t> numbers_;  // of paths and conditions
  std::map<Meaning, std::size_t> first_with_;
  std::map<std::string, std::size_t> fields_;
};

}  // namespace

Result<RuleLint, RuleFaults> lint_rules(const std::string& path, const CompileLimits& limits) {
  const Result<RuleTexts, RuleFaults> texts = read_rule_texts(path, limits);
  if (!texts) return texts.error();
  return Linting(*texts).run();
}

}  // namespace weir
