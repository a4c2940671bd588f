// From a Catalog to what the Routers read: compiles each bus's rules, gives targets their slots and
// sources their envelopes. For the control thread; may take as long as the rules are many.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/catalog/catalog.h"
#include "core/route/routing.h"

namespace weir {

// Slots of targets by name. A name keeps its slot for the life of the process, so that events under
// way during a reload never reach another target than the one they matched.
class TargetSlots {
 public:
  TargetId find_or_add(const std::string& name);
  const std::string& name(TargetId id) const { return names_[id.value]; }
  std::size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
};

// `version` must be higher than that of any earlier Routing. Targets of the catalog get their
// slots.
Result<std::shared_ptr<const Routing>> build_routing(const Catalog& catalog, std::uint64_t version,
                                                     std::size_t routers, TargetSlots& slots);

}  // namespace weir
