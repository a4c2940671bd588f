// SigV4 against signatures of another implementation, and every way to get round it: classes S01 to
// S08 and S10 of hostile requests.
#include "core/api/sigv4.h"

#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/api/signed_request.h"

namespace weir {
namespace {

// 2026-11-30T22:15:00Z
constexpr WallTime kNow{std::chrono::seconds(1796076900)};

class SigV4Test : public testing::Test {
 protected:
  // "" where it is accepted, else "CODE: TEXT".
  std::string verdict(const SignedRequest& request, WallTime now = kNow) {
    std::vector<HttpHeader> views;
    const SigV4::Outcome outcome = sigv4_.verify(request.request(views), now);
    if (const auto* error = std::get_if<AwsError>(&outcome)) {
      EXPECT_EQ(error->status, 400);
      EXPECT_EQ(error->message.find("wJalr"), std::string::npos);
      return std::string(error->code) + ": " + error->message;
    }
    EXPECT_EQ(std::get<const AccessKey*>(outcome)->id, request.id);
    return "";
  }
  std::string code(const SignedRequest& request, WallTime now = kNow) {
    const std::string text = verdict(request, now);
    return text.substr(0, text.find(':'));
  }

  SigV4 sigv4_{{{.id = "AKIDOTHER", .secret = Secret("another secret of sixteen")},
                {.id = "AKIDEXAMPLE",
                 .secret = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                 .actions = {"events:Put*"},
                 .buses = {"shop"}}},
               "us-east-1"};
};

constexpr const char* kInvalid = "InvalidSignatureException";
constexpr const char* kIncomplete = "IncompleteSignatureException";

TEST_F(SigV4Test, TakesWhatBotocoreSigned) {
  SignedRequest request;
  request.headers.emplace_back(
      "Authorization",
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261130/us-east-1/events/aws4_request, "
      "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
      "Signature=49910c35dbddc919e8e21939c93cf385548ccaba5c2c4fa26e66c0506ec2f368");
  EXPECT_EQ(verdict(request), "");
  EXPECT_EQ(SignedRequest().sign().headers.back(), request.headers.back());
}

TEST_F(SigV4Test, WritesPathQueryAndBlanksAsBotocoreDoes) {
  SignedRequest request;
  request.path = "/v1/buses/a%20b%2Fc/events";
  request.query = "b=2&a=1&a=0&c";
  request.body = "";
  request.headers = {
      {"Host", "127.0.0.1:8080"},
      {"Content-Type", "application/x-ndjson"},
      {"X-Amz-Meta", "a   b\tc"},
      {"X-Amz-Date", "20261130T221500Z"},
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261130/us-east-1/events/aws4_request, "
       "SignedHeaders=content-type;host;x-amz-date;x-amz-meta, "
       "Signature=36ae2678b35e2c83fabb2cd277751c8f944b4be3091df58e23eb5022b6a333ce"}};
  EXPECT_EQ(verdict(request), "");
  request.query = "b=2&a=1&a=1&c";
  EXPECT_EQ(code(request), kInvalid);
}

TEST_F(SigV4Test, TakesOtherClientsWaysOfWriting) {
  SignedRequest request;
  request.headers.emplace_back("User-Agent", "x");
  request.headers.emplace_back("amz-sdk-request", "attempt=1");
  request.sign("User-Agent");
  EXPECT_EQ(verdict(request), "");
  std::string& text = *request.header("Authorization");
  for (std::size_t at = 0; (at = text.find(", ", at)) != std::string::npos;) text.erase(at + 1, 1);
  EXPECT_EQ(verdict(request), "");
  SignedRequest hashed;
  hashed.headers.emplace_back("X-Amz-Content-Sha256",
                              SignedRequest::hex(SignedRequest::sha(hashed.body)));
  EXPECT_EQ(verdict(hashed.sign()), "");
}

TEST_F(SigV4Test, TellsNothingOfUnknownKeysAndWrongSecrets) {
  SignedRequest wrong;
  wrong.secret = "another secret of sixteen";
  SignedRequest unknown;
  unknown.id = "AKIDNOBODY";
  SignedRequest nobody;  // even with the secret that unknown ids are checked against
  nobody.id = "AKIDNOBODY";
  nobody.secret = "nobody has this secret, and no id leads to it";
  SignedRequest flipped;
  flipped.sign();
  char& last = flipped.header("Authorization")->back();
  last = last == '0' ? '1' : '0';
  const std::string text = verdict(wrong.sign());
  EXPECT_EQ(code(wrong), kInvalid);
  EXPECT_EQ(verdict(unknown.sign()), text);
  EXPECT_EQ(verdict(nobody.sign()), text);
  EXPECT_EQ(verdict(flipped), text);
}

TEST_F(SigV4Test, RefusesWhatIsNoSignature) {
  SignedRequest request;
  EXPECT_EQ(code(request), "MissingAuthenticationTokenException");
  request.sign();
  const std::string good = *request.header("Authorization");
  const auto with = [&](std::string text) {
    *request.header("Authorization") = std::move(text);
    return code(request);
  };
  const auto replaced = [&](const std::string& what, const std::string& by) {
    std::string text = good;
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return with(text.replace(at, what.size(), by));
  };
  for (const std::string& text :
       {std::string(), std::string("AWS4-HMAC-SHA256"), std::string("AWS4-HMAC-SHA256 "),
        std::string("Bearer abc"), "x" + good, good + " ", good + ", ", good + "0",
        good.substr(0, good.size() - 1), good + std::string(1, '\0'), good + ", Signature=",
        std::string(100'000, 'A'), "AWS4-HMAC-SHA256" + std::string(100'000, ','),
        "AWS4-HMAC-SHA256 Credential=" + std::string(100'000, '/')}) {
    EXPECT_EQ(with(text), kIncomplete) << text.substr(0, 200);
  }
  EXPECT_EQ(replaced("AWS4-HMAC-SHA256 ", "aws4-hmac-sha256 "), kIncomplete);
  EXPECT_EQ(replaced("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA512 "), kIncomplete);
  EXPECT_EQ(replaced("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256"), kIncomplete);
  EXPECT_EQ(replaced("Credential=", "credential="), kIncomplete);
  EXPECT_EQ(replaced("AKIDEXAMPLE/", "/"), kIncomplete);
  EXPECT_EQ(replaced("/events/", "/"), kIncomplete);
  EXPECT_EQ(replaced("/aws4_request", "/aws4_request/x"), kInvalid);
  EXPECT_EQ(replaced("SignedHeaders=", "Signed="), kIncomplete);
  EXPECT_EQ(replaced(", Signature", "; Signature"), kIncomplete);
  // Every cut, and every byte changed.
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_NE(with(good.substr(0, i)), "") << i;
    std::string text = good;
    text[i] = static_cast<char>(text[i] ^ 1);
    EXPECT_NE(with(text), "") << i;
  }
  const std::size_t at = good.find("Signature=") + 10;
  std::string upper = good;
  for (std::size_t i = at; i < good.size(); ++i) {
    upper[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(upper[i])));
  }
  EXPECT_EQ(with(upper), kIncomplete);
  EXPECT_EQ(with(good), "");
  request.headers.emplace_back("authorization", good);
  EXPECT_EQ(code(request), kIncomplete);
}

TEST_F(SigV4Test, RefusesWhatWasChangedBehindTheSignature) {
  const auto changed = [&](auto change) {
    SignedRequest request;
    request.sign();
    change(request);
    return code(request);
  };
  EXPECT_EQ(changed([](SignedRequest& r) { r.body += ' '; }), kInvalid);
  EXPECT_EQ(changed([](SignedRequest& r) { r.body.clear(); }), kInvalid);
  EXPECT_EQ(changed([](SignedRequest& r) { *r.header("X-Amz-Target") = "AWSEvents.PutRule"; }),
            kInvalid);
  EXPECT_EQ(changed([](SignedRequest& r) { *r.header("X-Amz-Date") = "20261130T221501Z"; }),
            kInvalid);
  EXPECT_EQ(changed([](SignedRequest& r) { *r.header("Host") = "127.0.0.1:8081"; }), kInvalid);
  EXPECT_EQ(changed([](SignedRequest& r) { r.path = "/x"; }), kInvalid);
  EXPECT_EQ(changed([](SignedRequest& r) { r.path = "//"; }), kInvalid);
  EXPECT_EQ(changed([](SignedRequest& r) { r.query = "a=1"; }), kInvalid);
  EXPECT_EQ(changed([](SignedRequest& r) { r.method = "GET"; }), kInvalid);
}

TEST_F(SigV4Test, AsksForTheHeadersThatMatterToBeSigned) {
  for (const char* name : {"Host", "X-Amz-Date", "X-Amz-Target"}) {
    SignedRequest request;
    EXPECT_EQ(code(request.sign(name)), kInvalid) << name;
  }
  SignedRequest further;
  further.sign();
  further.headers.emplace_back("x-AMZ-anything", "1");
  EXPECT_EQ(code(further), kInvalid);
  SignedRequest second;
  second.sign();
  second.headers.emplace_back("x-amz-target", "AWSEvents.PutEvents");
  EXPECT_EQ(code(second), kInvalid);
  SignedRequest second_host;
  second_host.headers.emplace_back("host", "127.0.0.1:8080");
  EXPECT_EQ(code(second_host.sign()), kInvalid);
}

TEST_F(SigV4Test, AsksForAListOfSignedHeadersThatIsInOrder) {
  SignedRequest request;
  const auto with = [&](const std::vector<std::string>& names) {
    std::erase_if(request.headers, [](const auto& h) { return h.first == "Authorization"; });
    std::string text = request.authorization(names);
    request.headers.emplace_back("Authorization", std::move(text));
    return code(request);
  };
  const std::vector<std::string> good = request.names();
  EXPECT_EQ(with(good), "");
  EXPECT_EQ(with({}), kIncomplete);
  EXPECT_EQ(with({good[1], good[0], good[2], good[3]}), kIncomplete);
  EXPECT_EQ(with({good[0], good[1], good[1], good[2], good[3]}), kIncomplete);
  EXPECT_EQ(with({good[0], "Host", good[2], good[3]}), kIncomplete);
  EXPECT_EQ(with({good[0], good[1], good[2], good[3], ""}), kIncomplete);
  EXPECT_EQ(with({good[0], good[1], good[2], good[3], "x-none"}), kInvalid);
  std::vector<std::string> many;
  for (int i = 10'000; i < 15'000; ++i) many.push_back("x-" + std::to_string(i));
  EXPECT_EQ(with(many), kInvalid);
}

TEST_F(SigV4Test, HoldsTheClockToFiveMinutes) {
  SignedRequest request;
  request.sign();
  for (const Nanoseconds off : {Nanoseconds(5min), Nanoseconds(-5min), Nanoseconds(0)}) {
    EXPECT_EQ(verdict(request, {kNow.since_epoch + off}), "");
  }
  for (const Nanoseconds off :
       {Nanoseconds(5min + 1ns), Nanoseconds(-5min - 1ns), Nanoseconds(24h), Nanoseconds(-24h)}) {
    const std::string text = verdict(request, {kNow.since_epoch + off});
    EXPECT_TRUE(text.starts_with(kInvalid) && text.ends_with("check your clock.")) << text;
  }
  EXPECT_EQ(code(request, WallTime{}), kInvalid);
  for (const char* date :
       {"", "20261130T221500", "20261130221500Z", "2026-11-30T22:15:00Z", "20261131T221500Z",
        "20261130T241500Z", "20261130T226000Z", "20261130T221560Z", "2026113xT221500Z",
        "20261130t221500z", "99991130T221500Z", "00001130T221500Z"}) {
    SignedRequest bad;
    *bad.header("X-Amz-Date") = date;
    EXPECT_EQ(code(bad.sign()), kIncomplete) << date;
  }
  SignedRequest two;
  two.headers.emplace_back("x-amz-date", "20261130T221500Z");
  EXPECT_EQ(code(two.sign()), kIncomplete);
  SignedRequest other;
  other.date = "20261129";
  EXPECT_EQ(code(other.sign()), kInvalid);
}

TEST_F(SigV4Test, GoesOnOverMidnight) {
  constexpr WallTime kMidnight{std::chrono::seconds(1796083200)};  // 2026-12-01
  for (int round = 0; round < 3; ++round) {
    SignedRequest before;
    *before.header("X-Amz-Date") = "20261130T235800Z";
    EXPECT_EQ(verdict(before.sign(), kMidnight), "");
    SignedRequest behind;
    *behind.header("X-Amz-Date") = "20261201T000200Z";
    behind.date = "20261201";
    EXPECT_EQ(verdict(behind.sign(), kMidnight), "");
  }
  SignedRequest next;
  *next.header("X-Amz-Date") = "20261202T000000Z";
  next.date = "20261202";
  EXPECT_EQ(verdict(next.sign(), {kMidnight.since_epoch + 24h}), "");
}

TEST_F(SigV4Test, HoldsTheScopeToThisService) {
  const auto scoped = [&](auto change) {
    SignedRequest request;
    change(request);
    return code(request.sign());
  };
  EXPECT_EQ(scoped([](SignedRequest& r) { r.region = "eu-west-1"; }), kInvalid);
  EXPECT_EQ(scoped([](SignedRequest& r) { r.region = "US-EAST-1"; }), kInvalid);
  EXPECT_EQ(scoped([](SignedRequest& r) { r.service = "kinesis"; }), kInvalid);
  EXPECT_EQ(scoped([](SignedRequest& r) { r.service = "Events"; }), kInvalid);
  EXPECT_EQ(scoped([](SignedRequest& r) { r.terminator = "aws5_request"; }), kInvalid);
  EXPECT_EQ(scoped([](SignedRequest& r) { r.algorithm = "AWS4-HMAC-SHA1"; }), kIncomplete);
}

TEST_F(SigV4Test, HashesTheBodyItself) {
  for (const char* hash :
       {"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}) {
    SignedRequest request;
    request.headers.emplace_back("X-Amz-Content-Sha256", hash);
    request.body_hash = hash;
    EXPECT_EQ(code(request.sign()), kInvalid) << hash;
  }
}

TEST_F(SigV4Test, RefusesSignaturesElsewhereAndTokens) {
  SignedRequest query;
  query.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Signature=b";
  EXPECT_EQ(code(query), kInvalid);
  EXPECT_EQ(code(query.sign()), kInvalid);
  SignedRequest token;
  token.headers.emplace_back("X-Amz-Security-Token", "garbage");
  EXPECT_EQ(code(token.sign()), "UnrecognizedClientException");
}

TEST_F(SigV4Test, TakesTheSameRequestAgain) {
  SignedRequest request;
  request.sign();
  EXPECT_EQ(verdict(request), "");
  EXPECT_EQ(verdict(request), "");
}

TEST(AccessKeys, AllowWhatTheirPatternsSay) {
  const AccessKey all{.id = "a", .secret = Secret("s")};
  EXPECT_TRUE(all.allows("events:PutEvents", "shop"));
  const AccessKey some{.id = "a",
                       .secret = Secret("s"),
                       .actions = {"events:Put*", "events:ListRules"},
                       .buses = {"shop", "team-*"}};
  EXPECT_TRUE(some.allows("events:PutEvents", "shop"));
  EXPECT_TRUE(some.allows("events:ListRules", "team-"));
  EXPECT_TRUE(some.allows("events:PutRule", ""));
  EXPECT_FALSE(some.allows("events:DeleteRule", "shop"));
  EXPECT_FALSE(some.allows("events:PutEvents", "default"));
  EXPECT_FALSE(some.allows("events:PutEvents", "shops"));
  EXPECT_FALSE(some.allows("events:ListRules2", "shop"));
}

TEST(AccessKeys, MatchStars) {
  const std::vector<std::array<const char*, 3>> cases = {
      {"", "", "y"},        {"", "a", ""},           {"*", "", "y"},       {"*", "abc", "y"},
      {"a*", "a", "y"},     {"a*", "ba", ""},        {"*c", "abc", "y"},   {"*c", "abcd", ""},
      {"a*c", "abbc", "y"}, {"a*b*c", "aXbYc", "y"}, {"a*b*c", "acb", ""}, {"*ab", "aab", "y"},
      {"**", "x", "y"},     {"a**a", "a", ""}};
  for (const auto& [pattern, text, result] : cases) {
    EXPECT_EQ(matches_stars(pattern, text), *result != '\0') << pattern << " on " << text;
  }
  const std::string many(2000, 'a');
  EXPECT_FALSE(matches_stars("*a*a*a*a*a*a*a*a*b", many));
}

}  // namespace
}  // namespace weir
