// The `limits` of a configuration.
#include <vector>

#include "io/config/draft.h"

namespace weir {

void read_limits(const Section& root, CatalogDraft& draft) {
  std::vector<std::string_view> keys = {"event"};
  for (const LimitKey& key : kLimitKeys) keys.push_back(key.name);
  const auto limits = root.section("limits", "'limits'", keys);
  if (!limits) return;
  draft.event_bytes_limit = limits->size("event", 1, kEventBytesMost).value_or(kMiB);
  for (const LimitKey& key : kLimitKeys) {
    const auto value = key.is_size ? limits->size(key.name, key.least, key.most)
                                   : limits->count(key.name, key.least, key.most);
    if (value) draft.catalog.rule_limits.*key.value = *value;
  }
}

}  // namespace weir
