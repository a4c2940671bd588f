#include "tools/gen/trail_generator.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tools/gen/draws.h"
#include "tools/gen/trail_tables.h"

namespace weir {

namespace {

constexpr std::int64_t kFirstSecond = 1795240800;  // 2026-11-21T06:00:00Z
constexpr std::uint64_t kRecordsPerSecond = 2000;
constexpr std::size_t kPrincipals = 400;

// Shares, of 1,000.
constexpr std::uint32_t kDenied = 50;
constexpr std::uint32_t kOtherErrors = 15;
constexpr std::uint32_t kFailedLogins = 200;

// One principal in so many has an address of the private network.
constexpr std::size_t kInsideEvery = 7;

constexpr std::array<std::string_view, 3> kAccounts = {"123456789012", "210987654321",
                                                       "345678901234"};
constexpr std::array<std::string_view, 5> kRegions = {"us-east-1", "us-east-1", "us-west-2",
                                                      "eu-west-1", "eu-central-1"};
constexpr std::array<std::string_view, 6> kAgents = {
    "aws-cli/2.18.0 Python/3.12.6 Linux/6.8.0-1015-aws exe/x86_64.ubuntu.24",
    "Boto3/1.35.40 Python/3.12.7 Linux/6.1.112 Botocore/1.35.40",
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io)",
    "aws-sdk-java/2.27.21 Linux/5.10.225 OpenJDK_64-Bit_Server_VM/21.0.4",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0"};
constexpr std::array<std::string_view, 4> kOtherErrorCodes = {"NoSuchKey", "ThrottlingException",
                                                              "Client.InvalidInstanceID.NotFound",
                                                              "ResourceNotFoundException"};
constexpr std::array<std::string_view, 5> kServicePrincipals = {
    "autoscaling.amazonaws.com", "lambda.amazonaws.com", "cloudtrail.amazonaws.com",
    "ecs-tasks.amazonaws.com", "config.amazonaws.com"};
constexpr std::array<std::string_view, 8> kNames = {"alice", "bob",  "carol", "dmitri",
                                                    "erika", "fang", "grace", "hiro"};

// Who calls: always from the same address with the same tool.
struct Principal {
  std::string_view account;
  std::string identity;  // the value of userIdentity
  std::string arn;
  std::string address;
  std::string_view agent;
};

class TrailGenerator final : public Generator {
 public:
  explicit TrailGenerator(std::uint64_t seed);
  void append_next(std::string& out) override;

 private:
  Principal make_principal(std::size_t index);
  void make_assumed_role(Principal& principal);
  void make_user(Principal& principal);
  void add_filled(std::string_view json);
  void add_uuid();
  void add_outcome(const TrailCall& call, const Principal& principal);
  void add_detail(const TrailCall& call, const Principal& principal, std::string_view region,
                  std::int64_t time_s);

  Random random_;
  std::vector<Principal> principals_;
  WeightedIndex principal_draw_;
  WeightedIndex call_draw_;
  std::uint64_t made_ = 0;
  LineBuffer line_;
};

WeightedIndex by_weight() {
  std::vector<std::uint32_t> weights;
  for (const TrailCall& call : trail_calls()) weights.push_back(call.weight);
  return WeightedIndex(weights);
}

TrailGenerator::TrailGenerator(std::uint64_t seed)
    : random_(seed), principal_draw_(few_talkers(kPrincipals)), call_draw_(by_weight()) {
  for (std::size_t i = 0; i < kPrincipals; ++i) principals_.push_back(make_principal(i));
}

// The kinds go round by index, not by luck: a few principals make most calls, and their kind would
// decide what all of a stream looks like.
Principal TrailGenerator::make_principal(std::size_t index) {
  Principal principal;
  principal.account = pick(random_, kAccounts);
  principal.agent = kAgents[index % kAgents.size()];
  const std::string inside = private_address(random_, static_cast<unsigned>(index % 12));
  const std::string outside = public_address(random_);
  principal.address = index % kInsideEvery == 5 ? inside : outside;
  const std::size_t kind = index * 37 % 100;
  if (kind < 40) {
    make_assumed_role(principal);
  } else if (kind < 85) {
    make_user(principal);
  } else if (kind < 98) {
    const std::string_view service = pick(random_, kServicePrincipals);
    principal.identity = R"({"type":"AWSService","invokedBy":")" + std::string(service) + R"("})";
    principal.arn = service;
    principal.address = service;
    principal.agent = service;
  } else {
    principal.arn = "arn:aws:iam::" + std::string(principal.account) + ":root";
    principal.identity = R"({"type":"Root","principalId":")" + std::string(principal.account) +
                         R"(","arn":")" + principal.arn + R"(","accountId":")" +
                         std::string(principal.account) + R"("})";
  }
  return principal;
}

void TrailGenerator::make_assumed_role(Principal& principal) {
  const std::string account(principal.account);
  const std::string role = "service-role-" + hex_digits(random_, 4);
  const std::string id = "AROA" + upper_letters_and_digits(random_, 17);
  const std::string key = "ASIA" + upper_letters_and_digits(random_, 16);
  const std::string session = "i-0" + hex_digits(random_, 16);
  principal.arn = "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + session;
  principal.identity =
      R"({"type":"AssumedRole","principalId":")" + id + ":" + session + R"(","arn":")" +
      principal.arn + R"(","accountId":")" + account + R"(","accessKeyId":")" + key +
      R"(","sessionContext":{"sessionIssuer":{"type":"Role","principalId":")" + id +
      R"(","arn":"arn:aws:iam::)" + account + ":role/" + role + R"(","accountId":")" + account +
      R"(","userName":")" + role + R"("},"attributes":{"creationDate":"2026-11-21T05:12:44Z",)" +
      R"("mfaAuthenticated":"false"}}})";
}

void TrailGenerator::make_user(Principal& principal) {
  const std::string account(principal.account);
  std::string name(pick(random_, kNames));
  name += "-" + hex_digits(random_, 2);
  const std::string id = "AIDA" + upper_letters_and_digits(random_, 17);
  const std::string key = "AKIA" + upper_letters_and_digits(random_, 16);
  principal.arn = "arn:aws:iam::" + account + ":user/" + name;
  principal.identity = R"({"type":"IAMUser","principalId":")" + id + R"(","arn":")" +
                       principal.arn + R"(","accountId":")" + account + R"(","accessKeyId":")" +
                       key + R"(","userName":")" + name + R"("})";
}

// JSON of the tables: each # becomes a random digit.
void TrailGenerator::add_filled(std::string_view json) {
  std::uint64_t bits = 0;
  std::uint64_t left = 0;
  std::size_t from = 0;
  while (true) {
    const std::size_t at = json.find('#', from);
    line_.add(json.substr(from, at - from));
    if (at == std::string_view::npos) return;
    if (left == 0) {
      bits = random_();
      left = 16;
    }
    line_.add_hex(bits & 15U, 1);
    bits >>= 4U;
    --left;
    from = at + 1;
  }
}

void TrailGenerator::add_uuid() {
  add_filled("########-####-4###-a###-############");
}

void TrailGenerator::add_outcome(const TrailCall& call, const Principal& principal) {
  const bool login = call.name == "ConsoleLogin";
  const std::uint64_t luck = random_.below(1000);
  std::string_view response = call.response;
  if (login) {
    if (luck < kFailedLogins) {
      line_.add(R"("errorMessage":"Failed authentication",)");
      response = R"({"ConsoleLogin":"Failure"})";
    }
  } else if (luck < kDenied) {
    line_.add_all(R"("errorCode":"AccessDenied","errorMessage":"User: )", principal.arn,
                  " is not authorized to perform: ", call.service, ":", call.name,
                  R"( because no identity-based policy allows the action",)");
    response = "null";
  } else if (luck < kDenied + kOtherErrors) {
    line_.add_all(R"("errorCode":")", pick(random_, kOtherErrorCodes),
                  R"(","errorMessage":"The request could not be completed.",)");
    response = "null";
  }
  line_.add(R"("requestParameters":)");
  add_filled(call.parameters);
  line_.add(R"(,"responseElements":)");
  add_filled(response);
}

void TrailGenerator::add_detail(const TrailCall& call, const Principal& principal,
                                std::string_view region, std::int64_t time_s) {
  const bool login = call.name == "ConsoleLogin";
  line_.add_all(R"({"eventVersion":"1.11","userIdentity":)", principal.identity,
                R"(,"eventTime":")");
  line_.add_time(time_s);
  line_.add_all(R"(","eventSource":")", call.service, R"(.amazonaws.com","eventName":")", call.name,
                R"(","awsRegion":")", region, R"(","sourceIPAddress":")", principal.address,
                R"(","userAgent":")", principal.agent, R"(",)");
  add_outcome(call, principal);
  line_.add(R"(,"requestID":")");
  add_uuid();
  line_.add(R"(","eventID":")");
  add_uuid();
  line_.add_all(R"(","readOnly":)", call.read_only ? "true" : "false", R"(,"eventType":")",
                login ? "AwsConsoleSignIn" : "AwsApiCall", R"(","managementEvent":)",
                call.data_event ? "false" : "true", R"(,"recipientAccountId":")", principal.account,
                R"(","eventCategory":")", call.data_event ? "Data" : "Management", "\"");
  if (call.data_event || principal.arn == principal.address) {
    line_.add('}');
    return;
  }
  line_.add_all(R"(,"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",)",
                R"("clientProvidedHostHeader":")", call.service, ".", region,
                R"(.amazonaws.com"}})");
}

void TrailGenerator::append_next(std::string& out) {
  const TrailCall& call = trail_calls()[call_draw_.draw(random_)];
  const Principal& principal = principals_[principal_draw_.draw(random_)];
  const std::string_view region = pick(random_, kRegions);
  const std::int64_t time_s = kFirstSecond + static_cast<std::int64_t>(made_++ / kRecordsPerSecond);
  line_.clear();
  line_.add(R"({"version":"0","id":")");
  add_uuid();
  line_.add_all(R"(","detail-type":"AWS )",
                call.name == "ConsoleLogin" ? "Console Sign In" : "API Call",
                R"( via CloudTrail","source":"aws.)", call.service, R"(","account":")",
                principal.account, R"(","time":")");
  line_.add_time(time_s);
  line_.add_all(R"(","region":")", region, R"(","resources":[],"detail":)");
  add_detail(call, principal, region, time_s);
  line_.add("}\n");
  out += line_.view();
}

}  // namespace

std::unique_ptr<Generator> make_trail_generator(std::uint64_t seed) {
  return std::make_unique<TrailGenerator>(seed);
}

}  // namespace weir
