// What the API shows without changing anything: lists and descriptions of buses, rules and targets.
//
// Pure but for the input's memory. Lists are in the order of names; a page ends after `Limit`
// objects, and its NextToken stays good while objects come and go.
// Source: the operations of the EventBridge API reference; texts of errors as recorded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/api/api_model.h"
#include "core/api/aws_input.h"

namespace weir {

using AwsOutcome = std::variant<std::string, AwsError>;

// Nothing where the operation is no such one. `input` has been read.
std::optional<AwsOutcome> run_read_operation(std::string_view operation, AwsInput& input,
                                             const ApiModel& model);

AwsError no_such_bus(std::string_view name);
AwsError no_such_rule(std::string_view rule, std::string_view bus);

}  // namespace weir
