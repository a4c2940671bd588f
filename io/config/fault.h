// Fault: one thing that is wrong in a configuration (or, as a warning, odd), and where.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

struct Fault {
  std::string file;
  std::uint32_t line = 0;    // from 1; 0: the file as a whole
  std::uint32_t column = 0;  // from 1, in characters
  std::string message;       // what is wrong, what would be right
};

// "weir.yaml:12:5: unknown key 'formt', did you mean 'format'?"
std::string to_string(const Fault& fault);

}  // namespace weir
