// The pattern of a rule as JSON text, made from a YAML mapping or a string, and the way back from
// an offset in it to the place in the file.
//
// In a mapping a plain scalar is a number or literal where it is one in JSON's grammar, spelling
// kept (300.0 stays 300.0, yes is the text "yes"), anything else and all that is quoted a string.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/config/environment.h"
#include "io/config/section.h"

namespace weir {

struct PatternText {
  std::string json;
  const YamlNode* node = nullptr;
  // Mapping: where each key and value begins in `json`, ascending, and its offset in the file.
  std::vector<std::pair<std::size_t, std::size_t>> places;
  // String: what was replaced in it. (Mapping: pieces in `json`, for hiding values.)
  Substituted substituted;

  // The offset in the file of a byte of `json`; the beginning of the pattern where it is unclear.
  std::size_t source_offset(std::size_t json_offset, const SourceText& source) const;
};

// `what` is "rule 'big': pattern". Faults are noted.
std::optional<PatternText> read_pattern(Reading& reading, const YamlNode& node,
                                        const std::string& what);

}  // namespace weir
