// Rules on CloudTrail events and on flow logs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace weir::bench {

using Patterns = std::vector<std::string>;  // JSON texts

// What a security team watches: calls by name and service, failures, roots, callers from outside,
// written with every operator.
Patterns security_rules(std::size_t count);
// Networks, ranges of ports and bytes, exact addresses and actions.
Patterns flow_rules(std::size_t count);
Patterns source_networks(std::size_t count);  // one cidr each, /16 to /24
Patterns byte_ranges(std::size_t count);

Patterns flow_log_rules();               // the four rules of workload A
Patterns cloud_trail_rules();            // the four rules of workload B
Patterns idle_rules(std::size_t count);  // for A, none of which ever matches
Patterns item_rules();                   // five on arrays of 2,000 objects

// Asks for fields by their dotted names and for nothing that any value could be: the walk that
// checks the whole event and finds the fields, without the work of rules.
Patterns wall(const std::vector<std::string>& dotted_fields);

}  // namespace weir::bench
