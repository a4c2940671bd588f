#include "bench/match/log_rules.h"

#include <fmt/format.h>

#include <array>

#include "core/base/random.h"

namespace weir::bench {
namespace {

constexpr std::array kCalls = {"DeleteTrail",
                               "StopLogging",
                               "UpdateTrail",
                               "PutEventSelectors",
                               "CreateUser",
                               "CreateAccessKey",
                               "AttachUserPolicy",
                               "AttachRolePolicy",
                               "PutUserPolicy",
                               "PutRolePolicy",
                               "DeleteBucketPolicy",
                               "PutBucketPolicy",
                               "PutBucketAcl",
                               "DeleteBucket",
                               "ConsoleLogin",
                               "GetSecretValue",
                               "ModifyImageAttribute",
                               "ModifySnapshotAttribute",
                               "AuthorizeSecurityGroupIngress",
                               "RunInstances",
                               "GetPasswordData",
                               "DisableKey",
                               "ScheduleKeyDeletion",
                               "DeleteDetector",
                               "DeleteFlowLogs",
                               "CreateLoginProfile",
                               "UpdateLoginProfile",
                               "AssumeRole",
                               "GetSessionToken",
                               "SendCommand"};
constexpr std::array kServices = {"ec2", "s3", "sts", "iam", "signin", "cloudtrail"};
constexpr std::array kErrors = {"AccessDenied", "Client.UnauthorizedOperation"};

// The twelve kinds of the 200, each with its own `i`.
std::string security_rule(std::size_t i, Random& random) {
  const char* call = kCalls[random.below(kCalls.size())];
  const char* service = kServices[random.below(kServices.size())];
  const char* error = kErrors[random.below(kErrors.size())];
  switch (i % 12) {
    case 0:
      return fmt::format(R"({{"source":["aws.{}"],"detail":{{"eventName":["{}"]}}}})", service,
                         call);
    case 1:
      return fmt::format(
          R"({{"detail":{{"eventSource":["{}.amazonaws.com"],"eventName":["{}","{}"],)"
          R"("errorCode":[{{"exists":false}}]}}}})",
          service, call, kCalls[i % kCalls.size()]);
    case 2:
      return fmt::format(R"({{"detail":{{"eventName":[{{"prefix":"{}"}}],"errorCode":["{}"]}}}})",
                         std::string(call).substr(0, 6), error);
    case 3:
      return fmt::format(
          R"({{"detail":{{"userIdentity":{{"type":["Root"]}},"eventName":[{{"suffix":"{}"}}]}}}})",
          std::string(call).substr(4));
    case 4:
      return fmt::format(
          R"({{"detail":{{"sourceIPAddress":[{{"cidr":"{}.{}.0.0/16"}}],"eventName":["{}"]}}}})",
          10 + random.below(190), random.below(256), call);
    case 5:
      return fmt::format(
          R"({{"detail":{{"userIdentity":{{"arn":[{{"wildcard":"*role/{:03x}*"}}]}}}}}})",
          random.below(4096));
    case 6:
      return fmt::format(R"({{"detail":{{"eventName":["{}"],"userAgent":[{{"anything-but":)"
                         R"({{"prefix":"aws-cli"}}}}]}}}})",
                         call);
    case 7:
      return fmt::format(
          R"({{"$or":[{{"detail":{{"errorCode":["{}"]}}}},{{"detail":{{"eventName":["{}"]}}}}],)"
          R"("region":[{{"anything-but":["us-east-1","eu-west-{}"]}}]}})",
          error, call, i);
    case 8:
      return fmt::format(
          R"({{"detail":{{"eventName":[{{"equals-ignore-case":"{}"}}],"userIdentity":{{)"
          R"("sessionContext":{{"attributes":{{"mfaAuthenticated":["false"]}}}}}},)"
          R"("eventSource":["{}.amazonaws.com"]}}}})",
          call, service);
    case 9:
      return fmt::format(
          R"({{"detail":{{"requestParameters":{{"maxResults":[{{"numeric":[">=",{},"<",{}]}}]}},)"
          R"("eventName":["{}"]}}}})",
          i * 4, i * 4 + 20, call);
    case 10:
      return fmt::format(R"({{"account":["{}"],"detail":{{"readOnly":[false],"eventName":[)"
                         R"({{"anything-but":["{}"]}}]}}}})",
                         210000000000 + i, call);
    default:
      return fmt::format(
          R"({{"detail":{{"requestParameters":{{"instancesSet":{{"items":{{"instanceId":[)"
          R"({{"prefix":"i-{:03x}"}}]}}}}}}}}}})",
          random.below(4096));
  }
}

std::string network(Random& random) {
  const std::uint64_t bits = 16 + random.below(9);
  return fmt::format("{}.{}.{}.0/{}", 10 + random.below(190), random.below(256), random.below(256),
                     bits);
}

std::string flow_rule(std::size_t i, Random& random) {
  switch (i % 6) {
    case 0:
      return fmt::format(R"({{"srcaddr":[{{"cidr":"{}.0.0.0/8"}}],"action":["REJECT"]}})",
                         10 + random.below(190));
    case 1:
      return fmt::format(R"({{"dstaddr":[{{"cidr":"{}"}},{{"cidr":"{}"}}]}})", network(random),
                         network(random));
    case 2: {
      const std::uint64_t port = random.below(60000);
      return fmt::format(
          R"({{"dstport":[{{"numeric":[">=",{},"<=",{}]}}],"protocol":[17],"action":["REJECT"]}})",
          port, port + 2000);
    }
    case 3:
      return fmt::format(
          R"({{"dstport":[{}],"action":["REJECT"],"srcport":[{{"numeric":["<",{}]}}]}})",
          i % 4 == 3 ? 22 : 3389, 2000 + 1000 * i);
    case 4:
      return fmt::format(
          R"({{"bytes":[{{"numeric":[">",{}]}}],"interface-id":[{{"prefix":"eni-{:x}"}}]}})",
          500'000 + 10'000 * i, i % 16);
    default:
      return fmt::format(R"({{"srcaddr":["{}.1.2.3","10.0.0.{}"],"account-id":["{}"]}})", i, i,
                         123456789010 + i % 10);
  }
}

}  // namespace

Patterns security_rules(std::size_t count) {
  Random random(21);
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(security_rule(i, random));
  return out;
}

Patterns flow_rules(std::size_t count) {
  Random random(22);
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(flow_rule(i, random));
  return out;
}

Patterns source_networks(std::size_t count) {
  Random random(23);
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(fmt::format(R"({{"srcaddr":[{{"cidr":"{}"}}]}})", network(random)));
  }
  return out;
}

Patterns byte_ranges(std::size_t count) {
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(
        fmt::format(R"({{"bytes":[{{"numeric":[">=",{},"<",{}]}}]}})", i * 977, i * 977 + 1500));
  }
  return out;
}

Patterns flow_log_rules() {
  return {R"({"action":["REJECT"]})", R"({"dstport":[22,3389]})",
          R"({"bytes":[{"numeric":[">",1000000]}]})", R"({"version":[{"exists":true}]})"};
}

Patterns cloud_trail_rules() {
  return {R"({"detail":{"errorCode":["AccessDenied"]}})",
          R"({"detail":{"eventName":[{"prefix":"Delete"}]}})",
          R"({"detail":{"sourceIPAddress":[{"prefix":"10."}]}})",
          R"({"version":[{"exists":true}]})"};
}

Patterns item_rules() {
  return {R"({"source":["bulk"],"detail":{"items":{"kind":["a"],)"
          R"("size":[{"numeric":["<",50]}]}}})",
          R"({"detail":{"items":{"name":[{"prefix":"item-00"}],"owner":{"id":["u7"]}}}})",
          R"({"detail":{"items":{"kind":["z"]}}})",
          R"({"detail":{"items":{"kind":["b"],"none":[{"exists":false}]}}})",
          R"({"detail":{"items":{"size":[{"numeric":[">",99998]}],)"
          R"("owner":{"id":["u1","u2"]}}}})"};
}

Patterns idle_rules(std::size_t count) {
  Patterns out;
  for (std::size_t i = 0; i < count; ++i) {
    switch (i % 5) {
      case 0:
        out.push_back(fmt::format(R"({{"account-id":["99{:010}"],"action":["REJECT"]}})", i));
        break;
      case 1:
        out.push_back(fmt::format(R"({{"interface-id":["eni-none{}"]}})", i));
        break;
      case 2:
        out.push_back(fmt::format(R"({{"dstport":[{}],"action":["ACCEPT"]}})", 70000 + i));
        break;
      case 3:
        out.push_back(
            fmt::format(R"({{"srcaddr":[{{"cidr":"240.{}.{}.0/24"}}]}})", i / 256, i % 256));
        break;
      default:
        out.push_back(fmt::format(R"({{"srcaddr":["1.2.{}.{}"],"bytes":[{{"numeric":[">",5]}}]}})",
                                  i / 256, i % 256));
        break;
    }
  }
  return out;
}

Patterns wall(const std::vector<std::string>& dotted_fields) {
  Patterns out;
  // A dot inside a name is no different from the one between two.
  for (const std::string& field : dotted_fields) {
    out.push_back(fmt::format(R"({{"{}":["\u0001"]}})", field));
  }
  return out;
}

}  // namespace weir::bench
