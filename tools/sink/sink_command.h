// `weir sink`: counting receivers, to measure and to test what a router delivers.
#pragma once

#include <CLI/CLI.hpp>

namespace weir {

// Adds the subcommand; when the command line names it, it runs and sets `exit_code`: 0 done, 1 the
// check or the expectation failed, 2 usage.
void add_sink_command(CLI::App& app, int& exit_code);

}  // namespace weir
