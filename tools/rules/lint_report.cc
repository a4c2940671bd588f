#include "tools/rules/lint_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "tools/common/numbers.h"
#include "tools/common/report.h"

namespace weir {
namespace {

constexpr std::size_t kNameWidthMax = 64;

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", with_commas(number), what, number == 1 ? "" : "s");
}

// The table itself is for eyes: no control bytes.
std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

}  // namespace

std::string lint_table(const RuleLint& lint) {
  std::string out;
  const auto end = std::back_inserter(out);
  for (const LintFinding& each : lint.findings) {
    const Finding& finding = each.finding;
    const std::string at = finding.path.empty() ? "" : fmt::format("at '{}': ", finding.path);
    out += printable(fmt::format("{}: {}: rule '{}': {}{}", each.place, to_string(finding.kind),
                                 lint.rules[each.rule].name, at, finding.message));
    out += '\n';
  }
  if (!lint.findings.empty()) out += '\n';
  std::size_t width = 4;
  for (const LintedRule& rule : lint.rules) width = std::max(width, rule.name.size());
  width = std::min(width, kNameWidthMax);
  fmt::format_to(end, "{:<{}} {:>8} {:>10} {:>11} {:>8} {:>10} {:>8} {:>8} {:>10}\n", "RULE", width,
                 "FIELDS", "SUB-RULES", "CONDITIONS", "VALUES", "WILDCARDS", "STATES", "WORK",
                 "BYTES");
  for (const LintedRule& rule : lint.rules) {
    const PatternCost& cost = rule.cost;
    fmt::format_to(end, "{:<{}} {:>8} {:>10} {:>11} {:>8} {:>10} {:>8} {:>8} {:>10}\n",
                   printable(rule.name), width, cost.fields, cost.sub_rules, cost.conditions,
                   cost.values, cost.wildcard_parts, cost.states, cost.work(), rule.bytes);
  }
  fmt::format_to(end, "\n{:<{}} {:>8}\n", "FIELD", width, "RULES");
  for (const LintedField& field : lint.fields) {
    fmt::format_to(end, "{:<{}} {:>8}\n", printable(field.path), width, field.rules);
  }
  fmt::format_to(
      end, "\n{}, {}, {} compiled; {}\n", counted(lint.rules.size(), "rule"),
      counted(lint.fields.size(), "field"), human_bytes(static_cast<double>(lint.bytes)),
      lint.findings.empty() ? "nothing found" : counted(lint.findings.size(), "finding"));
  return out;
}

std::string lint_json(const RuleLint& lint) {
  Report report;
  report["bytes"] = lint.bytes;
  Report rules = Report::array();
  for (const LintedRule& rule : lint.rules) {
    Report entry;
    entry["name"] = rule.name;
    entry["fields"] = rule.cost.fields;
    entry["sub_rules"] = rule.cost.sub_rules;
    entry["conditions"] = rule.cost.conditions;
    entry["values"] = rule.cost.values;
    entry["wildcard_parts"] = rule.cost.wildcard_parts;
    entry["states"] = rule.cost.states;
    entry["work"] = rule.cost.work();
    entry["bytes"] = rule.bytes;
    rules.push_back(std::move(entry));
  }
  report["rules"] = std::move(rules);
  Report fields = Report::array();
  for (const LintedField& field : lint.fields) {
    Report entry;
    entry["path"] = field.path;
    entry["rules"] = field.rules;
    fields.push_back(std::move(entry));
  }
  report["fields"] = std::move(fields);
  Report findings = Report::array();
  for (const LintFinding& each : lint.findings) {
    Report entry;
    entry["kind"] = to_string(each.finding.kind);
    entry["rule"] = lint.rules[each.rule].name;
    entry["path"] = each.finding.path;
    entry["place"] = each.place;
    entry["message"] = each.finding.message;
    findings.push_back(std::move(entry));
  }
  report["findings"] = std::move(findings);
  // Half a surrogate pair in a pattern is no UTF-8; shown as U+FFFD.
  return report.dump(2, ' ', false, Report::error_handler_t::replace) + '\n';
}

}  // namespace weir
