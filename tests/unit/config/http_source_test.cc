// Sources of kind http: what they are read into, and their faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HttpSource : public testing::Test {
 protected:
  HttpSource() : path_(testing::TempDir() + "tokens-" + std::to_string(::getpid())) {}
  ~HttpSource() override { std::remove(path_.c_str()); }
  void write_tokens(const std::string& text) {
    std::ofstream(path_) << text;
    std::filesystem::permissions(
        path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  static std::string with(const std::string& body) {
    return "sources: {api: {" + body +
           "}}\nbuses: {a: {}}\n"
           "rules: {r: {pattern: {x: [1]}, bus: a, targets: [t]}}\ntargets: {t: {discard: true}}\n";
  }
  std::string path_;
};

TEST_F(HttpSource, IsRead) {
  const auto loaded = load_text(with("http: \"127.0.0.1:8080\""));
  ASSERT_TRUE(loaded);
  const SourceSpec& source = loaded->catalog.sources[0];
  EXPECT_EQ(source.kind, SourceKind::http);
  EXPECT_EQ(source.listen.host, "127.0.0.1");
  EXPECT_EQ(source.listen.port, 8080);
  EXPECT_EQ(source.format, SourceFormat::ndjson);
  EXPECT_EQ(source.http.body_bytes_max, 16 * kMiB);
  EXPECT_TRUE(source.http.tokens.empty());
  EXPECT_FALSE(source.http.strict_bus);
  EXPECT_THAT(texts(loaded->warnings), IsEmpty()) << "it feeds every bus";
}

TEST_F(HttpSource, BringsRulesThatNameAnyTarget) {
  const auto loaded = load_text(
      "sources: {api: {http: \"127.0.0.1:8080\", strict_bus: true}, in: {stdin: true}}\n"
      "targets: {t: {discard: true}}\n");
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->catalog.sources[0].http.strict_bus);
  EXPECT_THAT(texts(loaded->warnings), IsEmpty()) << "rules may come by requests";
}

TEST_F(HttpSource, HasLimitsTokensAndTls) {
  write_tokens("# of the shop\n0123456789abcdef\n\nabcdefghijklmnopqrst\r\n");
  const auto loaded =
      load_text(with("http: \"0.0.0.0:0\", allow_public: true, limits: {event: 64KiB, body: 1MiB}, "
                     "tls: {cert: c.pem, key: k.pem}, tokens_file: " +
                     path_));
  ASSERT_TRUE(loaded) << texts(loaded.error())[0];
  const SourceSpec& source = loaded->catalog.sources[0];
  ASSERT_EQ(source.http.tokens.size(), 2U);
  EXPECT_EQ(source.http.tokens[0].reveal(), "0123456789abcdef");
  EXPECT_EQ(source.http.tokens[1].reveal(), "abcdefghijklmnopqrst");
  EXPECT_EQ(source.http.body_bytes_max, kMiB);
  EXPECT_EQ(source.event_bytes_limit, 64 * kKiB);
  ASSERT_TRUE(source.http.tls);
  EXPECT_EQ(source.http.tls->cert_file, "c.pem");
}

TEST_F(HttpSource, IsNotOpenToOthersByAccident) {
  EXPECT_THAT(faults_of(with("http: \"0.0.0.0:80\"")),
              ElementsAre("weir.yaml:1:23: source 'api': '0.0.0.0:80' can be reached from other "
                          "machines, and what is sent there can be read on the way: write "
                          "'allow_public: true' if that is meant, or listen on 127.0.0.1"));
  EXPECT_THAT(faults_of(with("http: \"0.0.0.0:80\", allow_public: true")),
              ElementsAre(HasSubstr("anyone there could send: name a 'tokens_file'")));
}

TEST_F(HttpSource, TokensAreChecked) {
  const std::string body = "http: \"127.0.0.1:80\", tokens_file: " + path_;
  EXPECT_THAT(faults_of(with(body)), ElementsAre(HasSubstr("cannot be read")));
  write_tokens("# none\n\n");
  EXPECT_THAT(faults_of(with(body)), ElementsAre(HasSubstr("has no token: write one a line")));
  write_tokens("0123456789abcdef\nshort\n");
  EXPECT_THAT(faults_of(with(body)), ElementsAre(HasSubstr("line 2 of")));
  write_tokens("0123456789 abcdef\n");
  const auto faults = faults_of(with(body));
  EXPECT_THAT(faults, ElementsAre(HasSubstr("line 1 of")));
  EXPECT_THAT(faults[0], testing::Not(HasSubstr("abcdef"))) << "no message repeats a secret";
}

TEST_F(HttpSource, OtherKeysHaveNoMeaning) {
  for (const std::string key : {"bus: a", "format: auto", "fields: version", "follow: true",
                                "acks: true", "envelope: {source: a, detail-type: b}"}) {
    EXPECT_THAT(faults_of(with("http: \"127.0.0.1:80\", " + key)),
                ElementsAre(HasSubstr("has no meaning here")))
        << key;
  }
  for (const std::string key :
       {"tokens_file: x", "tls: {cert: a, key: b}", "strict_bus: true", "limits: {body: 1MiB}"}) {
    EXPECT_THAT(faults_of(with("bus: a, tcp: \"127.0.0.1:80\", " + key)),
                ElementsAre(HasSubstr("has no meaning here, only http has")))
        << key;
  }
  EXPECT_THAT(faults_of(with("http: \"127.0.0.1:80\", tls: {cert: a}")),
              ElementsAre(HasSubstr("'key' is missing")));
  EXPECT_THAT(faults_of(with("http: example.com:80")),
              ElementsAre(HasSubstr("http is 'example.com:80': a source listens on an address")));
}

TEST_F(HttpSource, ClashesWithOtherListeners) {
  EXPECT_THAT(faults_of("sources:\n  a: {http: \"127.0.0.1:80\"}\n  b: {tcp: \"127.0.0.1:80\"}\n"),
              ElementsAre(HasSubstr("source 'b' listens on tcp 127.0.0.1:80, as source 'a'")));
}

}  // namespace
}  // namespace weir
