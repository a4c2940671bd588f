#include "tools/rules/rules_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "tools/common/limit_option.h"
#include "tools/rules/lint_report.h"
#include "tools/rules/rule_lint.h"

namespace weir {
namespace {

constexpr int kExitFindings = 1;
constexpr int kExitUsage = 2;

struct LintOptions {
  std::string rules_path;
  bool json = false;
  CompileLimits limits;
};

int lint(const LintOptions& options) {
  const Result<RuleLint, RuleFaults> found = lint_rules(options.rules_path, options.limits);
  if (!found) {
    for (const std::string& fault : found.error()) fmt::print(stderr, "{}\n", fault);
    return kExitUsage;
  }
  const std::string text = options.json ? lint_json(*found) : lint_table(*found);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    fmt::print(stderr, "weir: standard output cannot be written\n");
    return kExitFindings;
  }
  return found->findings.empty() ? 0 : kExitFindings;
}

}  // namespace

void add_rules_command(CLI::App& app, int& exit_code) {
  CLI::App* rules = app.add_subcommand("rules", "Look at rules without events");
  rules->require_subcommand(1);
  rules->footer("Example:\n  weir rules lint rules.json");
  CLI::App* command =
      rules->add_subcommand("lint", "Find rules that cannot be meant so, and what rules cost");
  auto options = std::make_shared<LintOptions>();
  command
      ->add_option("RULES", options->rules_path,
                   "The rules ('-': standard input): a JSON object of name -> pattern, or what "
                   "'aws events list-rules' prints")
      ->required();
  command->add_flag("--json", options->json, "Print JSON instead of the table");
  add_limit_option(*command, options->limits);
  command->footer(
      "Findings, only what is proved: never-matches, matches-all, duplicate (two rules ask the\n"
      "same), overridden (a field is there twice; the last list counts), dead-value, redundant\n"
      "(another value of the list covers it), or-as-name ($or that is no operator).\n"
      "Cost: fields, sub-rules after $or, conditions (fields of all sub-rules), values tested,\n"
      "pieces of wildcards, states, work (steps at most for single values), bytes of the compiled\n"
      "set; then the fields that the rules read.\n"
      "Exit codes: 0 nothing found, 1 findings, 2 a rule is invalid.\n"
      "\n"
      "Examples:\n"
      "  weir rules lint rules.json\n"
      "  weir rules lint rules.json --json | jq '.rules | max_by(.bytes)'");
  command->callback([options, &exit_code] { exit_code = lint(*options); });
}

}  // namespace weir
