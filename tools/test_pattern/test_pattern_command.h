// weir test-pattern: whether a pattern matches an event, as EventBridge's TestEventPattern says.
#pragma once

#include <CLI/App.hpp>

namespace weir {

// Registers the subcommand; when it is chosen, it runs and sets `exit_code`. One pair: 0 it
// matches, 1 it does not, 2 usage, or the pattern or the event is invalid. Cases: 0 all lines were
// cases, 1 one was not (or the input broke off), 2 usage.
void add_test_pattern_command(CLI::App& app, int& exit_code);

}  // namespace weir
