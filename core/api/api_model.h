// ApiModel: what the API shows of buses, rules and targets: names, ARNs, what belongs to what. Made
// anew from the configuration and the objects of the API at every change; immutable.
//
// Threads: any. Source of names and forms: the service's model and recordings.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/api_objects.h"
#include "core/base/ids.h"
#include "core/base/units.h"
#include "core/catalog/catalog.h"

namespace weir {

struct ApiTarget {
  std::string id;  // of the configuration: the target's name
  std::string arn;
  std::string role;
  std::string settings = {};  // further members, a JSON object, or nothing
};

struct ApiRule {
  std::string arn;
  std::string pattern;
  std::string description;
  std::string role;
  bool enabled = true;
  bool of_configuration = false;
  std::map<std::string, std::string, std::less<>> tags;
  std::vector<ApiTarget> targets;  // by id
};

struct ApiBus {
  BusId id;
  std::string arn;
  std::map<std::string, ApiRule, std::less<>> rules;  // by name
};

class ApiModel {
 public:
  // `since`: what objects of the configuration say of their creation.
  ApiModel(const Catalog& configuration, const ApiObjects& objects, WallTime since);

  const std::map<std::string, ApiBus, std::less<>>& buses() const { return buses_; }
  const ApiBus* bus(std::string_view name) const;
  const std::string& account() const { return account_; }
  const std::string& region() const { return region_; }
  WallTime since() const { return since_; }

  // The name in what a client calls an EventBusName: a name, or an ARN of ours; empty for the ARN
  // of another account or region, which names no bus here. Absent: `default`.
  std::string_view bus_name(std::string_view given) const;

  // What a ResourceARN of ours names.
  struct Resource {
    std::string bus;
    std::optional<std::string> rule;
  };
  std::optional<Resource> resource(std::string_view arn) const;

 private:
  void add_rules_of(const Catalog& configuration);
  void add_objects(const ApiObjects& objects);
  std::string rule_arn(const std::string& bus, const std::string& rule) const;
  std::string arn_prefix() const { return "arn:aws:events:" + region_ + ":" + account_ + ":"; }

  std::string account_;
  std::string region_;
  WallTime since_;
  std::map<std::string, ApiBus, std::less<>> buses_;  // by name
};

}  // namespace weir
