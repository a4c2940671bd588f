#include "tools/test_pattern/pattern_trial.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "core/rule/service_limits.h"
#include "tools/match/event_words.h"

namespace weir {
namespace {

// How many bytes of compiled patterns are kept.
constexpr std::size_t kKnownBytesMax = 16U * 1024 * 1024;

std::string describe(const PatternError& error) {
  const std::string at = error.path.empty() ? "" : fmt::format("at '{}': ", error.path);
  return fmt::format("{}{} (byte {})", at, error.message, error.offset + 1);
}

}  // namespace

std::string_view to_string(TrialError::Where where) {
  return where == TrialError::Where::pattern ? "pattern" : "event";
}

PatternTrial::Judged PatternTrial::judge(std::string_view pattern) {
  const RuleText rule{"", pattern};
  auto rules = compile_rules(std::span(&rule, 1));
  if (!rules) return {nullptr, describe(rules.error())};
  if (const auto error = check_service_limits(pattern)) return {nullptr, describe(*error)};
  return {std::move(rules).value(), ""};
}

const PatternTrial::Judged& PatternTrial::judged(std::string_view pattern) {
  key_.assign(pattern);
  const auto old = known_.find(key_);
  if (old != known_.end()) return old->second;
  Judged fresh = judge(pattern);
  const std::size_t bytes = 2 * pattern.size() + fresh.fault.size() +
                            (fresh.rules == nullptr ? 0 : fresh.rules->memory_bytes());
  if (known_bytes_ + bytes > kKnownBytesMax) {
    known_.clear();
    known_bytes_ = 0;
  }
  known_bytes_ += bytes;
  return known_.emplace(key_, std::move(fresh)).first->second;
}

Result<bool, TrialError> PatternTrial::run(std::string_view pattern, std::string_view event) {
  const Judged& judgement = judged(pattern);
  if (judgement.rules == nullptr) {
    return TrialError{TrialError::Where::pattern, judgement.fault};
  }
  found_.clear();
  std::uint32_t offset = 0;
  const EventError error = matcher_.match_event(*judgement.rules, event, found_, &offset);
  if (error != EventError::none) {
    return TrialError{TrialError::Where::event,
                      fmt::format("{} (byte {})", in_words(error, event), offset + 1)};
  }
  return !found_.empty();
}

}  // namespace weir
