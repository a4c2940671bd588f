#include "core/http/response_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using State = HttpResponseReader::State;
constexpr std::uint64_t kCap = 4096;

// What a reader makes of a connection's bytes, whole and then byte by byte: both must agree.
struct Answer {
  State state = State::reading;
  int status = 0;
  std::string body;
  bool reusable = false;
  std::string fault;
  std::string retry_after;
  bool operator==(const Answer&) const = default;
};

Answer answer_of(HttpResponseReader& reader, bool ended) {
  if (ended) reader.end();
  return {.state = reader.state(),
          .status = reader.status(),
          .body = std::string(reader.body()),
          .reusable = reader.reusable(),
          .fault = reader.fault(),
          .retry_after = std::string(reader.retry_after())};
}

Answer read(std::string_view text, bool ended = false, std::uint64_t cap = kCap) {
  HttpResponseReader whole;
  whole.begin(cap);
  whole.read(text);
  const Answer answer = answer_of(whole, ended);
  HttpResponseReader pieces;
  pieces.begin(cap);
  for (const char& c : text) pieces.read({&c, 1});
  const Answer other = answer_of(pieces, ended);
  EXPECT_EQ(answer.state, other.state) << text;
  EXPECT_EQ(answer.reusable, other.reusable) << text;
  if (answer.state == State::complete) {
    EXPECT_EQ(answer.status, other.status) << text;
    EXPECT_EQ(answer.body, other.body) << text;
  }
  return answer;
}

TEST(ResponseReader, ReadsAnAnswerWithALength) {
  const Answer answer = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(answer.state, State::complete);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_TRUE(answer.reusable);
}

TEST(ResponseReader, ReadsChunks) {
  const Answer answer = read(
      "HTTP/1.1 207 Multi\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\n"
      "Trailer: t\r\n\r\n");
  EXPECT_EQ(answer.state, State::complete);
  EXPECT_EQ(answer.body, "hello!");
  EXPECT_TRUE(answer.reusable);
}

TEST(ResponseReader, ReadsToTheEndWhereNothingElseSaysHowLong) {
  const std::string text = "HTTP/1.0 200 OK\r\n\r\nhello";
  EXPECT_EQ(read(text).state, State::reading);
  const Answer answer = read(text, true);
  EXPECT_EQ(answer.state, State::complete);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_FALSE(answer.reusable);
}

TEST(ResponseReader, NoContentHasNoBody) {
  EXPECT_TRUE(read("HTTP/1.1 204 No Content\r\n\r\n").reusable);
  EXPECT_TRUE(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n").reusable);
}

TEST(ResponseReader, SkipsInterimAnswers) {
  const Answer answer = read(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nRetry-After: 9\r\n\r\n"
      "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(answer.state, State::complete);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.retry_after, "7");
}

TEST(ResponseReader, InterimAnswersEnd) {
  std::string text;
  for (std::uint32_t i = 0; i <= HttpResponseReader::kInterimMax; ++i) {
    text += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  EXPECT_EQ(read(text).state, State::broken);
}

TEST(ResponseReader, ClosesWhereThePeerSaysSo) {
  const Answer answer = read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(answer.state, State::complete);
  EXPECT_FALSE(answer.reusable);
}

TEST(ResponseReader, DoesNotReuseAConnectionWithMoreThanOneAnswer) {
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const Answer answer = read(one + one);
  EXPECT_EQ(answer.state, State::complete);
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.reusable);
  EXPECT_FALSE(read(one + "x").reusable);
}

TEST(ResponseReader, RefusesWhatIsNoAnswer) {
  const std::vector<std::string> all = {
      "hello\r\n\r\n",
      "HTTP/1.1 2",
      "HTTP/1.1 OK\r\n\r\n",
      "HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 999 Much\r\nContent-Length: 0\r\n\r\n",
      "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551620\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nBad Header: x\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\x01z\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
      "HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\nabc",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      ""};
  for (const std::string& text : all) {
    const Answer answer = read(text, true);
    EXPECT_EQ(answer.state, State::broken) << text;
    EXPECT_FALSE(answer.fault.empty()) << text;
    EXPECT_FALSE(answer.reusable) << text;
  }
}

TEST(ResponseReader, ReadsABodyToTheCapOnly) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
  EXPECT_EQ(read(head + std::string(100, 'x'), false, 100).state, State::complete);
  const Answer answer = read(head + std::string(100, 'x'), false, 99);
  EXPECT_EQ(answer.state, State::over_cap);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, std::string(99, 'x'));
  const std::string chunks = "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n";
  EXPECT_EQ(read(chunks + std::string(100, 'x'), false, 99).state, State::over_cap);
}

TEST(ResponseReader, ReadsHeadersToACapOnly) {
  for (const std::string& endless : {"HTTP/1.1 200 " + std::string(80'000, 'x'),
                                     "HTTP/1.1 200 OK\r\n" + std::string(80'000, 'x'),
                                     "HTTP/1.1 200 OK\r\nX: " + std::string(80'000, 'x')}) {
    EXPECT_EQ(read(endless).state, State::broken);
  }
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 20'000; ++i) many += "X: y\r\n";
  EXPECT_EQ(read(many).state, State::broken);
  std::string tiny = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20'000; ++i) tiny += "1\r\nx\r\n";
  EXPECT_EQ(read(tiny, false, kMiB).state, State::broken);
}

TEST(ResponseReader, KnowsACodedBody) {
  HttpResponseReader reader;
  reader.begin(kCap);
  reader.read("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_TRUE(reader.body_coded());
  reader.begin(kCap);
  EXPECT_FALSE(reader.body_coded());
  EXPECT_TRUE(reader.body().empty());
  EXPECT_FALSE(reader.begun());
}

}  // namespace
}  // namespace weir
