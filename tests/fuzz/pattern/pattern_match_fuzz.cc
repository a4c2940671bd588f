// Fuzz target: a pattern in the first line, events in the others. Each line is accepted or refused
// and matched as the reference does, in one block and by itself.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/match/matcher.h"
#include "core/rule/rule_set.h"
#include "tests/reference/reference.h"

namespace {

constexpr std::string_view kOtherwise =
    R"({"a":{"b":[{"exists":false},"x"]},"c":[{"anything-but":"y"}]})";

void check_line(const weir::RuleSet& rules, const weir::reference::Rule& plain,
                std::string_view text, const weir::LineResult& line, weir::Matcher& matcher) {
  const std::string_view event = text.substr(line.offset, line.length);
  const auto flat = weir::reference::flatten(event);
  WEIR_CHECK(line.error != weir::EventError::too_complex);
  WEIR_CHECK(flat.has_value() == (line.error == weir::EventError::none));
  std::vector<weir::RuleIndex> alone;
  WEIR_CHECK(matcher.match_event(rules, event, alone) == line.error);
  WEIR_CHECK(line.error_offset <= event.size());
  if (!flat) return;
  WEIR_CHECK(alone.size() == line.match_count);
  WEIR_CHECK((line.match_count == 1) == weir::reference::matches(plain, *flat));
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t first_line = text.find('\n');
  std::string pattern = text.substr(0, first_line);
  text.erase(0, first_line == std::string::npos ? text.size() : first_line + 1);
  weir::CompileLimits limits;
  limits.branches_per_rule_max = 20;
  limits.hash_key = 1;
  if (weir::check_pattern(pattern, limits)) pattern = kOtherwise;
  const weir::RuleText rule{"r", pattern};
  const auto rules = weir::compile_rules({&rule, 1}, limits);
  const auto plain = weir::reference::compile(pattern);
  WEIR_CHECK(rules.ok() && plain.has_value());
  const std::size_t length = text.size();
  text.append(weir::Matcher::kMatchPadding, '\n');
  const std::string_view lines(text.data(), length);
  weir::Matcher matcher;
  weir::LineResults results;
  matcher.match_lines(*rules.value(), lines, results);
  for (const weir::LineResult& line : results.lines) {
    check_line(*rules.value(), *plain, lines, line, matcher);
  }
  return 0;
}
