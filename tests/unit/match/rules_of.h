// Rule sets for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/rule/rule_set.h"

namespace weir {

// Those patterns compiled, in their order; a test failure and null where one is invalid.
inline std::shared_ptr<const RuleSet> rules_of(const std::vector<std::string>& patterns) {
  std::vector<RuleText> texts;
  for (const std::string& pattern : patterns) texts.push_back({"", pattern});
  auto set = compile_rules(texts);
  EXPECT_TRUE(set.ok()) << (set.ok() ? "" : set.error().message);
  return set.ok() ? set.value() : nullptr;
}

}  // namespace weir
