// Targets of kind url: what each key means, and its faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string with_target(const std::string& body) {
  return "data_dir: d\nsources: {in: {stdin: true}}\n"
         "rules: {r: {pattern: {a: [1]}, targets: [t]}}\ntargets: {t: {" +
         body + "}}\n";
}

TargetSpec target_of(const std::string& body) {
  const auto loaded = load_text(with_target(body));
  if (!loaded) {
    ADD_FAILURE() << to_string(loaded.error().front());
    return {};
  }
  EXPECT_THAT(texts(loaded->warnings), IsEmpty());
  return loaded->catalog.targets.at(0);
}

std::vector<std::string> faults_with(const std::string& body) {
  return faults_of(with_target("url: \"https://h/\", " + body));
}

TEST(HttpTarget, DefaultsAreOneEventARequestInOrder) {
  const TargetSpec spec = target_of("url: \"https://Example.com/hook?a=b\"");
  EXPECT_EQ(spec.kind, TargetKind::url);
  EXPECT_EQ(spec.endpoint.host, "example.com");
  EXPECT_EQ(spec.endpoint.port, 443);
  ASSERT_TRUE(spec.endpoint.tls.has_value());
  EXPECT_EQ(*spec.endpoint.tls, TlsSpec{});
  EXPECT_TRUE(spec.endpoint.tls->verify);
  EXPECT_EQ(spec.http.authority, "example.com");
  EXPECT_EQ(spec.http.path, Secret("/hook?a=b"));
  EXPECT_EQ(spec.format, BatchFormat::raw);
  EXPECT_EQ(spec.batch.records_max, 1U);
  EXPECT_EQ(spec.http.concurrency, 1U);
  EXPECT_EQ(spec.http.timeout, 10s);
  EXPECT_EQ(spec.http.rate.requests, 0U);
  EXPECT_FALSE(spec.http.gzip);
  EXPECT_TRUE(spec.http.authorization.empty());
  EXPECT_THAT(spec.http.headers, IsEmpty());
  EXPECT_THAT(spec.http.signing_keys, IsEmpty());
  EXPECT_EQ(spec.retry, RetrySpec{});
  EXPECT_EQ(spec.retry.retries_max, 185U);
  EXPECT_EQ(spec.retry.age_max, 24h);
  EXPECT_EQ(spec.dead_letter.kind, DeadLetterSpec::Kind::store);
  EXPECT_EQ(spec.when_full, WhenFull::lag);
  EXPECT_FALSE(target_of("url: \"http://h/\"").endpoint.tls.has_value());
}

TEST(HttpTarget, ReadsEveryKey) {
  const TargetSpec spec =
      target_of(R"(url: "https://h:8443/x", headers: {X-Key: "${TOKEN}", Accept: "a\tb"},
    auth: {bearer: "${TOKEN}"}, sign: {standard_webhooks: ["${KEY}", "${KEY}"]}, gzip: true,
    tls: {ca: ca.pem, server_name: other.example, cert: c.pem, key: /dev/null}, format: json-array,
    batch: {max_records: 100}, concurrency: 4, rate: 300/s, timeout: 5s, retries: 0, max_age: 60s,
    order_by: detail.order.id, dead_letter: t2}, t2: {file: out)");
  EXPECT_EQ(spec.http.authority, "h:8443");
  EXPECT_THAT(spec.http.headers,
              ElementsAre(Pair("X-Key", Secret("t0k3n")), Pair("Accept", Secret("a\tb"))));
  EXPECT_EQ(spec.http.authorization, Secret("Bearer t0k3n"));
  EXPECT_THAT(spec.http.signing_keys,
              ElementsAre(Secret("0123456789abcdef01234567"), Secret("0123456789abcdef01234567")));
  EXPECT_TRUE(spec.http.gzip);
  EXPECT_EQ(spec.endpoint.tls->ca_file, "ca.pem");
  EXPECT_EQ(spec.endpoint.tls->server_name, "other.example");
  EXPECT_EQ(spec.endpoint.tls->cert_file, "c.pem");
  EXPECT_EQ(spec.format, BatchFormat::json_array);
  EXPECT_EQ(spec.batch.records_max, 100U);
  EXPECT_EQ(spec.http.concurrency, 4U);
  EXPECT_EQ(spec.http.rate, (RateSpec{.requests = 300, .per = 1s}));
  EXPECT_EQ(spec.http.timeout, 5s);
  EXPECT_EQ(spec.retry, (RetrySpec{.retries_max = 0, .age_max = 60s}));
  EXPECT_THAT(spec.order_by, ElementsAre("detail", "order", "id"));
  EXPECT_EQ(
      spec.dead_letter,
      (DeadLetterSpec{.kind = DeadLetterSpec::Kind::target, .target = TargetId(1), .name = "t2"}));
}

TEST(HttpTarget, ReadsOtherForms) {
  const TargetSpec basic =
      target_of("url: \"http://h/\", auth: {basic: {user: me, password: \"p:w\"}}");
  EXPECT_EQ(basic.http.authorization, Secret("Basic bWU6cDp3"));
  const TargetSpec batch = target_of("url: \"http://h/\", format: cloudevents-batch, rate: 20/m");
  EXPECT_EQ(batch.format, BatchFormat::cloudevents_batch);
  EXPECT_EQ(batch.batch.records_max, 500U);
  EXPECT_EQ(batch.http.rate, (RateSpec{.requests = 20, .per = 60s}));
  const TargetSpec one = target_of(
      "url: \"http://h/\", batch: {max_records: 1}, rate: 5/h, sign: {standard_webhooks: "
      "\"${KEY}\"}");
  EXPECT_EQ(one.http.rate, (RateSpec{.requests = 5, .per = 3600s}));
  EXPECT_EQ(one.http.signing_keys.size(), 1U);
}

TEST(HttpTarget, FaultsOfItsKeys) {
  EXPECT_THAT(faults_with("rate: 300"),
              ElementsAre("weir.yaml:4:40: target 't': rate is '300', requests by time such as "
                          "300/s, 20/m or 5/h are needed, at most 1000000"));
  for (const char* rate : {"0/s", "-1/s", "1/d", "s", "1.5/s", "1000001/s", "\"\"", "1/s/s"}) {
    EXPECT_EQ(faults_with(std::string("rate: ") + rate).size(), 1U) << rate;
  }
  EXPECT_THAT(faults_with("concurrency: 0"), ElementsAre(HasSubstr("from 1 to 1024")));
  EXPECT_THAT(faults_with("timeout: 1ms"), ElementsAre(HasSubstr("from 100ms to 5m")));
  EXPECT_THAT(faults_with("retries: 186"), ElementsAre(HasSubstr("from 0 to 185")));
  EXPECT_THAT(faults_with("max_age: 59s"), ElementsAre(HasSubstr("from 1m to 1d is possible")));
  EXPECT_THAT(faults_with("max_age: 25h"), ElementsAre(HasSubstr("from 1m to 1d is possible")));
  EXPECT_THAT(faults_with("gzip: 1"), ElementsAre(HasSubstr("write true or false")));
  EXPECT_THAT(faults_with("batch: {max_records: 2}"),
              ElementsAre(HasSubstr("the body of a request without 'format' is one event")));
  EXPECT_THAT(faults_with("rotate: {size: 1MiB}"),
              ElementsAre(HasSubstr("only files are rotated")));
  EXPECT_THAT(faults_with("acks: true"),
              ElementsAre(HasSubstr("only tcp and unix have acknowledging peers")));
  EXPECT_THAT(faults_of(with_target("url: \"gopher://h/\"")),
              ElementsAre("weir.yaml:4:20: target 't': url: begins with neither http:// nor "
                          "https://"));
  for (const char* path : {"\"\"", "a..b", ".a", "a.", "$.a", "\"a[0]\"", "\"*\""}) {
    EXPECT_EQ(faults_with(std::string("order_by: ") + path).size(), 1U) << path;
  }
  for (const char* key : {"headers: {}", "auth: {bearer: x}", "gzip: true", "concurrency: 2",
                          "rate: 1/s", "timeout: 1s", "tls: {}", "sign: {}", "order_by: a"}) {
    EXPECT_THAT(faults_of(with_target(std::string("discard: true, ") + key)),
                ElementsAre(HasSubstr("has no meaning here, only a url ")))
        << key;
  }
}

TEST(HttpTarget, FaultsOfHeaders) {
  EXPECT_THAT(faults_with("headers: {\"a b\": x}"), ElementsAre(HasSubstr("is no name")));
  EXPECT_THAT(faults_with("headers: {\"a:\": x}"), ElementsAre(HasSubstr("is no name")));
  EXPECT_THAT(faults_with("headers: {\"a\\r\\n\": x}"), ElementsAre(HasSubstr("is no name")));
  EXPECT_THAT(faults_with("headers: {a: \"x\\r\\nb: y\"}"),
              ElementsAre(HasSubstr("contains a line break or control character")));
  EXPECT_THAT(faults_with("headers: {a: x, A: y}"), ElementsAre(HasSubstr("stands twice")));
  for (const char* name : {"Host", "Content-Length", "transfer-encoding", "Connection", "TE"}) {
    EXPECT_THAT(faults_with("headers: {" + std::string(name) + ": x}"),
                ElementsAre(HasSubstr("cannot be set, it is made for each request")));
  }
  EXPECT_THAT(faults_with("headers: {authorization: x}, auth: {bearer: y}"),
              ElementsAre(HasSubstr("cannot be set, 'auth' makes it")));
  EXPECT_THAT(faults_with("headers: {authorization: x}"), IsEmpty());
  EXPECT_THAT(faults_with("headers: {Webhook-Id: x}, sign: {standard_webhooks: \"${KEY}\"}"),
              ElementsAre(HasSubstr("cannot be set, 'sign' makes it")));
  EXPECT_THAT(faults_with("headers: {a: \"" + std::string(9000, 'x') + "\"}"),
              ElementsAre(HasSubstr("is longer than 8192 bytes")));
  std::string many = "headers: {";
  for (int i = 0; i < 65; ++i) many += "h" + std::to_string(i) + ": x, ";
  EXPECT_THAT(faults_with(many + "}"), ElementsAre(HasSubstr("at most 64 are possible")));
}

TEST(HttpTarget, FaultsOfSecretsAndTls) {
  EXPECT_THAT(faults_with("auth: {}"), ElementsAre(HasSubstr("needs one of bearer or basic")));
  EXPECT_THAT(faults_with("auth: {basic: {user: a}}"),
              ElementsAre(HasSubstr("'password' is missing")));
  EXPECT_THAT(faults_with("auth: {basic: {user: \"a:b\", password: x}}"),
              ElementsAre(HasSubstr("user contains a ':'")));
  EXPECT_THAT(faults_with("sign: {}"), ElementsAre(HasSubstr("'standard_webhooks' is missing")));
  for (const char* key :
       {"x", "whsec_", "whsec_AAAA", "\"whsec_!!!!\"", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"}) {
    EXPECT_THAT(faults_with(std::string("sign: {standard_webhooks: ") + key + "}"),
                ElementsAre(HasSubstr("is no key of Standard Webhooks: 'whsec_' and 24 to 64 bytes "
                                      "in base64 are needed")))
        << key;
  }
  EXPECT_THAT(faults_with("tls: {cert: a}"),
              ElementsAre(HasSubstr("'cert' without 'key': a client certificate needs both")));
  EXPECT_THAT(faults_with("tls: {key: /dev/null}"), ElementsAre(HasSubstr("'key' without 'cert'")));
  EXPECT_THAT(faults_with("tls: {server_name: \"a b\"}"),
              ElementsAre(HasSubstr("server_name is no host name")));
  EXPECT_THAT(faults_of(with_target("url: \"http://h/\", tls: {verify: true}")),
              ElementsAre(HasSubstr("'tls' has no meaning here, the address begins with http://")));
  const auto loaded = load_text(with_target("url: \"https://h/\", tls: {verify: false}"));
  ASSERT_TRUE(loaded.ok());
  EXPECT_THAT(texts(loaded->warnings), ElementsAre(HasSubstr("is not verified")));
}

}  // namespace
}  // namespace weir
