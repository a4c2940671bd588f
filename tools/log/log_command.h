// `weir log`: what the logs of a data directory hold, whether the router runs or not.
#pragma once

#include <CLI/CLI.hpp>

namespace weir {

void add_log_command(CLI::App& app, int& exit_code);

}  // namespace weir
