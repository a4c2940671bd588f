#include "core/wire/record_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/random.h"

namespace weir {
namespace {

using Kind = RecordSplitter::Kind;
using Strings = std::vector<std::string>;

// Refusals appear as "!reason".
void take_all(RecordSplitter& splitter, Strings& out) {
  while (true) {
    const RecordSplitter::Item item = splitter.next();
    if (item.kind == Kind::more) return;
    if (item.kind == Kind::refused) {
      out.push_back("!" + std::string(to_string(item.reason)));
    } else {
      out.emplace_back(item.line);
    }
  }
}

Strings split(std::string_view text, std::size_t chunk_bytes, RecordMode mode = RecordMode::json,
              std::size_t limit = 1U << 20U) {
  RecordSplitter splitter(limit, mode);
  Strings out;
  while (!text.empty()) {
    // A copy of exactly this size, so that a sanitizer sees a read beyond it.
    const std::string_view piece = text.substr(0, chunk_bytes);
    const std::vector<char> chunk(piece.begin(), piece.end());
    splitter.feed({chunk.data(), chunk.size()});
    take_all(splitter, out);
    text.remove_prefix(piece.size());
  }
  const RecordSplitter::Item last = splitter.finish();
  if (last.kind == Kind::refused) out.push_back("!" + std::string(to_string(last.reason)));
  return out;
}

// In one piece, in two pieces cut at every byte, and in pieces of a few sizes.
Strings split_everyhow(std::string_view text, RecordMode mode = RecordMode::json) {
  const Strings whole = split(text, text.size() + 1, mode);
  for (std::size_t size = 1; size <= text.size(); ++size) {
    EXPECT_EQ(split(text, size, mode), whole) << "chunks of " << size << " of " << text;
  }
  return whole;
}

TEST(RecordSplitter, TakesRecordsOutOfACloudTrailFile) {
  EXPECT_EQ(split_everyhow(R"({"Records":[{"a":1},{"b":{"c":[1,2,{"d":"}]\"{"}]}}]})"),
            (Strings{R"({"a":1})", R"({"b":{"c":[1,2,{"d":"}]\"{"}]}})"}));
  EXPECT_EQ(split_everyhow(R"({"Records":[]})"), Strings{});
  EXPECT_EQ(
      split_everyhow(R"( { "x" : [{"no":1}] , "Records" : [ {"a":1} , {"b":2} ] , "y":"z" } )"),
      (Strings{R"({"a":1})", R"({"b":2})"}));
}

TEST(RecordSplitter, PrettyPrintedRecordsBecomeOneLineEach) {
  EXPECT_EQ(split_everyhow("{\n  \"Records\": [\n    {\n      \"a\": 1\n    },\n    {\"b\":2}\n  "
                           "]\n}\n"),
            (Strings{"{       \"a\": 1     }", R"({"b":2})"}));
  EXPECT_EQ(split_everyhow("{\n\"a\":\n[\n1\n]\n}\n{\"b\":\n2}"),
            (Strings{R"({ "a": [ 1 ] })", R"({"b": 2})"}));
}

TEST(RecordSplitter, TakesAnyMixOfObjects) {
  EXPECT_EQ(split_everyhow("{\"a\":1}{\"b\":2} {\"Records\":[{\"c\":3}]}[{\"d\":4},{\"e\":5}]\r\n"
                           "{\"f\":6}\n\n{}"),
            (Strings{R"({"a":1})", R"({"b":2})", R"({"c":3})", R"({"d":4})", R"({"e":5})",
                     R"({"f":6})", "{}"}));
  EXPECT_EQ(split_everyhow("\xef\xbb\xbf{\"a\":1}"), Strings{R"({"a":1})"});
}

TEST(RecordSplitter, PassesOnWhatStandsInTheArrayForTheMatcherToRefuse) {
  EXPECT_EQ(split_everyhow(R"({"Records":[1, "two" ,null,[3],{"a":1}]})"),
            (Strings{"1", R"("two")", "null", "[3]", R"({"a":1})"}));
}

TEST(RecordSplitter, PassesOverDigests) {
  const std::string digest = R"({"awsAccountId":"1","digestStartTime":"x","logFiles":[{"a":[]}]})";
  RecordSplitter splitter(1U << 20U, RecordMode::json);
  Strings out;
  const std::string text = digest + "\n{\"a\":1}" + digest;
  splitter.feed(text);
  take_all(splitter, out);
  EXPECT_EQ(out, Strings{R"({"a":1})"});
  EXPECT_EQ(splitter.counts().digests, 2U);
  split_everyhow(text);
}

TEST(RecordSplitter, UnwrapsCloudWatchMessages) {
  const std::string head =
      R"({"messageType":"DATA_MESSAGE","owner":"1","subscriptionFilters":["f"],"logEvents":[)";
  EXPECT_EQ(split_everyhow(head + R"({"id":"1","timestamp":1,"message":"2 1 eni OK\n"},)" +
                               R"({"id":"2","message":"{\"a\":\"\u00e9\\n\",\n\"b\":1}"}]})",
                           RecordMode::flow_log),
            (Strings{"2 1 eni OK", "{\"a\":\"\xc3\xa9\\n\", \"b\":1}"}));
  EXPECT_EQ(split_everyhow(head + R"({"id":"1"},{"message":7},{"message":"\q"}]})"),
            (Strings{"!malformed", "!malformed", "!malformed"}));
}

TEST(RecordSplitter, DropsControlMessages) {
  const std::string text =
      R"({"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","message":"CWL CONTROL"}]})";
  RecordSplitter splitter(1U << 20U, RecordMode::flow_log);
  splitter.feed(text);
  EXPECT_EQ(splitter.next().kind, Kind::more);
  EXPECT_EQ(splitter.counts().control_messages, 1U);
  EXPECT_EQ(
      split_everyhow(text + R"({"messageType":"DATA_MESSAGE","logEvents":[{"message":"a b"}]})",
                     RecordMode::flow_log),
      Strings{"a b"});
}

TEST(RecordSplitter, UnwrapsFirehoseMessages) {
  EXPECT_EQ(split_everyhow(R"({"message":"2 1 a"}{"id":"1","message":"2 1 b","x":{}})",
                           RecordMode::flow_log),
            (Strings{"2 1 a", "2 1 b"}));
  EXPECT_EQ(split_everyhow(R"({"message":"2 1 a"})"), Strings{R"({"message":"2 1 a"})"});
}

TEST(RecordSplitter, ReportsACutEnd) {
  const std::string text = R"({"Records":[{"a":1},{"b":[{"c":"d"}]}]})";
  for (std::size_t length = 1; length < text.size(); ++length) {
    const Strings out = split(text.substr(0, length), 7);
    ASSERT_FALSE(out.empty());
    EXPECT_EQ(out.back(), "!truncated") << length;
    EXPECT_EQ(out.size(), 1U + (length >= 19) + (length >= 37)) << length;
  }
  EXPECT_EQ(split_everyhow("{\"a\":1}\n{\"b\":"), (Strings{R"({"a":1})", "!truncated"}));
}

TEST(RecordSplitter, GoesOnAtTheNextLineAfterGarbage) {
  EXPECT_EQ(split_everyhow("{\"a\":1} x {\"b\":2}\n{\"c\":3}\n"),
            (Strings{R"({"a":1})", "!malformed", R"({"c":3})"}));
  EXPECT_EQ(split_everyhow("{\"a\":\"cut\n{\"b\":2}\n{\"c\" 3}\n{\"d\":4}"),
            (Strings{"!malformed", R"({"b":2})", "!malformed", R"({"d":4})"}));
  EXPECT_EQ(split_everyhow("{\"a\":1\n{\"b\":2}\n"), (Strings{"!malformed", R"({"b":2})"}));
  EXPECT_EQ(split_everyhow("{\"a\":{\"x\":\"cut\n{\"b\":2}\n"),
            (Strings{"!malformed", R"({"b":2})"}));
  EXPECT_EQ(split_everyhow("{\"Records\":[{\"a\":1} {\"b\":2}]}\n[1,,2]\n{\"c\":3}"),
            (Strings{R"({"a":1})", "!malformed", "1", "!malformed", R"({"c":3})"}));
  EXPECT_EQ(split_everyhow("}\n]\n{\"a\":1}"), (Strings{"!malformed", R"({"a":1})"}));
}

// What lies inside a broken object is never taken for a record of its own.
TEST(RecordSplitter, MakesNoEventOutOfAPart) {
  EXPECT_EQ(split_everyhow("{\n  bad: 1,\n  \"x\": {\n    \"a\": 1\n  }\n}\n{\"b\":2}\n"),
            (Strings{"!malformed", R"({"b":2})"}));
}

TEST(RecordSplitter, RefusesRecordsOverTheLimitAndGoesOn) {
  const std::string large = R"({"x":")" + std::string(200, 'y') + R"("})";
  for (std::size_t size : {std::size_t{1}, std::size_t{10}, std::size_t{64}, std::size_t{1000}}) {
    EXPECT_EQ(
        split(R"({"Records":[{"a":1},)" + large + R"(,{"b":2}]})", size, RecordMode::json, 100),
        (Strings{R"({"a":1})", "!too_large", R"({"b":2})"}));
    EXPECT_EQ(split(large + large + "{\"b\":2}", size, RecordMode::json, 100),
              (Strings{"!too_large", "!too_large", R"({"b":2})"}));
  }
  // Exactly the limit passes, one byte more does not.
  EXPECT_EQ(split(large, 3, RecordMode::json, large.size()), Strings{large});
  EXPECT_EQ(split(large, 3, RecordMode::json, large.size() - 1), Strings{"!too_large"});
}

// A brace that is missing must not swallow all that follows.
TEST(RecordSplitter, AnObjectWithoutAnEndEndsAtTheLimit) {
  std::string text = "{\"a\":{\"b\":{\n";
  for (int i = 0; i < 50; ++i) text += "{\"n\":1}\n";
  const Strings out = split(text, 16, RecordMode::json, 100);
  ASSERT_GT(out.size(), 30U);
  EXPECT_EQ(out.front(), "!too_large");
  EXPECT_EQ(out.back(), R"({"n":1})");
}

TEST(RecordSplitter, LongRunsOfBackslashesAndQuotes) {
  for (std::size_t count = 0; count < 140; ++count) {
    const std::string text = R"({"Records":[{"a":")" + std::string(2 * count, '\\') +
                             R"("},{"b":")" + std::string(2 * count + 1, '\\') + R"("}]"}]})";
    const Strings out = split(text, text.size());
    ASSERT_EQ(out.size(), 2U) << count;
    EXPECT_EQ(out[0], R"({"a":")" + std::string(2 * count, '\\') + R"("})");
    EXPECT_EQ(split(text, 61), out);
  }
}

// Blocks of 64 bytes and single bytes must read alike, whatever comes.
TEST(RecordSplitter, RandomTextSplitsTheSameInAnyChunks) {
  Random random(3);
  constexpr std::string_view kAlphabet = "{}[]\"\\,: \n{}\"1a";
  for (int round = 0; round < 4000; ++round) {
    std::string text = round % 2 == 0 ? "{\"Records\":[{" : "";
    const std::size_t length = random.below(400);
    for (std::size_t i = 0; i < length; ++i) text += kAlphabet[random.below(kAlphabet.size())];
    const Strings whole = split(text, text.size() + 1);
    ASSERT_EQ(split(text, 1), whole) << text;
    ASSERT_EQ(split(text, 1 + random.below(200)), whole) << text;
  }
}

}  // namespace
}  // namespace weir
