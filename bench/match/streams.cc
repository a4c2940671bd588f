#include "bench/match/streams.h"

#include <fmt/format.h>

#include <array>

#include "bench/match/city_lots.h"
#include "core/base/random.h"

namespace weir::bench {
namespace {

constexpr std::size_t kPadding = 128;

template <typename Event>
Stream stream(std::size_t bytes, std::uint64_t seed, Event event) {
  Random random(seed);
  Stream out;
  for (std::string line = event(random); out.text.size() + line.size() < bytes;
       line = event(random)) {
    out.text += line;
    out.text += '\n';
    ++out.events;
  }
  out.size = out.text.size();
  out.text.append(kPadding, '\n');
  return out;
}

std::string address(Random& random) {
  return fmt::format("{}.{}.{}.{}", 10 + random.below(190), random.below(256), random.below(256),
                     random.below(256));
}

std::string hex(Random& random, int digits) {
  std::string out;
  for (int i = 0; i < digits; ++i) out += "0123456789abcdef"[random.below(16)];
  return out;
}

std::string flow_log(Random& random) {
  const std::uint64_t ports[] = {22, 443, 80, 3389, 53};
  const std::uint64_t port =
      random.below(10) < 4 ? ports[random.below(5)] : 1024 + random.below(60000);
  const std::uint64_t packets = 1 + random.below(2000);
  const std::uint64_t start = 1'700'000'000 + random.below(1'000'000);
  return fmt::format(
      R"({{"version":2,"account-id":"{}","interface-id":"eni-{}","srcaddr":"{}","dstaddr":"{}",)"
      R"("srcport":{},"dstport":{},"protocol":{},"packets":{},"bytes":{},"start":{},"end":{},)"
      R"("action":"{}","log-status":"OK","flow-direction":"{}","region":"us-east-1"}})",
      123456789010 + random.below(10), hex(random, 17), address(random), address(random),
      1024 + random.below(60000), port, random.below(3) == 0 ? 17 : 6, packets,
      packets * (40 + random.below(1400)), start, start + random.below(60),
      random.below(5) == 0 ? "REJECT" : "ACCEPT", random.below(2) == 0 ? "ingress" : "egress");
}

std::string cloud_trail_event(Random& random) {
  static constexpr std::array kNames = {
      "DescribeInstances", "GetObject",         "PutObject",
      "AssumeRole",        "DeleteBucket",      "CreateUser",
      "ConsoleLogin",      "ListBuckets",       "RunInstances",
      "DeleteTrail",       "GetCallerIdentity", "ListObjects",
      "DescribeVolumes",   "HeadObject",        "DescribeLogStreams",
      "PutMetricData",     "GetSecretValue",    "DescribeKey",
      "Decrypt",           "GenerateDataKey",   "PutBucketPolicy",
      "StopLogging",       "SendCommand",       "CreateAccessKey"};
  static constexpr const char* kServices[] = {"ec2", "s3", "sts", "iam", "signin", "cloudtrail"};
  static constexpr const char* kErrors[] = {"AccessDenied", "Client.UnauthorizedOperation"};
  const char* service = kServices[random.below(6)];
  const std::string role = hex(random, 12);
  std::string error;
  if (random.below(12) == 0) {
    error = fmt::format(R"("errorCode":"{}","errorMessage":"User is \"not\" authorized",)",
                        kErrors[random.below(2)]);
  }
  return fmt::format(
      R"({{"version":"0","id":"{}-{}-{}","detail-type":"AWS API Call via CloudTrail",)"
      R"("source":"aws.{}","account":"123456789012","time":"2026-11-21T10:11:12Z",)"
      R"("region":"us-east-1","resources":[],"detail":{{"eventVersion":"1.08","userIdentity":)"
      R"({{"type":"AssumedRole","principalId":"AROA{}:session","arn":)"
      R"("arn:aws:sts::123456789012:assumed-role/role-{}/session","accountId":"123456789012",)"
      R"("accessKeyId":"ASIA{}","sessionContext":{{"sessionIssuer":{{"type":"Role",)"
      R"("principalId":"AROA{}","arn":"arn:aws:iam::123456789012:role/role-{}",)"
      R"("accountId":"123456789012","userName":"role-{}"}},"attributes":{{"creationDate":)"
      R"("2026-11-21T10:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":)"
      R"("2026-11-21T10:11:12Z","eventSource":"{}.amazonaws.com","eventName":"{}",)"
      R"("awsRegion":"us-east-1","sourceIPAddress":"{}","userAgent":"aws-cli/2.15.0 Python/3.11.6 )"
      R"(Linux/6.1 exe/x86_64",{}"requestParameters":{{"instancesSet":{{"items":[{{"instanceId":)"
      R"("i-{}"}}]}},"maxResults":{}}},"responseElements":null,"requestID":"{}","eventID":"{}",)"
      R"("readOnly":{},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":)"
      R"("123456789012","eventCategory":"Management"}}}})",
      hex(random, 8), hex(random, 4), hex(random, 12), service, role, role, hex(random, 16), role,
      role, role, service, kNames[random.below(kNames.size())], address(random), error,
      hex(random, 17), random.below(1000), hex(random, 32), hex(random, 32),
      random.below(2) == 0 ? "true" : "false");
}

std::string large_array(Random& random) {
  std::string items;
  for (int i = 0; i < 2000; ++i) {
    items += fmt::format(R"({}{{"name":"item-{}","kind":"{}","size":{},"owner":{{"id":"u{}"}}}})",
                         i == 0 ? "" : ",", hex(random, 8), "abc"[random.below(3)],
                         random.below(100000), random.below(500));
  }
  return fmt::format(R"({{"source":"bulk","detail":{{"items":[{}]}}}})", items);
}

// Block `seed` of the sequence of lots.
Stream lots(std::size_t bytes, std::uint64_t seed, std::string (*as_text)(const CityLot&)) {
  std::uint64_t next = seed * 1000;
  return stream(bytes, seed, [&](Random&) { return as_text(city_lot(next++)); });
}

}  // namespace

Stream flow_logs(std::size_t bytes, std::uint64_t seed) {
  return stream(bytes, seed, flow_log);
}
Stream cloud_trail(std::size_t bytes, std::uint64_t seed) {
  return stream(bytes, seed, cloud_trail_event);
}
Stream city_lots(std::size_t bytes, std::uint64_t seed) {
  return lots(bytes, seed, as_structured_feature);
}
Stream geojson_city_lots(std::size_t bytes, std::uint64_t seed) {
  return lots(bytes, seed, as_geojson_feature);
}
Stream large_arrays(std::size_t bytes, std::uint64_t seed) {
  return stream(bytes, seed, large_array);
}

}  // namespace weir::bench
