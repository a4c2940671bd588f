// TestEventPattern: whether a pattern matches an event, both as JSON inside strings of the request.
//
// Threads: one. Held to the service's own limits of patterns. Errors: as the service words them.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/api/aws_input.h"
#include "core/match/matcher.h"

namespace weir {

class EventPatternTest {
 public:
  // The answer's body, or why there is none.
  std::variant<std::string, AwsError> run(std::string_view body);

 private:
  AwsInput input_;
  JsonTree event_;
  Matcher matcher_;
  std::vector<RuleIndex> found_;
};

// Why the service would not have the pattern, if it would not.
std::optional<AwsError> pattern_error(std::string_view pattern);

}  // namespace weir
