// TargetSettings: the members of a PutTargets target that say what the target gets and how it is
// tried: Input, InputPath, InputTransformer, RetryPolicy, DeadLetterConfig. They are kept and
// listed in the words of the request, and read when the router's targets are made.
//
// Threads: any. Errors: as the service words them.
// Source: "Target", "RetryPolicy", "InputTransformer" of the EventBridge API reference.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/api/aws_input.h"
#include "core/base/result.h"
#include "core/base/units.h"
#include "core/wire/input_spec.h"

namespace weir {

struct TargetSettings {
  InputSpec input = {};
  std::optional<std::uint32_t> retries_max = std::nullopt;
  std::optional<Nanoseconds> age_max = std::nullopt;
  std::string dead_letter_arn = {};
  std::string named = {};  // the first member that is there, for messages
};

// These members of a request's target as one JSON object; empty where there are none. `body`: what
// `input` has read.
std::string settings_text(const AwsInput& input, const JsonNode& target, std::string_view body);

// `id`: of the target, for messages.
Result<TargetSettings, AwsError> read_target_settings(std::string_view json, std::string_view id);

}  // namespace weir
