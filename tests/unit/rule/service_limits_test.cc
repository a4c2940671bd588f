// What the service refuses beyond the language; the measure of wildcards against its definition.
#include "core/rule/service_limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/rule/wildcard_complexity.h"

namespace weir {
namespace {

using Groups = std::vector<std::vector<std::string>>;

std::size_t complexity(const Groups& groups) {
  std::vector<WildcardGroup> field;
  for (const auto& group : groups) field.push_back({group});
  return wildcard_complexity(field, 1000);
}

// The beginnings of all wildcards, in quotes, each with the group that counts it. Those of one
// group are one when they are equal and have no star but at their end.
std::set<std::pair<std::size_t, std::string>> beginnings(const Groups& groups) {
  std::set<std::pair<std::size_t, std::string>> all;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const std::string& wildcard : groups[g]) {
      const std::string text = '"' + wildcard + '"';
      for (std::size_t n = 1; n <= text.size(); ++n) {
        const std::string beginning = text.substr(0, n);
        const std::size_t star = beginning.find('*');
        const bool shared = star == std::string::npos || star + 1 == n;
        all.emplace(g, shared ? beginning : beginning + "#" + wildcard);
      }
    }
  }
  return all;
}

bool fits(std::string_view beginning, std::string_view value) {
  std::vector<bool> met(value.size() + 1);
  met[0] = true;
  for (const char c : beginning) {
    std::vector<bool> next(met.size());
    for (std::size_t i = 0; i < met.size(); ++i) {
      if (c == '*') {
        next[i] = met[i] || (i > 0 && next[i - 1]);
      } else if (i > 0) {
        next[i] = met[i - 1] && value[i - 1] == c;
      }
    }
    met = next;
  }
  return met.back();
}

// By trying all values up to a length.
std::size_t tried(const Groups& groups, std::size_t length) {
  const auto all = beginnings(groups);
  std::size_t most = 0;
  std::vector<std::string> values = {"\""};
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::size_t count = 0;
    for (const auto& [group, beginning] : all) {
      count += fits(beginning.substr(0, beginning.find('#')), values[i]) ? 1U : 0U;
    }
    most = std::max(most, count);
    if (values[i].size() > length) continue;
    for (const char c : {'a', 'b', '"'}) values.push_back(values[i] + c);
  }
  return most;
}

TEST(WildcardComplexity, CountsTheBeginningsThatOneValueMeets) {
  EXPECT_EQ(complexity({}), 0U);
  EXPECT_EQ(complexity({{"plain"}}), 1U);
  EXPECT_EQ(complexity({{"*xy"}}), 2U);    // "xy": *, *xy
  EXPECT_EQ(complexity({{"*xx"}}), 3U);    // "xx": *, *x, *xx
  EXPECT_EQ(complexity({{"k*xyx"}}), 3U);  // "kxyx": k*, k*x, k*xyx
  EXPECT_EQ(complexity({{"k*p"}, {"k*q"}, {"k*r"}}), 6U);
  EXPECT_EQ(complexity({{"k*p", "k*q", "k*r"}}), 2U) << "one anything-but shares k and k*";
  EXPECT_EQ(complexity({{"k*p"}, {"k*p"}}), 2U) << "a test that is there twice is one";
  EXPECT_EQ(complexity({{"*\\**"}}), 3U);  // "*": *, *\*, *\**
}

TEST(WildcardComplexity, IsWhatTryingAllValuesFinds) {
  Random random(5);
  for (int round = 0; round < 150; ++round) {
    Groups groups(1 + random.below(2));
    for (auto& group : groups) {
      for (std::uint64_t n = 1 + random.below(2); n > 0; --n) {
        std::string wildcard;
        for (std::uint64_t i = random.below(4); i > 0; --i) {
          const char c = "ab*"[random.below(3)];
          if (c != '*' || !wildcard.ends_with('*')) wildcard += c;
        }
        if (std::ranges::find(group, wildcard) == group.end()) group.push_back(wildcard);
      }
    }
    if (groups.size() == 2 && std::set(groups[0].begin(), groups[0].end()) ==
                                  std::set(groups[1].begin(), groups[1].end())) {
      continue;
    }
    std::string shown;
    for (const auto& group : groups) {
      for (const auto& wildcard : group) shown += "'" + wildcard + "' ";
      shown += "| ";
    }
    EXPECT_EQ(complexity(groups), tried(groups, 7)) << shown;
  }
}

TEST(WildcardComplexity, HostileTextsCostLittle) {
  std::string stars;
  for (int i = 0; i < 10'000; ++i) stars += "a*";
  EXPECT_GT(complexity({{stars}}), 1000U);
  Groups many;
  for (int i = 0; i < 200; ++i) many.push_back({"a" + std::to_string(i) + "*"});
  many.push_back({"a*" + std::string(1000, 'x')});
  EXPECT_GT(complexity(many), 1000U);
}

std::string refusal(std::string_view pattern) {
  const auto error = check_service_limits(pattern);
  return error ? error->message : "";
}

TEST(ServiceLimits, LengthIsInCharacters) {
  const auto of_length = [](std::size_t n, const std::string& c) {
    std::string text = "{\"a\":[\"";
    for (std::size_t i = text.size() + 3; i < n; ++i) text += c;
    return text + "\"]}";
  };
  EXPECT_EQ(refusal(of_length(2048, "x")), "");
  EXPECT_EQ(refusal(of_length(2048, "\xc3\xa9")), "");
  EXPECT_EQ(refusal(of_length(2049, "x")),
            "a pattern of 2049 characters; EventBridge takes at most 2048");
}

TEST(ServiceLimits, CombinationsOfOr) {
  const auto product = [](std::vector<int> factors) {
    std::string text = "{";
    for (std::size_t level = 0; level < factors.size(); ++level) {
      text +=
          (level == 0 ? "" : ",") + ("\"" + std::string(1, char('a' + level)) + "\":{\"$or\":[");
      for (int i = 0; i < factors[level]; ++i) {
        text += (i == 0 ? "" : ",") + ("{\"x" + std::to_string(i) + "\":[1]}");
      }
      text += "]}";
    }
    return text + "}";
  };
  EXPECT_EQ(refusal(product({10, 10, 10})), "");
  EXPECT_NE(refusal(product({10, 10, 11})).find("1100 combinations"), std::string::npos);
}

TEST(ServiceLimits, WildcardsThatAreKnownToBeTakenOrRefused) {
  const auto error = check_service_limits(
      R"({"detail":{"k":[1],"arn":["x",{"wildcard":"*:*:*:*:*:event-bus/*"}]}})");
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->path, "detail.arn");
  EXPECT_EQ(error->offset, 25U);
  EXPECT_EQ(refusal(R"({"n":[{"wildcard":"/Users/*/dir/dir/dir/dir/dir/doc.txt"}]})"), "");
  const auto list = [](std::string_view before, std::string_view behind, int count) {
    std::string text = "{\"k\":[";
    for (int i = 0; i < count; ++i) {
      text += (i == 0 ? "" : ",") + ("{\"wildcard\":\"" + std::string(before)) +
              static_cast<char>('p' + i) + std::string(behind) + "\"}";
    }
    return text + "]}";
  };
  EXPECT_EQ(refusal(list("*/folder/*.", "", 2)), "");
  EXPECT_NE(refusal(list("*/folder/*.", "", 4)), "");
  EXPECT_EQ(refusal(list("*:stack/", "/*", 3)), "");
  EXPECT_NE(refusal(list("*:stack/", "/*", 4)), "");
  EXPECT_NE(refusal(R"({"k":[{"anything-but":{"\u0077ildcard":["*a*a*a*a*a*a*a*"]}}]})"), "");
}

TEST(ServiceLimits, SubRulesAreWeighedTogetherWhereTheyMeet) {
  const std::string one = R"([{"wildcard":"*a*a*"}])";  // 5
  const std::string other = R"([{"wildcard":"*aa*aa*"}])";
  EXPECT_NE(refusal("{\"$or\":[{\"f\":" + one + "},{\"f\":" + other + "}]}"), "");
  EXPECT_EQ(refusal("{\"f\":" + one + ",\"g\":" + other + "}"), "") << "two fields";
  EXPECT_EQ(refusal("{\"$or\":[{\"e\":[1],\"f\":" + one + "},{\"e\":[2],\"f\":" + other + "}]}"),
            "")
      << "what stands before differs";
  EXPECT_NE(refusal("{\"e\":[1],\"$or\":[{\"f\":" + one + "},{\"f\":" + other + "}]}"), "");
}

}  // namespace
}  // namespace weir
