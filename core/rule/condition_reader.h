// Reads the value array of a field: plain values and match expressions.
//
// Threads: one. Errors: a message and the offset, as values.
#pragma once

#include <optional>
#include <string>

#include "core/rule/json_tree.h"
#include "core/rule/pattern.h"

namespace weir {

struct ConditionFault {
  std::string message;
  std::size_t offset = 0;
};

// `narrow`: the older form of anything-but that patterns get whose `$or` is an ordinary name.
std::optional<ConditionFault> read_condition(const JsonTree& tree, const JsonNode& array,
                                             bool narrow, FieldCondition& out);

}  // namespace weir
