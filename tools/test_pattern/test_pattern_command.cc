#include "tools/test_pattern/test_pattern_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "io/files/whole_file.h"
#include "tools/match/line_answers.h"
#include "tools/test_pattern/pattern_cases.h"
#include "tools/test_pattern/pattern_trial.h"

namespace weir {
namespace {

constexpr int kExitNo = 1;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct TestPatternOptions {
  std::string pattern;
  std::string event;
  std::string cases_path;
};

// JSON text as it is, or the contents of the file that is named.
Result<std::string> text_or_file(const std::string& given) {
  const std::size_t first = given.find_first_not_of(" \t\r\n");
  const bool is_text = first != std::string::npos && (given[first] == '{' || given[first] == '[');
  if (is_text) return given;
  Result<std::string> text = read_whole_file(given);
  if (text || given.find_first_of("\"{[") == std::string::npos) return text;
  return Error{text.error().message + " (JSON text begins with { or [)"};
}

int test_pair(const TestPatternOptions& options) {
  if (options.pattern == "-" && options.event == "-") {
    fmt::print(stderr, "weir: only one of --pattern and --event can be standard input\n");
    return kExitUsage;
  }
  const Result<std::string> pattern = text_or_file(options.pattern);
  if (!pattern) {
    fmt::print(stderr, "weir: pattern: {}\n", pattern.error().message);
    return kExitUsage;
  }
  const Result<std::string> event = text_or_file(options.event);
  if (!event) {
    fmt::print(stderr, "weir: event: {}\n", event.error().message);
    return kExitUsage;
  }
  const Result<bool, TrialError> result = PatternTrial().run(*pattern, *event);
  if (!result) {
    const TrialError& error = result.error();
    fmt::print(stderr, "weir: {}: {}\n", to_string(error.where), error.message);
    return kExitUsage;
  }
  fmt::print("{}\n", *result);
  if (std::fflush(stdout) != 0) {
    fmt::print(stderr, "weir: standard output cannot be written\n");
    return kExitFailed;
  }
  return *result ? 0 : kExitNo;
}

int test_cases(const std::string& path) {
  PatternCases cases;
  return answer_lines(path, [&](std::string_view line, std::uint64_t number, std::string& out) {
    return cases.answer(line, number, out);
  });
}

int test_pattern(const TestPatternOptions& options) {
  if (!options.cases_path.empty()) return test_cases(options.cases_path);
  if (options.pattern.empty() || options.event.empty()) {
    throw CLI::RequiredError("both --pattern and --event, or --cases,");
  }
  return test_pair(options);
}

}  // namespace

void add_test_pattern_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("test-pattern", "Say whether a pattern matches an event, as EventBridge");
  auto options = std::make_shared<TestPatternOptions>();
  command->add_option("--pattern", options->pattern,
                      "The pattern: JSON text (it begins with { or [), a file, or '-' for standard "
                      "input");
  command->add_option("--event", options->event, "The event, given in the same ways");
  command
      ->add_option("--cases", options->cases_path,
                   "Instead: a file of cases ('-': standard input; plain, gzip or zstd), one a "
                   "line: {\"id\":1,\"pattern\":\"...\",\"event\":\"...\"}, both JSON texts inside "
                   "strings")
      ->excludes("--pattern")
      ->excludes("--event");
  command->footer(
      "Prints 'true' or 'false'; for each case, in order, {\"id\":1,\"result\":true} or\n"
      "{\"id\":1,\"error\":{\"where\":\"pattern\",\"message\":\"...\"}}; 'where' is pattern, "
      "event, "
      "or case\n"
      "for a line that is none. What EventBridge refuses is refused: patterns above 2,048\n"
      "characters, more than 1,000 combinations of $or, wildcards that are too complex.\n"
      "Exit codes: 0 true, 1 false, 2 the pattern or the event is invalid; with --cases 0, or 1\n"
      "when a line was no case.\n"
      "\n"
      "Examples:\n"
      "  weir test-pattern --pattern '{\"a\":[{\"prefix\":\"x\"}]}' --event '{\"a\":\"xy\"}'\n"
      "  weir test-pattern --pattern rule.json --event - < event.json\n"
      "  weir test-pattern --cases cases.ndjson.gz > answers.ndjson");
  command->callback([options, &exit_code] { exit_code = test_pattern(*options); });
}

}  // namespace weir
