// Every example of the page about patterns is run as `weir test-pattern` would run it, so that the
// page cannot be wrong: patterns that match and that do not, and what is said of bad ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/config/config_text.h"
#include "tools/test_pattern/pattern_trial.h"

namespace weir {
namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(std::string(WEIR_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file) << path;
  std::vector<std::string> out;
  for (std::string line; std::getline(file, line);) out.push_back(line);
  return out;
}

// A line of an example: its first word, and the rest behind blanks.
struct ExampleLine {
  std::size_t number = 0;
  std::string word;
  std::string rest;
};

// The lines of all blocks that are fenced as `language`.
std::vector<ExampleLine> examples(const std::string& path, std::string_view language) {
  std::vector<ExampleLine> out;
  bool inside = false;
  std::size_t number = 0;
  for (const std::string& line : lines_of(path)) {
    ++number;
    if (line.starts_with("```")) {
      inside = line.substr(3) == language;
    } else if (inside) {
      const std::size_t end = line.find(' ');
      const std::size_t rest = line.find_first_not_of(' ', end);
      out.push_back(
          {number, line.substr(0, end), rest == std::string::npos ? "" : line.substr(rest)});
    }
  }
  return out;
}

class PatternPage : public testing::Test {
 protected:
  void run(const ExampleLine& line) {
    if (line.word == "pattern") {
      pattern_ = line.rest;
      event_ = "{}";
    } else if (line.word == "event") {
      event_ = line.rest;
    } else if (line.word == "yes" || line.word == "no") {
      const auto result = trial_.run(pattern_, line.rest);
      ASSERT_TRUE(result.ok()) << result.error().message;
      EXPECT_EQ(*result, line.word == "yes");
    } else if (line.word == "refused") {
      const auto result = trial_.run(pattern_, event_);
      ASSERT_FALSE(result.ok());
      EXPECT_EQ(result.error().message, line.rest);
    } else {
      FAIL() << "an example has lines of pattern, yes, no, event, refused";
    }
    ++seen_[line.word];
  }

  PatternTrial trial_;
  std::string pattern_;
  std::string event_;
  std::map<std::string, int> seen_;
};

TEST_F(PatternPage, EveryExampleIsRight) {
  for (const ExampleLine& line : examples("core/rule/PATTERNS.md", "weir")) {
    SCOPED_TRACE("line " + std::to_string(line.number) + ": " + pattern_ + " | " + line.rest);
    run(line);
  }
  // That they were read at all.
  EXPECT_GT(seen_["yes"], 100);
  EXPECT_GT(seen_["no"], 100);
  EXPECT_GT(seen_["refused"], 40);
}

// Each operator has an event that it takes and one that it does not.
TEST_F(PatternPage, NoOperatorIsLeftOut) {
  std::map<std::string, std::string> words;  // of lines that follow a pattern with the operator
  for (const ExampleLine& line : examples("core/rule/PATTERNS.md", "weir")) {
    if (line.word == "pattern") pattern_ = line.rest;
    for (const char* name : {"prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but",
                             "numeric", "cidr", "exists", "exactly", "$or"}) {
      if (pattern_.find('"' + std::string(name) + "\":") != std::string::npos) {
        words[name] += line.word + " ";
      }
    }
  }
  EXPECT_EQ(words.size(), 10U);
  for (const auto& [name, found] : words) {
    EXPECT_THAT(found, testing::HasSubstr(" yes ")) << name;
    EXPECT_THAT(found, testing::HasSubstr(" no ")) << name;
  }
}

// The pattern in YAML of README.md, as the rule of a configuration.
TEST(Readme, ItsPatternLoads) {
  std::string yaml;
  bool in_section = false;
  bool inside = false;
  for (const std::string& line : lines_of("README.md")) {
    if (line.starts_with("## ")) in_section = line == "## Patterns";
    if (!in_section) continue;
    if (line.starts_with("```")) {
      inside = line == "```yaml";
    } else if (inside) {
      yaml += "      " + line + "\n";
    }
  }
  EXPECT_THAT(yaml, testing::HasSubstr("numeric"));
  EXPECT_THAT(faults_of("sources:\n  a: {stdin: true}\n"
                        "targets:\n  t: {discard: true}\n"
                        "rules:\n  r:\n    targets: [t]\n    pattern:\n" +
                        yaml),
              testing::IsEmpty());
}

}  // namespace
}  // namespace weir
