// Reads a file of rules: a JSON object of name -> pattern (an object, or a string of JSON text), or
// what `aws events list-rules` prints: {"Rules":[{"Name":..,"EventPattern":..,"State":..}]}, where
// entries that are DISABLED or have no pattern are skipped.
//
// Threads: any. Errors: name the rule and the place. The text is passed in; nothing is opened here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace weir {

struct FileRule {
  std::string name;
  std::string pattern;         // JSON text
  std::size_t offset = 0;      // of the pattern in the file
  bool inside_string = false;  // the pattern was the text of a JSON string: offsets do not add up
};

struct RuleFileError {
  std::string message;     // names the rule where there is one
  std::size_t offset = 0;  // into the file
  std::size_t line = 0;    // from 1
  std::size_t column = 0;  // from 1, in bytes
};

// The rules in the order of the file.
Result<std::vector<FileRule>, RuleFileError> read_rule_file(std::string_view text);

}  // namespace weir
