// ControlPlane: the operations that change rules and targets. A change is checked, tried on the
// router, stored, and only then answered; what cannot be is refused and nothing has changed.
//
// Threads: one at a time (the control thread). Errors: as the service words them.
// Source: the operations of the EventBridge API reference; texts as recorded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/api_model.h"
#include "core/api/api_objects.h"
#include "core/api/aws_input.h"
#include "core/api/read_operations.h"

namespace weir {

// Where objects survive the process.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual Result<ApiObjects> load() = 0;
  // Durable when it returns.
  virtual Status put(const RuleKey& key, const StoredRule& rule) = 0;
  virtual Status erase(const RuleKey& key) = 0;
};

// The router, as changes see it.
class ControlPlaneHost {
 public:
  virtual ~ControlPlaneHost() = default;
  // In force when it returns; an error changes nothing.
  virtual Status adopt(const Catalog& catalog) = 0;
  virtual void tell(const std::string& text) = 0;
};

struct ControlPlaneLimits {
  std::size_t rules_per_bus = 300;
  std::size_t targets_per_rule = 5;
  std::size_t targets_per_call = 10;
};

class ControlPlane {
 public:
  // `store`: null for objects that go with the process.
  ControlPlane(const Catalog& configuration, ControlPlaneHost& host, ObjectStore* store,
               const ControlPlaneLimits& limits = {});

  // Reads the store and puts its rules into force.
  Status start();
  // The configuration was read anew: an error changes nothing.
  Status configure(const Catalog& configuration);
  // Nothing where the operation is none of these.
  static bool knows(std::string_view operation);
  AwsOutcome run(std::string_view operation, std::string_view body);

  const ApiObjects& objects() const { return objects_; }
  const Catalog& configuration() const { return configuration_; }
  // Of rules in force: ARNs of targets that nothing stands for.
  std::size_t unknown_arns() const { return told_arns_.size(); }

 private:
  struct Named;
  static const Named* find(std::string_view operation);

  AwsOutcome put_rule();
  AwsOutcome delete_rule();
  AwsOutcome enable_rule() { return set_enabled(true); }
  AwsOutcome disable_rule() { return set_enabled(false); }
  AwsOutcome put_targets();
  AwsOutcome remove_targets();
  AwsOutcome tag_resource();
  AwsOutcome untag_resource();

  AwsOutcome set_enabled(bool enabled);
  std::optional<AwsError> read_bus(std::string& name);
  std::optional<AwsError> read_key(std::string_view member, std::string_view path, RuleKey& key);
  std::optional<AwsError> find_own(const RuleKey& key, const StoredRule*& rule) const;
  std::optional<AwsError> read_targets(StoredRule& rule);
  std::optional<AwsError> read_tagged(RuleKey& key, const StoredRule*& rule);
  std::optional<AwsError> read_tags(StoredRule& rule);
  bool of_configuration(const RuleKey& key) const;
  std::string rule_arn(const RuleKey& key) const;
  // Nothing instead of a rule: it goes.
  std::optional<AwsError> change(const RuleKey& key, std::optional<StoredRule> rule);
  Status adopt(const Catalog& configuration, const ApiObjects& objects);

  Catalog configuration_;
  ControlPlaneHost& host_;
  ObjectStore* store_;
  const ControlPlaneLimits limits_;
  ApiObjects objects_;
  AwsInput input_;
  std::string_view body_;               // what it has read
  std::vector<std::string> told_arns_;  // that nothing stands for, told already
};

}  // namespace weir
