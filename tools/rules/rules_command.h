// weir rules: what can be said of rules without events.
#pragma once

#include <CLI/App.hpp>

namespace weir {

// Registers `rules` with its own subcommand `lint`; when that is chosen, it runs and sets
// `exit_code`: 0 nothing found, 1 something was, 2 usage, or a rule was bad.
void add_rules_command(CLI::App& app, int& exit_code);

}  // namespace weir
