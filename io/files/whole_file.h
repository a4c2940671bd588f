// A whole file in memory, for tools: plain, gzip or zstd; "-" is standard input.
#pragma once

#include <optional>
#include <string>

#include "core/base/result.h"

namespace weir {

struct FileContents {
  std::string bytes;            // decompressed; up to the damage, if there is any
  std::optional<Error> damage;  // cut off or corrupt
};

// An error when the file cannot be opened or read at all.
Result<FileContents> read_file_contents(const std::string& path);
// The same where damage is an error, too.
Result<std::string> read_whole_file(const std::string& path);

}  // namespace weir
