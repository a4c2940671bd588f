#include "io/config/pattern_text.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

// The JSON text made from `pattern` as it stands in YAML, or the faults.
std::string json_of(const std::string& pattern) {
  const SourceText source("weir.yaml", pattern);
  const auto tree = parse_yaml(source);
  if (!tree) return to_string(tree.error());
  const LoadOptions options = test_options();
  Reading reading{source, *tree, options.environment, {}, {}};
  const auto text = read_pattern(reading, tree->root_node(), "pattern");
  return text ? text->json : to_string(reading.faults.front());
}

TEST(PatternText, KeepsTheSpellingOfNumbers) {
  EXPECT_EQ(json_of("a: [300.0, 1e3, 300, -0, 1E+2, 0.10, 12345678901234567890]"),
            R"({"a":[300.0,1e3,300,-0,1E+2,0.10,12345678901234567890]})");
}

TEST(PatternText, WhatIsQuotedIsAString) {
  EXPECT_EQ(json_of(R"(a: ["300", '1e3', "true", 'null', !!str 5])"),
            R"({"a":["300","1e3","true","null","5"]})");
}

TEST(PatternText, OnlyJsonsGrammarMakesNumbersAndLiterals) {
  EXPECT_EQ(json_of("a: [true, false, null]"), R"({"a":[true,false,null]})");
  EXPECT_EQ(json_of("a: [True, yes, off, ~, Null, NULL]"),
            R"({"a":["True","yes","off","~","Null","NULL"]})");
  EXPECT_EQ(json_of("a: [01, 1., .5, +1, 0x10, 1_000, 1e, .inf, .nan, 0o7, 1:30, -]"),
            R"({"a":["01","1.",".5","+1","0x10","1_000","1e",".inf",".nan","0o7","1:30","-"]})");
}

TEST(PatternText, NamesAreStrings) {
  EXPECT_EQ(json_of("1: [x]\ntrue: [y]\nnull: [n]\n~: [t]\n\"q\\\"\\n\": [z]"),
            R"({"1":["x"],"true":["y"],"null":["n"],"~":["t"],"q\"\n":["z"]})");
}

TEST(PatternText, NestsToAnyDepthTheParserAllows) {
  std::string yaml;
  std::string json;
  for (int i = 0; i < 400; ++i) {
    yaml += "{a: ";
    json += "{\"a\":";
  }
  EXPECT_EQ(json_of(yaml + "[1]" + std::string(400, '}')), json + "[1]" + std::string(400, '}'));
}

TEST(PatternText, VariablesFollowTheirQuotes) {
  EXPECT_EQ(json_of("a:\n- ${NUMBER}\n- \"${NUMBER}\"\n- 'x${WORD}'\n- $${NUMBER}"),
            R"({"a":[1e3,"1e3","xREJECT","${NUMBER}"]})");
  EXPECT_EQ(json_of(R"(a: ["${SECRET}"])"), R"({"a":["hunter2-{[\"\n"]})");
}

TEST(PatternText, VariablesInJsonTextCannotLeaveTheirString) {
  EXPECT_EQ(json_of(R"('{"a":["${SECRET}", "\"${WORD}", ${NUMBER}, "$${WORD}"]}')"),
            R"({"a":["hunter2-{[\"\n", "\"REJECT", 1e3, "${WORD}"]})");
  EXPECT_EQ(json_of(R"('{"a":[${SECRET}]}')"),
            "weir.yaml:1:1: pattern: ${SECRET} outside of a string must be a number, true, false "
            "or null; put it in quotes");
}

TEST(PatternText, JsonTextStaysAsItIs) {
  EXPECT_EQ(json_of("'{\"a\" :  [ \"\\u00e9\" ]}'"), "{\"a\" :  [ \"\\u00e9\" ]}");
}

}  // namespace
}  // namespace weir
