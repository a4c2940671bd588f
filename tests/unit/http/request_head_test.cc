#include "core/http/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr WallTime kNow{std::chrono::seconds(1614265330)};

HttpSpec spec() {
  HttpSpec spec;
  spec.authority = "example.com:8443";
  spec.path = Secret("/in?x=1");
  return spec;
}

std::string write(RequestHead& head, const std::string& body, bool single = false) {
  std::string memory(head.bytes_max(), '?');
  memory += body;
  const std::string_view view(memory.data() + head.bytes_max(), body.size());
  const char* begin = head.write_before(view, "msg_p5jXN8AQM9LWM0D4loKWxJek", single, kNow);
  return memory.substr(static_cast<std::size_t>(begin - memory.data()));
}

TEST(RequestHead, LiesBeforeTheBody) {
  RequestHead head(spec(), "application/json");
  const std::string text = write(head, "[1,2]");
  EXPECT_THAT(text, StartsWith("POST /in?x=1 HTTP/1.1\r\nHost: example.com:8443\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nWeir-Batch-Id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n[1,2]"));
  EXPECT_EQ(text.find("\r\n\r\n"), text.size() - 9);
  EXPECT_THAT(text, Not(HasSubstr("webhook-")));
  EXPECT_THAT(write(head, "1", true), HasSubstr("\r\nWeir-Event-Id: msg_"));
}

TEST(RequestHead, ConfiguredHeadersReplaceOurs) {
  HttpSpec s = spec();
  s.headers = {{"content-type", Secret("text/plain")}, {"X-Key", Secret("k")}};
  s.authorization = Secret("Bearer t");
  s.gzip = true;
  RequestHead head(s, "application/json");
  const std::string text = write(head, "x");
  EXPECT_THAT(text, HasSubstr("\r\ncontent-type: text/plain\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("application/json\r\n")));
  EXPECT_THAT(text, HasSubstr("\r\nX-Key: k\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nAuthorization: Bearer t\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Encoding: gzip\r\n"));
}

// The example of the specification.
TEST(RequestHead, SignsAsStandardWebhooks) {
  HttpSpec s = spec();
  s.signing_keys = {
      Secret("\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6"
             "\x48\xa3\x62\xda\x2d\xa4\xb0")};
  RequestHead head(s, "application/json");
  const std::string expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  for (int again = 0; again < 3; ++again) {
    const std::string text = write(head, R"({"test": 2432232314})");
    EXPECT_THAT(text, HasSubstr("\r\nwebhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\nwebhook-timestamp: 1614265330\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\nwebhook-signature: " + expected + "\r\n"));
  }
  s.signing_keys.insert(s.signing_keys.begin(), Secret("a new key"));
  RequestHead both(s, "application/json");
  const std::string text = write(both, R"({"test": 2432232314})");
  EXPECT_THAT(text, HasSubstr(" " + expected + "\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nwebhook-signature: v1,"));
}

TEST(RequestHead, ContentTypes) {
  EXPECT_EQ(content_type_of(BatchFormat::ndjson, false), "application/x-ndjson");
  EXPECT_EQ(content_type_of(BatchFormat::ndjson, true), "application/json");
  EXPECT_EQ(content_type_of(BatchFormat::json_array, true), "application/json");
  EXPECT_THAT(std::string(content_type_of(BatchFormat::cloudevents_batch, false)),
              StartsWith("application/cloudevents-batch+json"));
}

}  // namespace
}  // namespace weir
