// `weir dlq`: the dead letters of a data directory, while the router runs and while it does not.
#pragma once

#include <CLI/CLI.hpp>

namespace weir {

void add_dlq_command(CLI::App& app, int& exit_code);

}  // namespace weir
