// weir test-pattern: one pair, lists of cases, bad input of each kind, and the recorded verdicts of
// the real service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/rule/json_tree.h"
#include "core/wire/json_text.h"
#include "tests/e2e/process.h"

namespace weir::e2e {
namespace {

using testing::HasSubstr;

class TestPattern : public testing::Test {
 protected:
  int run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "test-pattern");
    const int exit_code =
        run_to_end(directory_, "test", arguments, {.input = input, .environment = {}});
    output_ = read_file(directory_.file("test.out"));
    errors_ = read_file(directory_.file("test.err"));
    return exit_code;
  }
  int pair(const std::string& pattern, const std::string& event, const std::string& input = "") {
    return run({"--pattern", pattern, "--event", event}, input);
  }
  std::string write(const std::string& name, std::string_view text) {
    write_file(directory_.file(name), text);
    return directory_.file(name);
  }

  TempDir directory_;
  std::string output_;
  std::string errors_;
};

TEST_F(TestPattern, OnePair) {
  EXPECT_EQ(pair(R"({"a":[{"prefix":"x"}]})", R"({"a":"xy"})"), 0);
  EXPECT_EQ(output_, "true\n");
  EXPECT_EQ(pair(R"( {"a":[{"prefix":"x"}]})", "\n{\"a\":\n\"y\"}"), 1);
  EXPECT_EQ(output_, "false\n");
  EXPECT_EQ(errors_, "");
}

TEST_F(TestPattern, TextsFilesAndStandardInput) {
  const std::string pattern = write("pattern.json", "{\"a\": [1]}\n");
  const std::string event = write("event.json", "{\n  \"a\": 1\n}\n");
  EXPECT_EQ(pair(pattern, event), 0);
  EXPECT_EQ(pair("-", R"({"a":1})", pattern), 0);
  EXPECT_EQ(pair(R"({"a":[2]})", "-", event), 1);
  EXPECT_EQ(pair("-", "-", event), 2);
  EXPECT_THAT(errors_, HasSubstr("only one"));
  EXPECT_EQ(pair(R"({"a":[2]})", directory_.file("none")), 2);
  EXPECT_THAT(errors_, HasSubstr("event: "));
  EXPECT_EQ(pair("a: [2]", "{}"), 2) << "no JSON text, so a path";
  EXPECT_THAT(errors_, HasSubstr("pattern: "));
}

TEST_F(TestPattern, InvalidPairsNameThePlace) {
  EXPECT_EQ(pair(R"({"a":{"b":[{"prefix":1}]}})", "{"), 2);
  EXPECT_EQ(output_, "");
  EXPECT_THAT(errors_, HasSubstr("weir: pattern: at 'a.b': "));
  EXPECT_THAT(errors_, HasSubstr("(byte 22)"));
  EXPECT_EQ(pair("[]", "{}"), 2);
  EXPECT_THAT(errors_, HasSubstr("weir: pattern: "));
  EXPECT_EQ(pair(R"({"a":[1]})", R"({"a":})"), 2);
  EXPECT_EQ(errors_, "weir: event: not valid JSON (byte 6)\n");
  EXPECT_EQ(pair(R"({"a":[1]})", "[1]"), 2);
  EXPECT_EQ(errors_, "weir: event: no object at the top (byte 1)\n");
  EXPECT_EQ(pair(R"({"a":[1]})", "\"text\""), 2);
  EXPECT_THAT(errors_, HasSubstr("JSON text begins with { or ["));
}

TEST_F(TestPattern, TheServicesOwnLimits) {
  const std::string longest(2036, 'x');
  EXPECT_EQ(pair("{\"key\":[\"" + longest + "\"]}", "{}"), 1);
  EXPECT_EQ(pair("{\"keys\":[\"" + longest + "\"]}", "{}"), 2);
  EXPECT_THAT(errors_, HasSubstr("2049 characters"));
  EXPECT_EQ(pair(R"({"a":[{"wildcard":"*:*:*:*:*:event-bus/*"}]})", "{}"), 2);
  EXPECT_THAT(errors_, HasSubstr("at 'a': the wildcards are too complex"));
}

TEST_F(TestPattern, UsageFaults) {
  EXPECT_EQ(run({}), 2);
  EXPECT_THAT(errors_, HasSubstr("--cases"));
  EXPECT_EQ(run({"--pattern", "{}"}), 2);
  EXPECT_EQ(run({"--pattern", "{}", "--cases", "x"}), 2);
  EXPECT_EQ(run({"--cases", directory_.file("none")}), 2);
}

TEST_F(TestPattern, CasesAreAnsweredInOrder) {
  const std::string cases =
      write("cases", R"({"id":1,"pattern":"{\"a\":[1]}","event":"{\"a\":1.0}"})"
                     "\n"
                     R"({"event":"{\"a\":2}","note":[],"pattern":"{\"a\":[1]}","id":"sec\u006fnd"})"
                     "\r\n\n  \n"
                     R"({"id":{"k":[null, 2]},"pattern":"{\"a\":[]}","event":"nonsense"})"
                     "\n"
                     R"({"id":null,"pattern":"{\"a\":[1]}","event":"{\"a\":1} x"})"
                     "\n"
                     R"({"id":-1.50e3,"pattern":"{\"\ud800\":1}","event":"{}"})");
  EXPECT_EQ(run({"--cases", cases}), 0);
  EXPECT_THAT(output_, testing::StartsWith(R"({"id":1,"result":true}
{"id":"sec\u006fnd","result":false}
{"id":{"k":[null, 2]},"error":{"where":"pattern","message":"at 'a': )"));
  EXPECT_THAT(output_, HasSubstr("{\"id\":null,\"error\":{\"where\":\"event\",\"message\":\"not "
                                 "valid JSON (byte 9)\"}}\n{\"id\":-1.50e3,\"error\":{"
                                 "\"where\":\"pattern\",\"message\":\"not sound JSON"));
  EXPECT_EQ(errors_, "");
  const std::string in_order = output_;
  EXPECT_EQ(run({"--cases", "-"}, cases), 0);
  EXPECT_EQ(output_, in_order);
}

TEST_F(TestPattern, ALineThatIsNoCaseIsToldAndTheRestAnswered) {
  const std::string sound = R"({"id":7,"pattern":"{\"a\":[1]}","event":"{\"a\":1}"})";
  const std::vector<std::string> bad = {"{",
                                        "[]",
                                        "7",
                                        "{}",
                                        R"({"id":[1],"pattern":{"a":[1]},"event":"{}"})",
                                        R"({"pattern":"{}","event":"{}"})",
                                        R"({"id":1,"id":2,"pattern":"{}","event":"{}"})",
                                        "{\"id\":\"\xff\"}"};
  for (const std::string& line : bad) {
    EXPECT_EQ(run({"--cases", "-"}, write("cases", sound + "\n" + line + "\n" + sound + "\n")), 1);
    EXPECT_THAT(output_, testing::StartsWith("{\"id\":7,\"result\":true}\n{\"id\":")) << line;
    EXPECT_THAT(output_, HasSubstr("\"error\":{\"where\":\"case\",\"message\":\"line 2: ")) << line;
    EXPECT_THAT(output_, testing::EndsWith("}}\n{\"id\":7,\"result\":true}\n")) << line;
  }
}

TEST_F(TestPattern, ManyCasesCompressed) {
  std::string cases;
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string n = std::to_string(i);
    cases += "{\"id\":" + n + R"(,"pattern":"{\"n\":[)" + std::to_string(i / 3 * 3) +
             R"(]}","event":"{\"n\":)" + n + "}\"}\n";
    expected += "{\"id\":" + n + ",\"result\":" + (i % 3 == 0 ? "true" : "false") + "}\n";
  }
  const std::string path = write("cases", cases);
  command_output("gzip -k '" + path + "' && zstd -q '" + path + "' -o '" + path + ".zst'");
  for (const char* ending : {"", ".gz", ".zst"}) {
    EXPECT_EQ(run({"--cases", path + ending}), 0);
    EXPECT_TRUE(output_ == expected) << ending;
  }
  const std::string packed = read_file(path + ".gz");
  EXPECT_EQ(run({"--cases", write("cut.gz", packed.substr(0, packed.size() / 2))}), 1);
  EXPECT_TRUE(expected.starts_with(output_.substr(0, output_.rfind('\n') + 1)));
  EXPECT_NE(errors_, "");
}

// What the recorded verdicts say, through the command.
class Recorded : public TestPattern {
 protected:
  void SetUp() override {
    const char* given = std::getenv("WEIR_SHARED_DATA");
    folder_ = given != nullptr ? given : WEIR_SOURCE_DIR "/../shared/data";
    if (!std::filesystem::is_directory(folder_)) GTEST_SKIP() << "the shared data is not here";
  }
  // Each case as a line, and the answers that are due, "match", "no-match" or "error".
  void ask(const std::string& file, std::string_view pattern_name, std::string_view event_name) {
    const std::string text = read_file(folder_ + "/patterns/" + file);
    JsonTree tree;
    ASSERT_TRUE(tree.read(text));
    const JsonNode* cases = member(tree, tree.root(), "cases");
    ASSERT_NE(cases, nullptr);
    std::string lines;
    std::vector<std::string> due;
    for (const JsonNode* c = tree.first_child(*cases); c != nullptr; c = tree.next(*c)) {
      lines += "{\"id\":\"" + member(tree, *c, "name")->text() + "\",\"pattern\":\"" +
               json_escaped(json_of(text, *member(tree, *c, pattern_name))) + "\",\"event\":\"" +
               json_escaped(json_of(text, *member(tree, *c, event_name))) + "\"}\n";
      due.push_back(member(tree, *c, "expect")->text());
    }
    count_ = due.size();
    EXPECT_EQ(run({"--cases", write("cases", lines)}), 0);
    std::size_t at = 0;
    for (const std::string& answer : due) {
      const std::size_t end = output_.find('\n', at);
      ASSERT_NE(end, std::string::npos);
      const std::string line = output_.substr(at, end - at);
      at = end + 1;
      EXPECT_THAT(line, HasSubstr(answer == "match"      ? "\"result\":true"
                                  : answer == "no-match" ? "\"result\":false"
                                                         : "\"where\":\"pattern\""));
    }
    EXPECT_EQ(at, output_.size());
  }

  std::size_t count_ = 0;

 private:
  static const JsonNode* member(const JsonTree& tree, const JsonNode& object,
                                std::string_view name) {
    for (const JsonNode* m = tree.first_child(object); m != nullptr; m = tree.next(*m)) {
      if (m->name() == name) return m;
    }
    return nullptr;
  }
  static std::string json_of(const std::string& text, const JsonNode& node) {
    if (node.kind == JsonNode::Kind::string) return node.text();
    return text.substr(node.offset, node.end - node.offset);
  }
  std::string folder_;
};

TEST_F(Recorded, AllVerdictsOfTheServiceAgree) {
  ask("aws-verified-patterns.json", "pattern", "event");
  EXPECT_EQ(count_, 155U);
  ask("aws-verified-raw-text.json", "pattern_text", "event_text");
  EXPECT_EQ(count_, 2U);
}

}  // namespace
}  // namespace weir::e2e
