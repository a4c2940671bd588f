// Reading a file line by line and printing an answer to each, in constant memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace weir {

// Appends what is to be printed for a line; `number` counts all lines from 1. False: the line was
// bad.
using LineAnswer =
    std::function<bool(std::string_view line, std::uint64_t number, std::string& out)>;

// Asks for each line of the file (plain, gzip or zstd; "-": standard input) that is not blank, on
// the calling thread. Returns the exit code: 0, 1 when a line was bad, the input broke off or the
// output failed, 2 when the file cannot be read at all; the last three are told on standard error.
int answer_lines(const std::string& path, const LineAnswer& answer);

}  // namespace weir
