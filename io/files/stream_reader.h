// Reads one open input to its end, through the decoder, into a sink. On the calling thread.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "io/files/byte_sink.h"
#include "io/files/decoder.h"
#include "io/files/input.h"

namespace weir {

inline constexpr std::size_t kReadBytes = std::size_t{256} * 1024;

// Gives the sink everything, ending with end(); returns what went wrong (the sink knows already).
// `buffer` is scratch of kReadBytes. Goes on where one of `marks` says, if one is the file's.
std::optional<Error> read_stream(const Input& input, ByteSink& sink, const StopLine& stop,
                                 std::vector<char>& buffer, std::span<const FileMark> marks = {});

// Passes over what the sink does not want of a plain file; returns how many bytes.
std::uint64_t leave_out(const Input& input, const Decoder& decoder, ByteSink& sink);

// "cannot read PATH: DAMAGE at byte N".
Error damage_fault(const std::string& label, const std::string& damage, std::uint64_t offset);

}  // namespace weir
