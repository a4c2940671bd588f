// The option `--limit NAME=VALUE` of subcommands that compile rules.
#pragma once

#include <CLI/App.hpp>

#include "core/rule/compile_limits.h"

namespace weir {

// `limits` must live until the command line has been read. A bad NAME or VALUE is a usage error.
CLI::Option* add_limit_option(CLI::App& command, CompileLimits& limits);

}  // namespace weir
