// Reads one open input to its end, through the decoder, into a sink. On the calling thread.
#pragma once

#include <optional>
#include <vector>

#include "io/files/byte_sink.h"
#include "io/files/input.h"

namespace weir {

inline constexpr std::size_t kReadBytes = std::size_t{256} * 1024;

// Gives the sink everything, ending with end(); returns what went wrong (the sink knows already).
// `buffer` is scratch of kReadBytes.
std::optional<Error> read_stream(const Input& input, ByteSink& sink, const StopLine& stop,
                                 std::vector<char>& buffer);

// "cannot read PATH: DAMAGE at byte N".
Error damage_fault(const std::string& label, const std::string& damage, std::uint64_t offset);

}  // namespace weir
