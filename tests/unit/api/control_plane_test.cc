// Changes of rules and targets through the API: what they answer, what the router then has, and
// what a restart finds.
#include "core/api/control_plane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TargetSpec target(const std::string& name, const std::string& arn = "") {
  TargetSpec spec;
  spec.name = name;
  spec.arn = arn;
  return spec;
}

Catalog make_configuration() {
  Catalog catalog;
  catalog.buses = {{"default"}, {"shop"}};
  catalog.targets = {target("out"), target("orders", "arn:aws:sqs:*:*:orders*")};
  RuleSpec rule;
  rule.name = "fixed";
  rule.pattern = R"({"a":[1]})";
  rule.targets = {TargetId(0)};
  catalog.rules = {rule};
  return catalog;
}

struct Host final : ControlPlaneHost {
  Catalog catalog;
  std::size_t adopted = 0;
  std::vector<std::string> told;
  bool refuses = false;
  Status adopt(const Catalog& next) override {
    if (refuses) return Error{"no"};
    catalog = next;
    ++adopted;
    return Done{};
  }
  void tell(const std::string& text) override { told.push_back(text); }
};

// Objects as text, as a disk would have them.
struct Store final : ObjectStore {
  std::map<RuleKey, std::string> rows;
  bool fails = false;
  Result<ApiObjects> load() override {
    ApiObjects objects;
    for (const auto& [key, text] : rows) {
      const auto rule = stored_rule(text);
      if (!rule) return Error{"damaged"};
      objects[key] = *rule;
    }
    return objects;
  }
  Status put(const RuleKey& key, const StoredRule& rule) override {
    if (fails) return Error{"disk full"};
    rows[key] = to_json(rule);
    return Done{};
  }
  Status erase(const RuleKey& key) override {
    if (fails) return Error{"disk full"};
    rows.erase(key);
    return Done{};
  }
};

class ControlPlaneTest : public testing::Test {
 protected:
  std::string run(const std::string& operation, const std::string& body) {
    EXPECT_TRUE(ControlPlane::knows(operation));
    const AwsOutcome outcome = plane_->run(operation, body);
    if (const auto* text = std::get_if<std::string>(&outcome)) return *text;
    const AwsError& error = std::get<AwsError>(outcome);
    return std::string(error.code) + ": " + error.message;
  }
  // "bus rule pattern -> targets" of the rules the router has, but for that of the configuration.
  std::vector<std::string> in_force() const {
    std::vector<std::string> rules;
    for (const RuleSpec& rule : host_.catalog.rules) {
      if (rule.name == "fixed") continue;
      std::string text = host_.catalog.buses[rule.bus.value].name + " " + rule.name + " ->";
      for (const TargetId id : rule.targets) text += " " + host_.catalog.targets[id.value].name;
      rules.push_back(text);
    }
    return rules;
  }
  void restart() {
    plane_ = std::make_unique<ControlPlane>(make_configuration(), host_, &store_);
    host_.catalog = make_configuration();
    const Status status = plane_->start();
    ASSERT_TRUE(status) << status.error().message;
  }

  Host host_;
  Store store_;
  std::unique_ptr<ControlPlane> plane_ =
      std::make_unique<ControlPlane>(make_configuration(), host_, &store_);
};

constexpr const char* kPut = R"({"Name":"r","EventPattern":"{\"source\":[\"s\"]}"})";
const std::string kTarget = R"({"Id":"t","Arn":"arn:aws:weir:::target/out"})";

TEST_F(ControlPlaneTest, ARuleIsInForceWhenItIsAnswered) {
  EXPECT_EQ(run("PutRule", kPut), R"({"RuleArn":"arn:aws:events:us-east-1:000000000000:rule/r"})");
  EXPECT_THAT(in_force(), ElementsAre("default r ->"));
  EXPECT_EQ(run("PutTargets", R"({"Rule":"r","Targets":[)" + kTarget +
                                  R"(,{"Id":"u","Arn":"arn:aws:sqs:eu-west-1:1:orders.fifo"}]})"),
            R"({"FailedEntryCount":0,"FailedEntries":[]})");
  EXPECT_THAT(in_force(), ElementsAre("default r -> out orders"));
  // What is left out is cleared, targets stay.
  EXPECT_THAT(
      run("PutRule", R"({"Name":"r","EventPattern":"{\"source\":[\"x\"]}","State":"DISABLED"})"),
      StartsWith("{\"RuleArn\""));
  EXPECT_THAT(in_force(), IsEmpty());
  EXPECT_EQ(run("EnableRule", R"({"Name":"r"})"), "{}");
  EXPECT_THAT(in_force(), ElementsAre("default r -> out orders"));
  EXPECT_EQ(host_.catalog.rules.back().pattern, R"({"source":["x"]})");
  EXPECT_EQ(run("DisableRule", R"({"Name":"r","EventBusName":"default"})"), "{}");
  EXPECT_THAT(in_force(), IsEmpty());
  EXPECT_EQ(run("DeleteRule", R"({"Name":"r"})"),
            "ValidationException: Rule can't be deleted since it has targets.");
  EXPECT_EQ(
      run("RemoveTargets", R"({"Rule":"r","Ids":["t","u","x"]})"),
      R"({"FailedEntryCount":1,"FailedEntries":[{"TargetId":"x","ErrorCode":)"
      R"("ResourceNotFoundException","ErrorMessage":"Target x does not exist on rule r."}]})");
  EXPECT_EQ(run("DeleteRule", R"({"Name":"r"})"), "{}");
  EXPECT_EQ(run("DeleteRule", R"({"Name":"r"})"), "{}") << "what is not there is gone";
  EXPECT_TRUE(plane_->objects().empty());
  EXPECT_TRUE(store_.rows.empty());
}

TEST_F(ControlPlaneTest, ATargetWithSettingsIsACopyOfTheOneThatItNames) {
  run("PutRule", kPut);
  EXPECT_EQ(run("PutTargets", R"({"Rule":"r","Targets":[{"Id":"a","Arn":"arn:aws:sqs:r:1:orders",)"
                              R"("InputPath":"$.detail", "RetryPolicy" : {"MaximumRetryAttempts":)"
                              R"( 7, "MaximumEventAgeInSeconds":60}},)" +
                                  kTarget + "]}"),
            R"({"FailedEntryCount":0,"FailedEntries":[]})");
  EXPECT_THAT(in_force(), ElementsAre("default r -> out orders/r/a"));
  restart();
  EXPECT_THAT(in_force(), ElementsAre("default r -> out orders/r/a"));
  const TargetSpec& copy = host_.catalog.targets.back();
  EXPECT_EQ(copy.input.kind, InputSpec::Kind::path);
  EXPECT_EQ(copy.input.rule_arn, "arn:aws:events:us-east-1:000000000000:rule/r");
  EXPECT_EQ(copy.retry.retries_max, 7U);
  EXPECT_EQ(copy.retry.age_max, 60s);
  EXPECT_EQ(copy.arn, "");
  EXPECT_EQ(plane_->objects().begin()->second.settings.find("a")->second,
            R"({"InputPath":"$.detail","RetryPolicy":{"MaximumRetryAttempts": 7, )"
            R"("MaximumEventAgeInSeconds":60}})");
  // Put again without them, it is the target itself.
  run("PutTargets", R"({"Rule":"r","Targets":[{"Id":"a","Arn":"arn:aws:sqs:r:1:orders"}]})");
  EXPECT_THAT(in_force(), ElementsAre("default r -> out orders"));
}

TEST_F(ControlPlaneTest, RefusesSettingsThatTheTargetCannotMeet) {
  run("PutRule", kPut);
  const auto put = [&](const std::string& rest) {
    return run("PutTargets", R"({"Rule":"r","Targets":[{"Id":"t",)" + rest + "}]}");
  };
  EXPECT_THAT(put(R"("Arn":"arn:aws:events:us-east-1:000000000000:event-bus/shop","Input":"1")"),
              HasSubstr("an event bus takes events as they are, without Input"));
  EXPECT_THAT(put(R"("Arn":"arn:aws:weir:::target/out",)"
                  R"("DeadLetterConfig":{"Arn":"arn:aws:sqs:r:1:orders"})"),
              HasSubstr("dead letters are written to a data_dir first"));
  EXPECT_TRUE(plane_->objects().begin()->second.targets.empty());
}

TEST_F(ControlPlaneTest, EverythingIsThereAfterARestart) {
  run("PutRule", R"({"Name":"r","EventBusName":"shop","Description":"d \"q\"","RoleArn":"role",)"
                 R"("EventPattern":"{\"source\":[\"s\"]}","Tags":[{"Key":"k","Value":"v"}]})");
  run("PutTargets", R"({"Rule":"r","EventBusName":"shop","Targets":[{"Id":"t","RoleArn":"x",)"
                    R"("Arn":"arn:aws:weir:::target/out"}]})");
  run("TagResource", R"({"ResourceARN":"arn:aws:events:us-east-1:000000000000:rule/shop/r",)"
                     R"("Tags":[{"Key":"l","Value":""}]})");
  run("UntagResource", R"({"ResourceARN":"arn:aws:events:us-east-1:000000000000:rule/shop/r",)"
                       R"("TagKeys":["k"]})");
  const ApiObjects before = plane_->objects();
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before.begin()->second.tags.size(), 1U);
  restart();
  EXPECT_EQ(plane_->objects(), before);
  EXPECT_THAT(in_force(), ElementsAre("shop shop/r -> out"));
}

TEST_F(ControlPlaneTest, WhatIsNotStoredIsNotInForce) {
  run("PutRule", kPut);
  store_.fails = true;
  EXPECT_EQ(run("PutTargets", R"({"Rule":"r","Targets":[)" + kTarget + "]}"),
            "InternalException: The change could not be stored.");
  EXPECT_THAT(in_force(), ElementsAre("default r ->"));
  EXPECT_THAT(host_.told, ElementsAre(HasSubstr("disk full")));
  store_.fails = false;
  host_.refuses = true;
  EXPECT_EQ(run("DisableRule", R"({"Name":"r"})"), "ValidationException: no");
  host_.refuses = false;
  restart();
  EXPECT_THAT(in_force(), ElementsAre("default r ->"));
}

TEST_F(ControlPlaneTest, RefusesAsTheServiceDoes) {
  EXPECT_EQ(
      run("PutRule", R"({"Name":"a b","EventPattern":"{}"})"),
      "ValidationException: 1 validation error detected: Value 'a b' at 'name' failed to "
      R"(satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+)");
  EXPECT_EQ(
      run("PutRule", R"({"Name":"r"})"),
      "ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified.");
  EXPECT_THAT(run("PutRule", R"({"Name":"r","EventPattern":"{\"a\":1}"})"),
              StartsWith("InvalidEventPatternException: Event pattern is not valid. Reason: "));
  EXPECT_THAT(run("PutRule", R"x({"Name":"r","ScheduleExpression":"rate(1 minute)"})x"),
              StartsWith("ValidationException: Parameter ScheduleExpression"));
  EXPECT_THAT(run("PutRule", R"({"Name":"r","EventPattern":"{}","State":"ON"})"),
              HasSubstr("Value 'ON' at 'state' failed to satisfy constraint: Member must satisfy "
                        "enum value set: [ENABLED, DISABLED, "));
  EXPECT_EQ(run("PutRule", R"({"Name":"r","EventBusName":"x","EventPattern":"{\"a\":[1]}"})"),
            "ResourceNotFoundException: Event bus x does not exist.");
  EXPECT_EQ(run("EnableRule", R"({"Name":"r"})"),
            "ResourceNotFoundException: Rule r does not exist on EventBus default.");
  EXPECT_THAT(run("PutRule", R"({"Name":"fixed","EventPattern":"{\"a\":[1]}"})"),
              StartsWith("ManagedRuleException: "));
  EXPECT_THAT(run("DeleteRule", R"({"Name":"fixed"})"), StartsWith("ManagedRuleException: "));
  run("PutRule", kPut);
  const auto put = [&](const std::string& targets) {
    return run("PutTargets", R"({"Rule":"r","Targets":[)" + targets + "]}");
  };
  EXPECT_EQ(put(R"({"Id":"!@","Arn":"arn:aws:sqs:a:1:q"})"),
            "ValidationException: 1 validation error detected: Value '!@' at 'targets.1.member.id' "
            "failed to satisfy constraint: Member must satisfy regular expression pattern: "
            R"([\.\-_A-Za-z0-9]+)");
  EXPECT_EQ(put(R"({"Id":"t","Arn":"queue"})"),
            "ValidationException: Parameter queue is not valid. Reason: Provided Arn is not in "
            "correct format.");
  EXPECT_THAT(put(R"({"Id":"t","Arn":"arn:aws:sqs:a:1:q","SqsParameters":{}})"),
              StartsWith("ValidationException: Parameter SqsParameters of target t is not valid."));
  EXPECT_EQ(put(R"({"Id":"t","Arn":"arn:aws:sqs:a:1:q","InputPath":"$.a","Input":"1"})"),
            "ValidationException: Only one of Input, InputPath, or InputTransformer must be "
            "provided for target t.");
  EXPECT_EQ(put(R"({"Id":"t","Arn":"arn:aws:sqs:a:1:q","RetryPolicy":)"
                R"({"MaximumEventAgeInSeconds":59,"MaximumRetryAttempts":1e9}})"),
            "ValidationException: 2 validation errors detected: Value '1e9' at "
            "'targets.1.member.retryPolicy.maximumRetryAttempts' failed to satisfy constraint: "
            "Member must have value less than or equal to 185; Value '59' at "
            "'targets.1.member.retryPolicy.maximumEventAgeInSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 60");
  std::string six;
  for (int i = 0; i < 6; ++i) {
    six += (i == 0 ? "" : ",") +
           (R"({"Id":"t)" + std::to_string(i) + R"(","Arn":"arn:aws:sqs:a:1:q"})");
  }
  EXPECT_EQ(put(six),
            "LimitExceededException: The requested resource exceeds the maximum number "
            "allowed.");
  EXPECT_TRUE(plane_->objects().begin()->second.targets.empty());
}

TEST_F(ControlPlaneTest, BusesAreTargetsAndLoopsAreNone) {
  run("PutRule", kPut);
  run("PutRule", R"({"Name":"back","EventBusName":"shop","EventPattern":"{\"source\":[\"s\"]}"})");
  const std::string bus = "arn:aws:events:us-east-1:000000000000:event-bus/";
  EXPECT_EQ(run("PutTargets", R"({"Rule":"r","Targets":[{"Id":"b","Arn":")" + bus + R"(shop"}]})"),
            R"({"FailedEntryCount":0,"FailedEntries":[]})");
  EXPECT_THAT(in_force(), ElementsAre("default r -> event-bus/shop", "shop shop/back ->"));
  EXPECT_EQ(
      run("PutTargets", R"({"Rule":"back","EventBusName":"shop","Targets":[{"Id":"b","Arn":")" +
                            bus + R"(default"}]})"),
      "ValidationException: events of event bus shop would come back to it for ever");
  EXPECT_THAT(in_force(), ElementsAre("default r -> event-bus/shop", "shop shop/back ->"));
}

TEST_F(ControlPlaneTest, AnArnThatNothingStandsForIsTakenAndTold) {
  run("PutRule", kPut);
  for (int i = 0; i < 2; ++i) {
    run("PutTargets", R"({"Rule":"r","Targets":[{"Id":"q","Arn":"arn:aws:sqs:a:1:other"}]})");
  }
  EXPECT_THAT(host_.told, ElementsAre(HasSubstr("arn:aws:sqs:a:1:other")));
  EXPECT_THAT(in_force(), ElementsAre("default r ->"));
}

TEST_F(ControlPlaneTest, AReadConfigurationKeepsTheObjects) {
  run("PutRule", kPut);
  run("PutTargets", R"({"Rule":"r","Targets":[)" + kTarget + "]}");
  Catalog next = make_configuration();
  next.targets.insert(next.targets.begin(), target("first"));
  next.rules.clear();
  ASSERT_TRUE(plane_->configure(next));
  EXPECT_THAT(in_force(), ElementsAre("default r -> out"));
  next.targets.erase(next.targets.begin() + 1);
  ASSERT_TRUE(plane_->configure(next));
  EXPECT_THAT(in_force(), ElementsAre("default r ->"));
}

}  // namespace
}  // namespace weir
