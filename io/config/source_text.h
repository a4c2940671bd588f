// SourceText: one file of a configuration, read whole, and the way from an offset in it to the line
// and column that people see.
//
// Lifetime: outlives the trees and faults made from it. Threads: immutable, any.
// Errors: a file that cannot be read or is no text is one Fault that names it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/config/fault.h"

namespace weir {

class SourceText {
 public:
  SourceText(std::string name, std::string text);

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  // The place of a byte of the text, and a fault there.
  Fault fault(std::size_t offset, std::string message) const;

 private:
  std::size_t characters_before(std::size_t offset) const;

  std::string name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
  // Before each kChunkBytes of the text: a JSON file may be one long line with a place in it for
  // each rule.
  std::vector<std::size_t> characters_;
};

// Reads a regular file of at most `bytes_max` bytes of UTF-8 text (a byte order mark is dropped).
// Never waits: a pipe, a device or a directory is refused unopened.
Result<SourceText, Fault> read_source_text(const std::string& path, std::size_t bytes_max);

// The offset of the first byte that is not part of UTF-8 text, or npos. NUL is no text either.
std::size_t find_not_text(std::string_view text);

}  // namespace weir
