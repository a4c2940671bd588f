#include "core/http/request_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using State = HttpRequestReader::State;
using namespace std::string_literals;

struct Seen {
  std::vector<std::string> requests;  // "METHOD target body"
  int status = 0;                     // of what was refused in the end
  bool open = true;                   // another request may follow
  std::size_t left = 0;               // bytes of a request that is not whole
  bool operator==(const Seen&) const = default;
};

Seen read_pieces(std::string_view bytes, std::size_t step, const HttpRequestLimits& limits) {
  Seen seen;
  HttpRequestReader reader;
  reader.begin(limits);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string_view piece = bytes.substr(at, step);
    while (!piece.empty()) {
      const std::size_t taken = reader.read(piece);
      seen.left += taken;
      piece.remove_prefix(taken);
      if (reader.state() == State::refused) {
        seen.status = reader.status();
        EXPECT_STRNE(reader.fault(), "");
        seen.open = false;
        seen.left = 0;
        return seen;
      }
      if (reader.state() != State::complete) continue;
      seen.requests.push_back(std::string(reader.method()) + " " + std::string(reader.target()) +
                              " " + std::string(reader.body()));
      seen.left = 0;
      seen.open = reader.keep_alive();
      if (!seen.open) return seen;
      reader.begin(limits);
    }
  }
  return seen;
}

// Whole and byte by byte: both must see the same.
Seen read(std::string_view bytes, const HttpRequestLimits& limits = {}) {
  const Seen whole = read_pieces(bytes, bytes.size(), limits);
  const Seen pieces = read_pieces(bytes, 1, limits);
  EXPECT_EQ(whole.requests, pieces.requests) << bytes.substr(0, 200);
  EXPECT_EQ(whole.status, pieces.status) << bytes.substr(0, 200);
  EXPECT_EQ(whole.open, pieces.open) << bytes.substr(0, 200);
  return whole;
}

int status_of(const std::string& bytes, const HttpRequestLimits& limits = {}) {
  const Seen seen = read(bytes, limits);
  EXPECT_TRUE(seen.requests.empty()) << bytes.substr(0, 200);
  return seen.status;
}

// A request with such header lines, and behind it one that must never be seen.
int status_with(const std::string& headers) {
  return status_of("POST / HTTP/1.1\r\nHost: h\r\n" + headers +
                   "\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: h\r\n\r\n");
}

int status_of_chunks(const std::string& chunks) {
  return status_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks +
                   "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST(RequestReader, ReadsRequestsOneBehindTheOther) {
  const Seen seen = read(
      "GET /a?b=c HTTP/1.1\r\nHost: localhost:80\r\n\r\n"
      "POST / HTTP/1.1\r\nhost: [::1]:80\r\ncontent-length: 5\r\n\r\nhello"
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\n0A;e=\"1\"\r\n0123456789\r\n0\r\nTrailer-Line: x\r\n\r\n"
      "GET /last HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\nGET / HTTP/1.1\r\n");
  ASSERT_EQ(seen.requests.size(), 4U);
  EXPECT_EQ(seen.requests[0], "GET /a?b=c ");
  EXPECT_EQ(seen.requests[1], "POST / hello");
  EXPECT_EQ(seen.requests[2], "POST /c abc0123456789");
  EXPECT_EQ(seen.requests[3], "GET /last ");
  EXPECT_FALSE(seen.open);
  EXPECT_EQ(seen.status, 0);
}

TEST(RequestReader, KeepsHeadersAsTheyCame) {
  HttpRequestReader reader;
  reader.begin({});
  reader.read(
      "GET / HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Blank: \t \r\nX-Two:  a  b \r\nX-Two: c\r\n"
      "Connection: keep-alive , foo\r\n\r\n");
  ASSERT_EQ(reader.state(), State::complete);
  std::string text;
  for (const HttpHeader& header : reader.headers()) {
    text.append(header.name).append("=").append(header.value).append(";");
  }
  EXPECT_EQ(text, "Host=h;X-Empty=;X-Blank=;X-Two=a  b;X-Two=c;Connection=keep-alive , foo;");
  EXPECT_TRUE(reader.keep_alive());
}

TEST(RequestReader, StopsBehindTheHead) {
  HttpRequestReader reader;
  reader.begin({});
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n"
      "Content-Length: 5\r\n\r\n";
  EXPECT_EQ(reader.read(head + "hello"), head.size());
  EXPECT_EQ(reader.state(), State::body);
  EXPECT_TRUE(reader.expects_continue());
  reader.limit_body(4);
  EXPECT_EQ(reader.state(), State::refused);
  EXPECT_EQ(reader.status(), 413);
}

TEST(RequestReader, OldVersionsDoNotKeepTheConnection) {
  const Seen seen =
      read("POST / HTTP/1.0\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi");
  ASSERT_EQ(seen.requests.size(), 1U);
  EXPECT_FALSE(seen.open);
}

TEST(RequestReader, ACutRequestIsNone) {
  const std::string request = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n{\"a\":1}\n";
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    const Seen seen = read(request.substr(0, cut));
    EXPECT_TRUE(seen.requests.empty()) << cut;
    EXPECT_EQ(seen.left, cut);
  }
  EXPECT_EQ(read(request).requests.size(), 1U);
}

TEST(RequestReader, RefusesFramingThatCanBeReadInTwoWays) {
  EXPECT_EQ(status_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  const std::vector<std::string> disguises = {
      "Transfer-Encoding: xchunked",
      "Transfer-Encoding : chunked",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
      "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: identity, chunked",
      "Transfer-Encoding: chunked, chunked",
      "Transfer-Encoding: gzip, chunked",
      "Transfer-Encoding: \"chunked\"",
      "Transfer-Encoding: chunked;q=1",
      "Transfer-Encoding: 'chunked'",
      "Transfer-Encoding: chunk",
      "Transfer-Encoding: identity",
      "Transfer-Encoding: gzip",
      "Transfer-Encoding:\r\n chunked",
      " Transfer-Encoding: chunked",
      "X: x\nTransfer-Encoding: chunked",
      "X: x\rTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked\xa0",
      "Transfer-Encoding: \x0b"
      "chunked",
      "Transfer-Encoding: \x00"
      "chunked"s,
      "Transfer-Encoding\x00: chunked"s,
      "Transfer-Encoding\t: chunked",
      "Transfer-Encoding:",
      "Transfer-Encoding: ,chunked",
      "Transfer-Encoding: chunked,",
      "Transfer\xe2\x80\x90"
      "Encoding: chunked"};
  for (const std::string& disguise : disguises) {
    const int status = status_with(disguise + "\r\n");
    EXPECT_TRUE(status == 400 || status == 501) << disguise << " " << status;
  }
}

TEST(RequestReader, RefusesLengthsThatAreNoPlainNumbers) {
  const std::vector<std::string> lengths = {"5\r\nContent-Length: 5",
                                            "5\r\nContent-Length: 6",
                                            "5, 5",
                                            "+5",
                                            "-5",
                                            "0x5",
                                            "5_0",
                                            "",
                                            " ",
                                            "1 2",
                                            "5e0",
                                            "5.0",
                                            "\xd9\xa5",
                                            "five",
                                            "\"5\""};
  for (const std::string& length : lengths) {
    EXPECT_EQ(status_with("Content-Length: " + length + "\r\n"), 400) << length;
  }
  for (const std::string length : {"9223372036854775808", "18446744073709551621",
                                   "99999999999999999999999999", "5368709120"}) {
    const int status = status_with("Content-Length: " + length + "\r\n");
    EXPECT_TRUE(status == 413 || status == 400) << length << " " << status;
  }
}

TEST(RequestReader, RefusesChunksThatAreNotPlain) {
  const std::vector<std::string> chunks = {
      "0x5\r\nhello\r\n0\r\n\r\n",
      "+5\r\nhello\r\n0\r\n\r\n",
      "-5\r\nhello\r\n0\r\n\r\n",
      " 5\r\nhello\r\n0\r\n\r\n",
      "5 \r\nhello\r\n0\r\n\r\n",
      "5\t\r\nhello\r\n0\r\n\r\n",
      "5_0\r\nhello\r\n0\r\n\r\n",
      "\r\nhello\r\n0\r\n\r\n",
      ";x\r\nhello\r\n0\r\n\r\n",
      "10000000000000005\r\nhello\r\n0\r\n\r\n",
      std::string(1000, '0') + "5\r\nhello\r\n0\r\n\r\n",
      "5\nhello\r\n0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhello0\r\n\r\n",
      "5\r\nhello!\r\n0\r\n\r\n",
      "5\r\nhell\r\n0\r\n\r\n",
      "5\r\rhello\r\n0\r\n\r\n",
      "5;" + std::string(100000, 'x') + "\r\nhello\r\n0\r\n\r\n",
      "5;x\ny\r\nhello\r\n0\r\n\r\n",
      "0\r\nno trailer\r\n\r\n",
      "0\r\nContent-Length: 5\r\n\r\n",
      "0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "0\r\nHost: other\r\n\r\n",
      "0\r\nAuthorization: x\r\n\r\n",
      "0\r\nX-Amz-Target: x\r\n\r\n",
      "0\r\nX : y\r\n\r\n",
      "0\r\nX: " + std::string(100000, 'x') + "\r\n\r\n",
      "0\n\n",
      "g\r\n"};
  for (const std::string& chunk : chunks) {
    EXPECT_EQ(status_of_chunks(chunk), 400) << chunk.substr(0, 100);
  }
  std::string trailers;
  for (int i = 0; i < 10000; ++i) trailers += "A: b\r\n";
  EXPECT_EQ(status_of_chunks("0\r\n" + trailers + "\r\n"), 400);
  EXPECT_EQ(status_of_chunks("ffffffffffffffff\r\nhello\r\n"), 413);
}

TEST(RequestReader, ExtensionsOfChunksAreNamesAndAValue) {
  for (const std::string extension : {"a", "a;b", "y!e;nt-L10", "a=b", "a;b=c", R"(a="b;c d")"}) {
    const Seen seen = read("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;" +
                           extension + "\r\nhi\r\n0\r\n\r\n");
    ASSERT_EQ(seen.requests.size(), 1U) << extension;
    EXPECT_EQ(seen.requests[0], "POST / hi");
  }
  for (const std::string extension :
       {"", ";", "a;", "a=", "=b", "a:b", "a b", " a", "a=b c", "a=b=c", "a=b;c", "a/b", "a\"",
        "a=\"b", "a=\"b\"c", R"(a="b\"")", "a=\"\x7f\"", "a\tb"}) {
    EXPECT_EQ(status_of_chunks("2;" + extension + "\r\nhi\r\n0\r\n\r\n"), 400) << extension;
  }
}

TEST(RequestReader, ChunksAreHeldToTheLimitOfBodies) {
  std::string request = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 101; ++i) request += "1\r\nx\r\n";
  EXPECT_EQ(status_of(request, {.body_bytes = 100}), 413);
  request += "0\r\n\r\n";
  EXPECT_EQ(read(request, {.body_bytes = 101}).requests.size(), 1U);
}

TEST(RequestReader, RefusesRequestLines) {
  const auto line = [](const std::string& text) { return status_of(text + "\r\nHost: h\r\n\r\n"); };
  EXPECT_EQ(line("GET /"), 400);
  EXPECT_EQ(line("GET"), 400);
  EXPECT_EQ(line("GET / HTTP/1.2"), 505);
  EXPECT_EQ(line("GET / HTTP/2.0"), 505);
  EXPECT_EQ(line("GET / HTTP/0.9"), 505);
  EXPECT_EQ(line("GET / HTTP/1"), 400);
  EXPECT_EQ(line("GET / HTTP/1.10"), 400);
  EXPECT_EQ(line("GET / http/1.1"), 400);
  EXPECT_EQ(line("GET / RTSP/1.0"), 400);
  EXPECT_EQ(line("GET  / HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /  HTTP/1.1"), 400);
  EXPECT_EQ(line("GET / HTTP/1.1 "), 400);
  EXPECT_EQ(line(" GET / HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /a b HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /\t HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /\x00 HTTP/1.1"s), 400);
  EXPECT_EQ(line("GET /\x7f HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /\xc3\xa4 HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /# HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /\\.. HTTP/1.1"), 400);
  EXPECT_EQ(line("GET http://h/ HTTP/1.1"), 400);
  EXPECT_EQ(line("GET * HTTP/1.1"), 400);
  EXPECT_EQ(line("OPTIONS * HTTP/1.1"), 400);
  EXPECT_EQ(line("CONNECT h:80 HTTP/1.1"), 405);
  EXPECT_EQ(line("TRACE / HTTP/1.1"), 405);
  EXPECT_EQ(line("get / HTTP/1.1"), 501);
  EXPECT_EQ(line("BREW / HTTP/1.1"), 501);
  EXPECT_EQ(line("PRI * HTTP/2.0"), 505);
  EXPECT_EQ(status_of("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(line("GET /" + std::string(65536, 'a') + " HTTP/1.1"), 414);
  EXPECT_EQ(line("GET /" + std::string(8 * 1024, 'a') + " HTTP/1.1"), 414);
  EXPECT_EQ(status_of("\x16\x03\x01\x02\x00"s), 400);
}

TEST(RequestReader, RefusesHeaders) {
  const std::vector<std::string> lines = {
      "X: a\x00"
      "b\r\n"s,
      "X: a\rb\r\n",
      "X: a\x01\r\n",
      "X : a\r\n",
      "X\r\n",
      "X: a\r\n b\r\n",
      "X: a\r\n\tb\r\n",
      "X@: a\r\n",
      "(X): a\r\n",
      ": a\r\n",
      "X: a\nY: b\r\n",
      "Host: h\r\n",
      "Host: \r\n",
      "X Y: a\r\n",
      "\xc3\xa4: a\r\n",
      "X: a\r\r\n",
      "Connection: close, content-length\r\n",
      "Connection: Transfer-Encoding\r\n"};
  for (const std::string& line : lines) EXPECT_EQ(status_with(line), 400) << line;
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  for (const std::string host : {"", "a b", "a/b", "a,b", "u@h", "h\"", "\xc3\xa4"}) {
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"), 400) << host;
  }
  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: h\n\n"), 400) << "bare LF throughout";
  EXPECT_EQ(status_with("Expect: 200-ok\r\n"), 417);
  EXPECT_EQ(status_with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 417);
}

TEST(RequestReader, RefusesHeadsThatAreTooLarge) {
  const std::string line = "GET / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(status_of(line + "X: " + std::string(65536, 'a') + "\r\n\r\n"), 431);
  EXPECT_EQ(status_of(line + std::string(65536, 'a')), 431);
  std::string many = line;
  for (int i = 0; i < 10000; ++i) many += "X: a\r\n";
  EXPECT_EQ(status_of(many + "\r\n"), 431);
  std::string just = line;
  for (int i = 0; i < 99; ++i) just += "X: a\r\n";
  EXPECT_EQ(read(just + "\r\n").requests.size(), 1U);
  EXPECT_EQ(status_of(just + "X: a\r\n\r\n"), 431);
}

TEST(RequestReader, ABadRequestEndsAPipeline) {
  const std::string good = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n";
  const Seen seen = read(good + "GET / HTTP/1.1\r\nHost : h\r\n\r\n" + good);
  EXPECT_EQ(seen.requests.size(), 1U);
  EXPECT_EQ(seen.status, 400);
  EXPECT_FALSE(seen.open);
}

TEST(RequestReader, AWishForAnotherProtocolIsNotGranted) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
                 "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
                .requests.size(),
            2U);
}

}  // namespace
}  // namespace weir
