// `weir load`: an open-loop generator of records over one or many connections.
#pragma once

#include <CLI/CLI.hpp>

namespace weir {

// Adds the subcommand; when the command line names it, it runs and sets `exit_code`: 0 done, 1 not
// everything could be sent, 2 usage.
void add_load_command(CLI::App& app, int& exit_code);

}  // namespace weir
