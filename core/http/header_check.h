// What may stand in the head of a request. A name or value from the configuration that could end a
// line, or that says how long the body is, would let one request smuggle in another; such a
// configuration is refused, so that the head needs no escaping later.
//
// Pure functions, any thread. Source: RFC 9110 5.5, 5.6.2; RFC 9112 3.2.
#pragma once

#include <string>
#include <string_view>

namespace weir {

// What is wrong with the header, in words; empty if it may be sent.
std::string header_fault(std::string_view name, std::string_view value);
// The same for a request target in origin form: "/path?query", no blank, no control byte.
std::string request_target_fault(std::string_view target);
// What names are: at least one letter, digit, or sign of a few (RFC 9110 5.6.2).
bool is_token(std::string_view text);
// True for names that compare equal whatever their letter case.
bool same_header(std::string_view a, std::string_view b);

}  // namespace weir
