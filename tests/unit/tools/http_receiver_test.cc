#include "tools/sink/http_receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/gzip_body.h"
#include "tools/sink/sink_connection.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Rig {
  explicit Rig(HttpSinkOptions its_options = {}) : options(std::move(its_options)) {
    connection.port = &port;
  }
  std::string ask(const std::string& body, const std::string& headers = "") {
    const std::string request =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
        headers + "\r\n" + body;
    // In two pieces, as the network may cut it.
    EXPECT_TRUE(receiver.take(std::string_view(request).substr(0, 30), 1, false));
    EXPECT_TRUE(receiver.take(std::string_view(request).substr(30), 2, false));
    return receiver.due(1'000'000'000);
  }
  HttpSinkOptions options;
  SinkPort port;
  SinkConnection connection;
  HttpReceiver receiver{options, connection};
};

TEST(HttpReceiver, CountsTheRecordsOfEveryFormat) {
  Rig rig;
  EXPECT_THAT(rig.ask("{\"n\":1}\n{\"n\":2}\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(rig.port.records, 2U);
  rig.ask(R"([{"n":3},{"n":{"m":[{}]}},{}])");
  EXPECT_EQ(rig.port.records, 5U);
  rig.ask(R"({"n":6})");
  EXPECT_EQ(rig.port.records, 6U);
  rig.ask("[]");
  EXPECT_EQ(rig.port.records, 6U);
  EXPECT_EQ(rig.port.requests, 4U);
}

TEST(HttpReceiver, Inflates) {
  Rig rig;
  GzipBody gzip;
  const std::string body = "{\"n\":1}\n{\"n\":2}\n";
  std::string packed(GzipBody::bound(body.size()), '\0');
  packed.resize(gzip.compress(body, packed));
  EXPECT_EQ(gunzip(packed), body);
  EXPECT_EQ(gunzip(packed.substr(0, packed.size() / 2)), "");
  rig.ask(packed, "Content-Encoding: gzip\r\n");
  EXPECT_EQ(rig.port.records, 2U);
}

TEST(HttpReceiver, FailsOnDemand) {
  Rig rig({.fail_every = 2, .fail_status = 429, .retry_after = "7"});
  EXPECT_THAT(rig.ask("{}\n"), StartsWith("HTTP/1.1 200 "));
  const std::string failure = rig.ask("{}\n");
  EXPECT_THAT(failure, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(failure, HasSubstr("\r\nRetry-After: 7\r\n"));
  EXPECT_EQ(rig.port.records, 1U);
  EXPECT_EQ(rig.port.requests_failed, 1U);
}

TEST(HttpReceiver, NamesRecordsAsFailed) {
  Rig rig({.fail_records_every = 2});
  const std::string answer = rig.ask("{}\n{}\n{}\n");
  EXPECT_THAT(answer, HasSubstr(R"({"results":[200,{"status":503,"error":"as asked for"},200]})"));
  EXPECT_EQ(rig.port.records, 2U);
  EXPECT_EQ(rig.port.records_failed, 1U);
}

TEST(HttpReceiver, AnswersWhenItIsTime) {
  Rig rig({.delay = 500ms});
  rig.receiver.take("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 1000, false);
  EXPECT_EQ(rig.receiver.next_ns(), 500'001'000);
  EXPECT_EQ(rig.receiver.due(500'000'999), "");
  EXPECT_THAT(rig.receiver.due(500'001'000), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpReceiver, KnowsWhatIsNoHttp) {
  Rig rig;
  EXPECT_FALSE(rig.receiver.take("{\"n\":1}\n", 1, false));
}

}  // namespace
}  // namespace weir
