// Agreement with recorded verdicts: of the real service, of event-ruler, of Sigma rules over real
// CloudTrail events, and of the JSON test suite.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "core/match/matcher.h"
#include "core/rule/json_tree.h"
#include "core/rule/rule_set.h"
#include "tests/unit/match/shared_data.h"

namespace weir {
namespace {

using test::lines_of;
using test::read_data;

class Conformance : public testing::Test {
 protected:
  void SetUp() override {
    if (test::shared_data_folder().empty()) GTEST_SKIP() << "the shared data is not here";
  }
};

const JsonNode* member(const JsonTree& tree, const JsonNode& object, std::string_view name) {
  for (const JsonNode* m = tree.first_child(object); m != nullptr; m = tree.next(*m)) {
    if (m->name() == name) return m;
  }
  return nullptr;
}

std::string_view slice(std::string_view text, const JsonNode& node) {
  return text.substr(node.offset, node.end - node.offset);
}

enum class Verdict { match, no_match, error };
std::string to_string(Verdict v) {
  return v == Verdict::match ? "match" : v == Verdict::no_match ? "no-match" : "error";
}

Verdict verdict(std::string_view pattern, std::string_view event) {
  const RuleText rule{"r", pattern};
  const auto rules = compile_rules(std::span(&rule, 1));
  if (!rules) return Verdict::error;
  Matcher matcher;
  std::vector<RuleIndex> found;
  if (matcher.match_event(**rules, event, found) != EventError::none) return Verdict::error;
  return found.empty() ? Verdict::no_match : Verdict::match;
}

TEST_F(Conformance, AwsVerifiedPatterns) {
  const std::string text = read_data("patterns/aws-verified-patterns.json");
  JsonTree tree;
  ASSERT_TRUE(tree.read(text));
  // The service's own estimate of a wildcard's cost; rules from files are not held to it.
  const std::set<std::string> service_limits = {"content_wildcard_complex_EXC"};
  std::size_t checked = 0;
  const JsonNode& cases = *member(tree, tree.root(), "cases");
  for (const JsonNode* c = tree.first_child(cases); c != nullptr; c = tree.next(*c)) {
    const std::string name = member(tree, *c, "name")->text();
    if (service_limits.contains(name)) continue;
    const auto pattern = slice(text, *member(tree, *c, "pattern"));
    const auto event = slice(text, *member(tree, *c, "event"));
    EXPECT_EQ(to_string(verdict(pattern, event)), member(tree, *c, "expect")->text())
        << name << "\n"
        << pattern << "\n"
        << event;
    ++checked;
  }
  EXPECT_EQ(checked, 154U);
}

TEST_F(Conformance, AwsVerifiedTexts) {
  const std::string text = read_data("patterns/aws-verified-raw-text.json");
  JsonTree tree;
  ASSERT_TRUE(tree.read(text));
  const JsonNode& cases = *member(tree, tree.root(), "cases");
  for (const JsonNode* c = tree.first_child(cases); c != nullptr; c = tree.next(*c)) {
    const std::string pattern = member(tree, *c, "pattern_text")->text();
    const std::string event = member(tree, *c, "event_text")->text();
    EXPECT_EQ(to_string(verdict(pattern, event)), member(tree, *c, "expect")->text()) << pattern;
  }
}

TEST_F(Conformance, EventRulerCases) {
  const std::string text = read_data("patterns/event-ruler-cases.jsonl.gz");
  std::size_t checked = 0;
  for (const std::string_view line : lines_of(text)) {
    JsonTree tree;
    ASSERT_TRUE(tree.read(line));
    const std::string pattern = member(tree, tree.root(), "pattern")->text();
    const JsonNode* event_node = member(tree, tree.root(), "event");
    const std::string event = event_node != nullptr ? event_node->text() : "{}";
    const bool valid = member(tree, tree.root(), "valid")->kind == JsonNode::Kind::true_;
    const JsonNode* match = member(tree, tree.root(), "match");
    const std::string id = member(tree, tree.root(), "id")->text();
    ++checked;
    if (!valid) {
      EXPECT_TRUE(check_pattern(pattern).has_value()) << id << "\n" << pattern;
      continue;
    }
    const auto bad = check_pattern(pattern);
    EXPECT_FALSE(bad.has_value()) << id << "\n" << pattern << "\n" << (bad ? bad->message : "");
    if (match == nullptr) continue;
    const bool expected = match->kind == JsonNode::Kind::true_;
    EXPECT_EQ(verdict(pattern, event) == Verdict::match, expected) << id << "\n"
                                                                   << pattern << "\n"
                                                                   << event;
  }
  EXPECT_EQ(checked, 989U);
}

// All rules in one set, over all real events in one block; and each line number as recorded.
TEST_F(Conformance, SigmaOverCloudTrail) {
  const std::string text = read_data("patterns/sigma-aws-cloudtrail.json");
  std::string events = read_data("cloudtrail/events.jsonl.gz");
  const std::size_t size = events.size();
  events.append(Matcher::kMatchPadding, '\n');
  JsonTree tree;
  ASSERT_TRUE(tree.read(text));
  std::vector<RuleText> rules;
  std::map<RuleIndex, std::vector<std::uint32_t>> expected, found;
  const JsonNode& all = *member(tree, tree.root(), "rules");
  for (const JsonNode* r = tree.first_child(all); r != nullptr; r = tree.next(*r)) {
    const JsonNode& matches = *member(tree, *r, "matches");
    for (const JsonNode* m = tree.first_child(matches); m != nullptr; m = tree.next(*m)) {
      expected[static_cast<RuleIndex>(rules.size())].push_back(
          static_cast<std::uint32_t>(std::stoul(std::string(m->raw))));
    }
    rules.push_back({"", slice(text, *member(tree, *r, "pattern"))});
  }
  ASSERT_EQ(rules.size(), 56U);
  const auto set = compile_rules(rules);
  ASSERT_TRUE(set.ok());
  Matcher matcher;
  LineResults results;
  matcher.match_lines(**set, std::string_view(events).substr(0, size), results);
  EXPECT_EQ(results.lines.size(), 3313U);
  for (const LineResult& line : results.lines) {
    EXPECT_EQ(line.error, EventError::none) << "line " << line.line;
    for (const RuleIndex rule : results.matches_of(line)) found[rule].push_back(line.line - 1);
  }
  EXPECT_EQ(found, expected);
}

TEST_F(Conformance, JsonTestSuite) {
  const RuleText rule{"r", R"({"a":[{"exists":true}]})"};
  const auto rules = compile_rules(std::span(&rule, 1));
  Matcher matcher;
  std::vector<RuleIndex> found;
  const std::string folder = test::shared_data_folder() + "/json-test-suite/test_parsing";
  std::size_t checked = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().filename();
    // Below a name, so that every value may stand at the top of the case.
    const std::string text = read_data("json-test-suite/test_parsing/" + name);
    for (const std::string_view field : {"a", "b"}) {
      const std::string event = "{\"" + std::string(field) + "\":" + text + "}";
      const EventError error = matcher.match_event(**rules, event, found);
      if (name.starts_with("y_")) {
        EXPECT_EQ(error, EventError::none) << name << "\n" << event;
      }
      // `{"a":` + a case that is only wrong by what follows the value may become sound.
      const EventError alone = matcher.match_event(**rules, text, found);
      if (name.starts_with("n_")) {
        EXPECT_NE(alone, EventError::none) << name << "\n" << text;
      }
      if (name.starts_with("y_")) {
        EXPECT_TRUE(alone == EventError::none || alone == EventError::not_object) << name;
      }
    }
    ++checked;
  }
  EXPECT_EQ(checked, 318U);
}

}  // namespace
}  // namespace weir
