// From a Catalog to what the Routers read: compiles each bus's rules, gives targets their slots and
// sources their envelopes. For the control thread; the first takes as long as the rules are many,
// later ones as long as the changes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/catalog/catalog.h"
#include "core/route/routing.h"
#include "core/rule/live_rules.h"

namespace weir {

// Slots of targets by name. A name keeps its slot for the life of the process, so that events under
// way during a reload never reach another target than the one they matched.
class TargetSlots {
 public:
  TargetId find_or_add(const std::string& name);
  TargetId find(std::string_view name) const;  // invalid: nobody has it
  const std::string& name(TargetId id) const { return names_[id.value]; }
  const std::vector<std::string>& names() const { return names_; }
  std::size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
};

// The rules in force, bus by bus, so that the next Routing compiles only what has changed.
class BusRules {
 public:
  // Under other limits than before, a bus begins with no rules.
  LiveRules& of(BusId bus, const CompileLimits& limits);
  // True when some bus's changes have grown so much that they should be compiled into one.
  bool merge_due() const;

 private:
  friend std::shared_ptr<const Routing> merge_rules(const Routing&, std::uint64_t, BusRules&,
                                                    const RunPieces&);
  std::vector<std::unique_ptr<LiveRules>> buses_;
  CompileLimits limits_;
};

// `version` must be higher than that of any earlier Routing. Targets of the catalog get their
// slots. `rules` is what the Routing in force was built with; those whose text did not change are
// not compiled again. `run` spreads the compiling over threads.
Result<std::shared_ptr<const Routing>> build_routing(const Catalog& catalog, std::uint64_t version,
                                                     std::size_t routers, TargetSlots& slots,
                                                     BusRules& rules, const RunPieces& run = {});

// The Routing that build_routing() just gave, with the rules compiled anew where that is due: the
// same rules and numbers, faster to match and to change.
std::shared_ptr<const Routing> merge_rules(const Routing& routing, std::uint64_t version,
                                           BusRules& rules, const RunPieces& run = {});

}  // namespace weir
