// Routing: everything a Router needs to know about buses, rules and sources, as one immutable
// value. A reload builds the next one and publishes it by Snapshot; a Router pins one for each
// block, so a block is never matched by half a change. Built by core/cell/build_routing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/rule/rule_set.h"
#include "core/sync/counter.h"

namespace weir {

// How often each rule matched: one row of counters per Router, so that none is shared.
class RuleStats {
 public:
  RuleStats(std::size_t routers, std::size_t rules)
      : rules_(rules), counters_(std::make_unique<Counter[]>(routers * rules)) {}
  Counter& at(std::size_t router, std::size_t rule) const {
    return counters_[router * rules_ + rule];
  }
  std::size_t rules() const { return rules_; }

 private:
  std::size_t rules_;
  std::unique_ptr<Counter[]> counters_;
};

struct RoutedRule {
  std::uint32_t slot = 0;         // in RuleStats and in the list of names that goes with it
  std::vector<TargetId> targets;  // ascending, each once
  std::vector<BusId> onward;      // buses that its events go on to, each once
};

struct BusRouting {
  std::shared_ptr<const RuleSet> rules;
  std::vector<RoutedRule> routed;  // by RuleIndex
  bool leads_on = false;           // some rule sends events on to another bus
};

struct SourceRouting {
  BusId bus{0};
  std::uint64_t event_bytes_limit = 0;
};

struct Routing {
  std::uint64_t version = 0;
  std::vector<BusRouting> buses;       // by BusId
  std::vector<SourceRouting> sources;  // by SourceId
  std::shared_ptr<RuleStats> stats;
  std::vector<std::string> rule_names;  // by slot
};

}  // namespace weir
