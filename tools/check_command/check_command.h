// weir check: says what is wrong with a configuration, without running it.
#pragma once

#include <CLI/App.hpp>

namespace weir {

// Registers the subcommand; when it is chosen, it runs and sets `exit_code`.
void add_check_command(CLI::App& app, int& exit_code);

}  // namespace weir
