// AccessKey: who may sign requests, and what is allowed to whoever does.
//
// Immutable; any thread. Source of the names of actions: the service's policies
// ("events:PutEvents").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.h"

namespace weir {

struct AccessKey {
  std::string id;
  Secret secret;
  // Patterns in which '*' stands for any text, also for none: "events:Put*". No pattern: all.
  std::vector<std::string> actions = {};
  std::vector<std::string> buses = {};  // of the buses' names

  // `bus` is empty for what concerns no bus.
  bool allows(std::string_view action, std::string_view bus) const;
  bool allows_action(std::string_view action) const;
  bool allows_bus(std::string_view bus) const;
};

// Whether `text` is what `pattern` says; '*' stands for any text. Time: the product of the lengths
// at worst.
bool matches_stars(std::string_view pattern, std::string_view text);

}  // namespace weir
