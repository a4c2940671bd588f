// weir: the program. Reads the command line, hands over to one subcommand, returns its exit code:
// 0 done, 1 failed, 2 usage or configuration.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/nearest.h"
#include "tools/check_command/check_command.h"
#include "tools/dlq/dlq_command.h"
#include "tools/gen/gen_command.h"
#include "tools/load/load_command.h"
#include "tools/log/log_command.h"
#include "tools/match/match_command.h"
#include "tools/rules/rules_command.h"
#include "tools/run/run_command.h"
#include "tools/sink/sink_command.h"
#include "tools/test_pattern/test_pattern_command.h"

namespace weir {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr std::string_view kExamples =
    "Examples:\n"
    "  weir check weir.yaml\n"
    "  weir run weir.yaml --report report.json\n"
    "  weir match --rules rules.json --events events.ndjson.gz --count\n"
    "  weir log stat data\n"
    "  weir gen flow-logs --count 1000000 --seed 1 > flow.log\n"
    "\n"
    "'weir COMMAND --help' explains a command. Exit codes: 0 done, 1 failed, 2 usage or\n"
    "configuration.";

void add_commands(CLI::App& app, int& exit_code) {
  add_run_command(app, exit_code);
  add_check_command(app, exit_code);
  add_match_command(app, exit_code);
  add_test_pattern_command(app, exit_code);
  add_rules_command(app, exit_code);
  add_log_command(app, exit_code);
  add_dlq_command(app, exit_code);
  add_gen_command(app, exit_code);
  add_sink_command(app, exit_code);
  add_load_command(app, exit_code);
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string_view meant = nearest(word, candidates);
  return meant.empty() ? "" : fmt::format(", did you mean '{}'?", meant);
}

// The innermost subcommand that the command line reached.
const CLI::App* reached_command(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return command;
}

std::string command_path(const CLI::App* command) {
  std::string path = command->get_name();
  while ((command = command->get_parent()) != nullptr) path = command->get_name() + " " + path;
  return path;
}

int usage_fault(const CLI::App* command, std::string_view what) {
  fmt::print(stderr, "weir: {}\nTry '{} --help'.\n", what, command_path(command));
  return kExitUsage;
}

// One line, without the line breaks that CLI11 puts into some of its messages.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

int parse_fault(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = reached_command(app);
  const std::vector<std::string> extras = command->remaining(false);
  if (!extras.empty()) {
    const std::string& word = extras.front();
    const bool is_option = word.starts_with('-');
    const auto known = is_option ? option_names(*command) : command_names(*command);
    return usage_fault(command, fmt::format("unknown {} '{}'{}", is_option ? "option" : "argument",
                                            word, did_you_mean(word, known)));
  }
  return usage_fault(command, one_line(error.what()));
}

int run_program(int argc, char** argv) {
  CLI::App app("A self-hosted event router: streams in, EventBridge rules matched, batches out.",
               "weir");
  app.set_version_flag("--version", std::string("weir ") + WEIR_VERSION,
                       "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.require_subcommand(1);
  app.footer(std::string(kExamples));
  int exit_code = 0;
  add_commands(app, exit_code);
  if (argc < 2) return usage_fault(&app, "a command is missing");
  const std::string_view first = argv[1];
  const std::vector<std::string> names = command_names(app);
  if (!first.starts_with('-') && std::find(names.begin(), names.end(), first) == names.end()) {
    return usage_fault(&app,
                       fmt::format("unknown command '{}'{}", first, did_you_mean(first, names)));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wish) {  // --help, --version
    return app.exit(wish);
  } catch (const CLI::ParseError& error) {
    return parse_fault(app, error);
  }
  return exit_code;
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  try {
    return weir::run_program(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "weir: {}\n", error.what());
    return weir::kExitFailed;
  }
}
