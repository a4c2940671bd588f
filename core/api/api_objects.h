// ApiObjects: rules and their targets that were made through the API, beside those of the
// configuration; and what both together are for the router and for lists.
//
// Threads: one at a time (the control thread). Errors: values; a refused change changes nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/aws_input.h"
#include "core/base/result.h"
#include "core/catalog/catalog.h"

namespace weir {

struct StoredRule {
  std::string pattern;  // as it was put; empty: a schedule alone, which nothing fires yet
  std::string description;
  std::string role;
  bool enabled = true;
  std::map<std::string, std::string, std::less<>> targets;  // Id to Arn
  std::map<std::string, std::string, std::less<>> roles;    // Id to RoleArn, where there is one
  // Id to the members of the target that say what it gets and how, as one JSON object in the words
  // of the request; where there are any. See target_settings.h.
  std::map<std::string, std::string, std::less<>> settings;
  std::map<std::string, std::string, std::less<>> tags;
  friend bool operator==(const StoredRule&, const StoredRule&) = default;
};

// Bus and rule by name.
using RuleKey = std::pair<std::string, std::string>;
using ApiObjects = std::map<RuleKey, StoredRule>;

// The rule as one JSON text, for a store, and back; nothing for a text that is none.
std::string to_json(const StoredRule& rule);
std::optional<StoredRule> stored_rule(std::string_view json);

// What an ARN stands for: a target of the configuration (`arn:aws:weir:::target/NAME`, or one whose
// `arn` fits), or a bus of ours.
struct ArnMeaning {
  TargetId target = {};
  BusId bus = {};
  bool known() const { return target.valid() || bus.valid(); }
};
ArnMeaning meaning_of(std::string_view arn, const Catalog& catalog);

struct MergedCatalog {
  Catalog catalog;
  std::vector<std::string> unknown_arns;  // each once
};
// The configuration with the rules of the API: those that are enabled, have a pattern, and are on a
// bus that is there. Targets that stand for buses are made where the configuration has none.
// A target with settings of its own is one more target, a copy of the one that the ARN stands for.
// An error: a way of buses would lead back to where it began, or settings do not fit the target.
Result<MergedCatalog> merge_objects(const Catalog& configuration, const ApiObjects& objects);

// The name of such a rule among those of the configuration: "name", or "bus/name".
std::string merged_name(const RuleKey& key);

}  // namespace weir
