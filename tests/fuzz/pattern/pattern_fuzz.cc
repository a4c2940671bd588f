// Fuzz target: any bytes as a pattern. Built or refused as the reference does; a refusal says why
// and points into the text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/check.h"
#include "core/rule/rule_file.h"
#include "core/rule/rule_set.h"
#include "tests/reference/reference.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const weir::RuleText rule{"r", text};
  weir::CompileLimits limits;
  limits.branches_per_rule_max = 200;
  limits.hash_key = 1;
  const auto rules = weir::compile_rules({&rule, 1}, limits);
  if (rules.ok()) {
    WEIR_CHECK(weir::reference::compile(text).has_value());
  } else {
    const weir::PatternError& error = rules.error();
    WEIR_CHECK(!error.message.empty() && error.offset <= size);
    if (!error.message.starts_with("too costly")) {
      WEIR_CHECK(!weir::reference::compile(text).has_value());
    }
  }
  (void)weir::read_rule_file(text);
  return 0;
}
