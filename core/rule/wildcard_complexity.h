// How complex the wildcards of one field are, as EventBridge weighs them: the largest number of
// their beginnings that one value can match at the same time. `*ab*b` has the beginnings `*`, `*a`,
// `*ab`, `*ab*` and `*ab*b`; the value "abb" matches three of them, and "ab" three as well.
//
// Pure; any thread. Exact, in time about linear in the text. Source of facts: the measure that
// event-ruler documents for its machines (a string is weighed with the quotes around it).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace weir {

// The wildcards of one test: one, or all those of one anything-but. Those of one group count the
// beginnings that they share up to their first star once.
struct WildcardGroup {
  std::vector<std::string> wildcards;  // sound ones: stars and backslashes escaped by a backslash
};

// Stops counting once the answer is above `enough`.
std::size_t wildcard_complexity(std::span<const WildcardGroup> field, std::size_t enough);

}  // namespace weir
