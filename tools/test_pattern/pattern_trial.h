// PatternTrial: what EventBridge's TestEventPattern would say of a pattern and an event.
//
// Threads: one. Keeps the latest patterns compiled, as lists of cases repeat them. Errors: values.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/result.h"
#include "core/match/matcher.h"
#include "core/rule/rule_set.h"

namespace weir {

struct TrialError {
  enum class Where { pattern, event };
  Where where = Where::pattern;
  std::string message;  // names the field and the byte, counted from 1
};
std::string_view to_string(TrialError::Where where);

class PatternTrial {
 public:
  // True when the pattern matches. A pattern is judged before the event is looked at.
  Result<bool, TrialError> run(std::string_view pattern, std::string_view event);

 private:
  struct Judged {
    std::shared_ptr<const RuleSet> rules;  // or
    std::string fault;
  };
  static Judged judge(std::string_view pattern);
  const Judged& judged(std::string_view pattern);

  std::unordered_map<std::string, Judged> known_;
  std::size_t known_bytes_ = 0;
  std::string key_;
  Matcher matcher_;
  std::vector<RuleIndex> found_;
};

}  // namespace weir
