// `weir gen`: writes a generated stream to standard output.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace weir {

struct GenArguments {
  std::string kind;
  std::uint64_t count = 0;
  std::uint64_t seed = 1;
  std::uint64_t rate = 0;  // records a second; 0: as fast as they are taken
  std::string fields;
  bool header = false;
};

// Writes to the descriptor. 0 done (also when the reader goes away), 1 cannot write, 2 usage.
int run_gen(const GenArguments& arguments, int descriptor);

// Adds the subcommand; when the command line names it, it runs and sets `exit_code`.
void add_gen_command(CLI::App& app, int& exit_code);

}  // namespace weir
