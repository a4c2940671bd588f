// `weir run CONFIG`: routes until stopped, or until finite sources have come to their end.
#pragma once

#include <CLI/CLI.hpp>

namespace weir {

void add_run_command(CLI::App& app, int& exit_code);

}  // namespace weir
