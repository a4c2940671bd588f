// What is said about invalid patterns: the recorded texts of the service to the letter, the rest
// with field and byte.
#include "core/api/pattern_words.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/api/test_event_pattern.h"
#include "core/rule/json_tree.h"

namespace weir {
namespace {

std::string said(std::string_view pattern) {
  const auto error = pattern_error(pattern);
  EXPECT_TRUE(error.has_value()) << pattern;
  if (!error) return "";
  EXPECT_EQ(error->code, "InvalidEventPatternException");
  return error->message;
}

std::string reason(std::string_view pattern) {
  constexpr std::string_view kBegin = "Event pattern is not valid. Reason: ";
  const std::string all = said(pattern);
  EXPECT_TRUE(all.starts_with(kBegin)) << all;
  return all.substr(kBegin.size());
}

std::string at(std::string_view pattern, std::string_view place) {
  return "\n at [Source: (String)\"" + std::string(pattern) + "\"; " + std::string(place) + "]";
}

TEST(PatternWords, AreTheServicesWithThePlaceItsParserNames) {
  const auto expect = [](std::string_view pattern, std::string_view words, std::string_view place) {
    EXPECT_EQ(reason(pattern), std::string(words) + at(pattern, place));
  };
  expect(R"({"k": 42})", R"("k" must be an object or an array)", "line: 1, column: 9");
  expect(R"({"k": "v"})", R"("k" must be an object or an array)", "line: 1, column: 8");
  expect("{\n  \"é😀\": [\"x\"],\n  \"k\": []\n}", "Empty arrays are not allowed",
         "line: 3, column: 10");
  expect(R"({"é😀": ["x"], "k": []})", "Empty arrays are not allowed", "line: 1, column: 23");
  expect(R"(["a"])", "Filter is not an object", "line: 1, column: 2");
  expect(R"({"a":{"b":["x",{"EXISTS":true}]}})", "Unrecognized match type EXISTS",
         "line: 1, column: 30");
  expect(R"({"a":[{"numeric":[">",0,"<","5"]}]})", "Value of < must be numeric",
         "line: 1, column: 30");
  expect(R"({"a":tru})",
         "Unrecognized token 'tru': was expecting (JSON String, Number, Array, Object or token "
         "'null', 'true' or 'false')",
         "line: 1, column: 9");
}

TEST(PatternWords, ALongPatternIsCutShort) {
  const std::string pattern = "{\"a\":[\"" + std::string(600, 'x') + "\"],\"b\":1}";
  EXPECT_EQ(reason(pattern),
            "\"b\" must be an object or an array\n at [Source: (String)\"" +
                pattern.substr(0, 500) + "\"[truncated " + std::to_string(pattern.size() - 500) +
                " chars]; line: 1, column: " + std::to_string(pattern.size()) + "]");
}

// Texts that were never recorded are not made up.
TEST(PatternWords, AreOursWhereNoneWereRecorded) {
  EXPECT_EQ(reason(R"({"a":{"b":[{"exists":"true"}]}})"),
            "at 'a.b': exists takes true or false (byte 22)");
  EXPECT_EQ(reason("{}"), "an empty object; name at least one field (byte 1)");
  for (const std::string_view pattern : {R"({"a":[["x"]]})",
                                         R"({"a":[{}]})",
                                         R"({"a":[{"prefix":"x","suffix":"y"}]})",
                                         R"({"a":[{"prefix":"x","like":"y"}]})",
                                         R"({"a":[{"prefix":{"wildcard":"x"}}]})",
                                         R"({"a":[{"anything-but":["x",5]}]})",
                                         R"({"a":[{"anything-but":[]}]})",
                                         R"({"a":[{"anything-but":{}}]})",
                                         R"({"a":[{"anything-but":{"cidr":"x"}}]})",
                                         R"({"a":[{"anything-but":{"prefix":[]}}]})",
                                         R"({"a":[{"wildcard":"a\\x"}]})",
                                         R"({"a":[{"numeric":["!=",5]}]})",
                                         R"({"a":[{"numeric":[]}]})",
                                         R"({"a":[{"numeric":[">",5,"<",1]}]})",
                                         R"({"a":[{"numeric":["=",1e400]}]})",
                                         R"({"a":[{"numeric":["<",5,">",0]}]})",
                                         R"({"a":[{"cidr":"10.0.0.0/32"}]})",
                                         R"({"a":[{"cidr":"10.0.0.0/-1"}]})",
                                         R"({"$or":[{"a":["x"]}]})",
                                         R"({"$or":[{"a":["x"]},{"prefix":["x"]}]})",
                                         R"({"a":["x"]} y)",
                                         R"({"a":["x",]})",
                                         R"({"a":)",
                                         R"({"a":01})",
                                         R"({"a" ["x"]})",
                                         "",
                                         "{\"a\":[\"\xff\"]}",
                                         R"({"a":["\x"]})"}) {
    EXPECT_NE(reason(pattern).find("(byte "), std::string::npos) << said(pattern);
  }
}

std::string whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class RecordedWords : public testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("WEIR_SHARED_DATA");
    folder_ = given != nullptr ? given : WEIR_SOURCE_DIR "/../shared/data";
    if (!std::filesystem::is_directory(folder_)) GTEST_SKIP() << "the shared data is not here";
  }
  void read(const std::string& file, std::string_view list) {
    text_ = whole_file(folder_ + file);
    ASSERT_TRUE(tree_.read(text_));
    cases_ = member(tree_.root(), list);
    ASSERT_NE(cases_, nullptr);
  }
  const JsonNode* member(const JsonNode& object, std::string_view name) const {
    for (const JsonNode* m = tree_.first_child(object); m != nullptr; m = tree_.next(*m)) {
      if (m->name() == name) return m;
    }
    return nullptr;
  }
  // The recorder put masks where the partition and the region stood.
  static std::string unmasked(std::string text) {
    for (const auto& [mask, value] :
         {std::pair<std::string_view, std::string_view>{"<partition>", "aws"},
          {"<region>", "us-east-1"}}) {
      for (std::size_t at = text.find(mask); at != std::string::npos; at = text.find(mask)) {
        text.replace(at, mask.size(), value);
      }
    }
    return text;
  }

  std::string folder_;
  std::string text_;
  JsonTree tree_;
  const JsonNode* cases_ = nullptr;
};

TEST_F(RecordedWords, OfThePatternsThatWereRun) {
  read("/patterns/aws-verified-patterns.json", "cases");
  std::size_t checked = 0;
  for (const JsonNode* c = tree_.first_child(*cases_); c != nullptr; c = tree_.next(*c)) {
    const JsonNode* error = member(*c, "error");
    if (error == nullptr) continue;
    const JsonNode* pattern = member(*c, "pattern");
    const std::string given = text_.substr(pattern->offset, pattern->end - pattern->offset);
    // The recording shows the pattern as it was sent, which this file may space differently.
    std::string sent;
    const std::string recorded = unmasked(member(*error, "MessageRaw")->text());
    const std::size_t begin = recorded.find("(String)\"");
    if (begin == std::string::npos) {
      sent = given;
    } else {
      sent = recorded.substr(begin + 9, recorded.find("\"; line: ", begin) - begin - 9);
    }
    EXPECT_EQ(said(sent), recorded) << member(*c, "name")->text();
    ++checked;
  }
  EXPECT_EQ(checked, 38U);
}

TEST_F(RecordedWords, OfTextsThatAreNoPatterns) {
  read("/api/aws-recorded-errors.json", "errors");
  constexpr std::string_view kScenario = "test_invalid_json_event_pattern[";
  constexpr std::string_view kEnd = "]/invalid-pattern";
  std::size_t checked = 0;
  for (const JsonNode* c = tree_.first_child(*cases_); c != nullptr; c = tree_.next(*c)) {
    const std::string scenario = member(*c, "scenario")->text();
    if (!scenario.starts_with(kScenario)) continue;
    const std::string pattern =
        scenario.substr(kScenario.size(), scenario.size() - kScenario.size() - kEnd.size());
    EXPECT_EQ(said(pattern), member(*c, "message")->text());
    ++checked;
  }
  EXPECT_EQ(checked, 4U);
}

}  // namespace
}  // namespace weir
