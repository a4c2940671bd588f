// The reference matcher: event patterns straight from the description of the language, one rule and
// one event at a time, as plainly as can be. The judge in the differential tests and the fuzz
// targets; shares with the product only the table of letter cases.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/reference/json.h"

namespace weir::reference {

// One entry of a value array.
struct Entry {
  enum Kind {
    string,  // compared as an address when it is one
    exactly,
    number,
    literal,  // true, false, null
    prefix,
    suffix,
    ignore_case,
    prefix_ignore_case,
    suffix_ignore_case,
    wildcard,
    anything_but,  // values passing none of `inner`
    numeric,
    cidr,
    exists,
    absent,
  };
  Kind kind = string;
  std::string text;
  Json::Kind literal_kind = Json::null;
  std::vector<std::string> operators, operands;  // numeric
  std::vector<Entry> inner;
};

// By dotted name; the order of the map is the order of trial.
struct Utf16Order {
  bool operator()(const std::string& a, const std::string& b) const;
};
using SubRule = std::map<std::string, std::vector<Entry>, Utf16Order>;
using Rule = std::vector<SubRule>;  // any of them

// Empty when the pattern is invalid.
std::optional<Rule> compile(std::string_view pattern);

struct Value {
  std::string path;
  Json json;
  std::map<int, int> membership;  // array -> element
};
// Empty when the event is not a JSON object.
std::optional<std::vector<Value>> flatten(std::string_view event);

bool matches(const Rule& rule, const std::vector<Value>& event);

}  // namespace weir::reference
