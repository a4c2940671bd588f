#include "core/wire/json_string.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/wire/json_text.h"

namespace weir {
namespace {

TEST(UnescapeJson, GivesTheTextOfEveryEscape) {
  std::string text;
  ASSERT_TRUE(unescape_json(R"(a\"b\\c\/d\b\f\n\r\te)", text));
  EXPECT_EQ(text, "a\"b\\c/d\b\f\n\r\te");
  ASSERT_TRUE(unescape_json(R"(\u0041\u00e9\u20AC\ud83c\udf89\u0000)", text));
  EXPECT_EQ(text, std::string("A\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\x89\0", 11));
  ASSERT_TRUE(unescape_json("", text));
  EXPECT_EQ(text, "");
}

TEST(UnescapeJson, RefusesWhatIsNoEscape) {
  std::string text;
  for (const std::string_view bad : {R"(\x)", R"(\)", R"(\u12)", R"(\u12g4)", R"(\ud83c)",
                                     R"(\ud83cx)", R"(\ud83c\n)", R"(\ud83c\u0041)", R"(\udf89)"}) {
    EXPECT_FALSE(unescape_json(bad, text)) << bad;
  }
}

TEST(FindStringMember, LooksAtTheTopLevelOnly) {
  EXPECT_EQ(find_string_member(R"({"message":"a"})", "message"), "a");
  EXPECT_EQ(find_string_member(R"({ "x" : {"message":"no"}, "message" : "yes" })", "message"),
            "yes");
  EXPECT_EQ(find_string_member(R"({"x":["message",{"message":"no"}],"message":"yes"})", "message"),
            "yes");
  EXPECT_EQ(find_string_member(R"({"x":"message","message":"q\"}"})", "message"), R"(q\"})");
  EXPECT_EQ(find_string_member(R"({"a":"message"})", "message"), std::nullopt);
  EXPECT_EQ(find_string_member(R"({"message":7})", "message"), std::nullopt);
  EXPECT_EQ(find_string_member(R"({"x":{"message":"no"}})", "message"), std::nullopt);
}

TEST(FindStringMember, NeverReadsPastAnEnd) {
  const std::string json = R"({"a":{"b":["c"]},"message":"text\"more"})";
  for (std::size_t length = 0; length < json.size(); ++length) {
    const std::string cut = json.substr(0, length);
    const auto found = find_string_member(cut, "message");
    if (found) {
      EXPECT_EQ(*found, R"(text\"more)");
    }
  }
}

TEST(JsonEscaped, IsReadBackByAParser) {
  std::string all;
  for (int byte = 0; byte < 0x80; ++byte) all += static_cast<char>(byte);
  all += "\xc3\xa9";
  EXPECT_EQ(nlohmann::json::parse("\"" + json_escaped(all) + "\"").get<std::string>(), all);
}

}  // namespace
}  // namespace weir
