// Rules on city lots: five for each operator on the fields that the published benchmark of
// event-ruler uses, sets made of them, and the sets that grow.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace weir::bench {

using Patterns = std::vector<std::string>;  // JSON texts

// Five each.
Patterns exact_rules();
Patterns prefix_rules();
Patterns prefix_ignore_case_rules();
Patterns suffix_rules();
Patterns suffix_ignore_case_rules();
Patterns wildcard_rules();
Patterns ignore_case_rules();
Patterns numeric_rules();  // of the first point
Patterns anything_but_rules();
Patterns anything_but_ignore_case_rules();
Patterns anything_but_prefix_rules();
Patterns anything_but_suffix_rules();
Patterns anything_but_wildcard_rules();
Patterns array_rules();          // of every point
Patterns geojson_array_rules();  // of every number of every point

Patterns partial_combo();  // 40: all but array_rules()
Patterns full_combo();     // 45

// Two exact fields each; half of the rules have the values of some lot, half of none.
Patterns two_field_rules(std::size_t count);
Patterns mixed_rules(std::size_t count);  // of all operators in turn
Patterns anything_but_on_street(std::size_t count);
Patterns absent_names(std::size_t count);
Patterns street_wildcards(std::size_t count);  // *xyz*
Patterns lot_wildcards(std::size_t count);     // *a*b*c*
Patterns x_ranges(std::size_t count);          // of the first point

}  // namespace weir::bench
