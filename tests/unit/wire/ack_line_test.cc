#include "core/wire/ack_line.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(AckLine, ReadsAcksAndErrors) {
  EXPECT_EQ(parse_ack_line(R"({"ack":600})")->ack, 600U);
  EXPECT_FALSE(parse_ack_line(R"({"ack":600})")->error);
  const auto refused = parse_ack_line(R"({"error":"malformed at byte 17","line":5})");
  EXPECT_EQ(refused->error, "malformed at byte 17");
  EXPECT_EQ(refused->line, 5U);
  EXPECT_FALSE(refused->ack);
  EXPECT_FALSE(parse_ack_line(R"({"error":"full"})")->line);
}

TEST(AckLine, TakesAnyOrderSpaceAndFurtherMembers) {
  const auto line =
      parse_ack_line("{ \"line\" : 5 ,\"id\":null,\"error\":\"a \\\"b\\\" \\u00e4\" }\r");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->line, 5U);
  EXPECT_EQ(line->error, "a \"b\" \u00e4");
  EXPECT_EQ(parse_ack_line(R"({"ack":1,"note":"x,}\""})")->ack, 1U);
}

TEST(AckLine, RefusesWhatIsNoneOfTheProtocol) {
  for (const char* text :
       {"", "{", "{}", "ack", "[1]", R"({"ack":})", R"({"ack":-1})", R"({"ack":1.5})",
        R"({"ack":"1"})", R"({"ack":99999999999999999999})", R"({"ack":1)", R"({"ack":1}x)",
        R"({"line":3})", R"({"error":"x","line":"3"})", R"({"error":"x)", R"({"error":"\q"})",
        R"({"ack":1,})", "HTTP/1.1 400 Bad Request"}) {
    EXPECT_FALSE(parse_ack_line(text)) << text;
  }
}

}  // namespace
}  // namespace weir
