// weir match: which rules match each event of a file.
#pragma once

#include <CLI/App.hpp>

namespace weir {

// Registers the subcommand; when it is chosen, it runs and sets `exit_code`: 0 all events were
// sound, 1 one was bad (or the input broke off), 2 usage, or a rule was bad.
void add_match_command(CLI::App& app, int& exit_code);

}  // namespace weir
