#include "core/wire/detect.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

StreamFormat format_of(std::string_view first, bool complete = true) {
  return detect_format(first, complete).format;
}

TEST(Detect, JsonLines) {
  EXPECT_EQ(format_of("{\"a\":1}\n{\"a\":2}\n"), StreamFormat::ndjson);
  EXPECT_EQ(format_of("{\"a\":1}\n", false), StreamFormat::ndjson);
  EXPECT_EQ(format_of("\n\r\n  {\"a\":1}\n"), StreamFormat::ndjson);
  EXPECT_EQ(format_of("\xef\xbb\xbf{\"a\":1}\n"), StreamFormat::ndjson);
  EXPECT_EQ(format_of(R"({"message":"hello world"})"), StreamFormat::ndjson);
  EXPECT_EQ(format_of(R"({"version":"0","id":"1","detail":{"Records":[]}})"), StreamFormat::ndjson);
}

TEST(Detect, FlowLogs) {
  EXPECT_EQ(format_of("version account-id interface-id\n2 1 e\n"), StreamFormat::flow_log);
  EXPECT_EQ(format_of("srcaddr dstaddr\r\n"), StreamFormat::flow_log);
  EXPECT_EQ(format_of("2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - NODATA\n"),
            StreamFormat::flow_log);
  EXPECT_EQ(format_of("3 eni-33333333333333333 123456789010 vpc-abcdefab012345678 x\n"),
            StreamFormat::flow_log);
  EXPECT_EQ(format_of("- eni-1235b8ca123456789 10.0.1.5 10.0.0.220\n"), StreamFormat::flow_log);
}

TEST(Detect, RecordFilesAndTheirKin) {
  EXPECT_EQ(format_of(R"({"Records":[{"eventVersion":"1.08")", false), StreamFormat::records);
  EXPECT_EQ(format_of(R"({ "Records" : [)", false), StreamFormat::records);
  EXPECT_EQ(format_of("{\n  \"Records\": [", false), StreamFormat::records);
  EXPECT_EQ(format_of("[{\"a\":1},"), StreamFormat::records);
  EXPECT_EQ(format_of("{\n \"awsAccountId\": \"1\",\n \"digestStartTime\": 1}"),
            StreamFormat::records);
  EXPECT_EQ(format_of(R"({"awsAccountId":"1","digestStartTime":"x","logFiles":[]})"),
            StreamFormat::records);
  EXPECT_EQ(format_of(R"({"a":"}{"}{"a":2})"), StreamFormat::records);
  EXPECT_EQ(format_of("{\"a\":\n1}\n"), StreamFormat::records);
}

TEST(Detect, Wrappers) {
  const std::string head = R"({"messageType":"DATA_MESSAGE","owner":"1","logEvents":[{"id":"1",)"
                           R"("timestamp":1,"message":")";
  EXPECT_EQ(format_of(head + R"(2 1 eni-1 - - -"}]})"), StreamFormat::wrapped_flow_log);
  EXPECT_EQ(format_of(head + R"({\"eventVersion\":\"1.08\"}"}]})"), StreamFormat::records);
  EXPECT_EQ(format_of(R"({"message":"2 123456789010 eni-1 - - - - - - - 1 2 - NODATA"})"),
            StreamFormat::wrapped_flow_log);
}

TEST(Detect, WaitsForWhatItNeeds) {
  for (const std::string_view first :
       {"", "\n", "{", "{\"Rec", "{\"a\":1", "2 123", "G", "GET", "\x16", "\x16\x03", "version",
        "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":["}) {
    EXPECT_EQ(format_of(first, false), StreamFormat::undecided) << first;
    EXPECT_NE(format_of(first, true), StreamFormat::undecided) << first;
  }
  const std::string long_line = "{\"a\":\"" + std::string(kDetectBytesMax, 'x');
  EXPECT_EQ(format_of(long_line, false), StreamFormat::ndjson);
  EXPECT_EQ(format_of(std::string(kDetectBytesMax, ' '), false), StreamFormat::ndjson);
}

// What is decided from fewer bytes is never decided otherwise from more.
TEST(Detect, MoreBytesChangeNoDecision) {
  for (const std::string_view text :
       {"{\"a\":1}\n{\"a\":2}\n", "{\"Records\":[{\"a\":1}]}", "version account-id\n2 1\n",
        "GET / HTTP/1.1\r\n", "{\"a\":1}{\"a\":2}\n", "[1,2]\n", "SSH-2.0-x\r\n", "\n\n[1]\n",
        "{\"message\":\"2 123456789010 eni-1 - - - - - - - 1 2 - NODATA\"}\n"}) {
    const StreamFormat whole = format_of(text);
    for (std::size_t length = 0; length < text.size(); ++length) {
      const StreamFormat part = format_of(text.substr(0, length), false);
      EXPECT_TRUE(part == StreamFormat::undecided || part == whole) << text << " " << length;
    }
  }
}

TEST(Detect, RecognisesForeignProtocols) {
  EXPECT_EQ(foreign_protocol(std::string_view("\x16\x03\x01\x02\x00\x01", 6)), "TLS");
  EXPECT_EQ(foreign_protocol("GET / HTTP/1.1\r\nHost: x\r\n"), "HTTP");
  EXPECT_EQ(foreign_protocol("POST /events HTTP/1.1\r\n"), "HTTP");
  EXPECT_EQ(foreign_protocol("PRI * HTTP/2.0\r\n"), "HTTP");
  EXPECT_EQ(foreign_protocol("SSH-2.0-OpenSSH_9.2\r\n"), "SSH");
  EXPECT_EQ(foreign_protocol("\x1f\x8b\x08"), "gzip");
  EXPECT_EQ(foreign_protocol("\x28\xb5\x2f\xfd\x04"), "zstd");
  EXPECT_EQ(foreign_protocol(std::string_view("\0\0\0\x07{\"a\":1}", 11)),
            "length-prefixed frames");
  EXPECT_EQ(detect_format("SSH-2.0-x\r\n", false).foreign, "SSH");
  for (const std::string_view ours : {"", "G", "GETTING on", "{", "2 ", "SS", "\x16"}) {
    EXPECT_EQ(foreign_protocol(ours), "") << ours;
  }
}

}  // namespace
}  // namespace weir
