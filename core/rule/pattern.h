// Pattern: one event pattern, read and checked, with `$or` expanded. What the RuleSet is built
// from.
//
// Threads: one. Lifetime: owns its texts. Errors: PatternError without the rule.
// Source of facts: the pattern language of event-ruler 2.0.1; see README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/rule/address.h"
#include "core/rule/number.h"
#include "core/rule/rule_set.h"

namespace weir {

// One test of a value. Forms that mean the same are brought to one: a prefix "" is `any_string`, a
// wildcard without stars is `text`, ignoring case in "123" is `text`, and so on.
struct ValueTest {
  enum class Kind : std::uint8_t {
    text,            // these characters
    number,          // this value
    number_literal,  // this spelling, of a number that is not comparable
    true_,
    false_,
    null,
    any_string,
    prefix,
    suffix,
    equals_ignore_case,
    prefix_ignore_case,
    suffix_ignore_case,
    wildcard,       // text: '*' as is, literal stars and backslashes escaped with a backslash
    number_range,   // both ends included
    address_range,  // both ends included
  };
  Kind kind = Kind::text;
  std::string text;
  NumberKey first_number = 0;
  NumberKey last_number = 0;
  AddressRange addresses;
};

// What one value array asks of its field; it holds if any part does.
struct FieldCondition {
  bool exists = false;  // {"exists":true}
  bool absent = false;  // {"exists":false}
  std::vector<ValueTest> any_of;
  std::vector<std::vector<ValueTest>> anything_but;  // each: a value that none of these takes
};

struct Pattern {
  struct Field {
    std::uint32_t path = 0;       // into paths
    std::uint32_t condition = 0;  // into conditions
  };
  std::vector<std::string> paths;  // dotted names
  std::vector<FieldCondition> conditions;
  std::vector<std::uint32_t> condition_offsets;  // of each one's list in the text
  std::vector<std::vector<Field>> branches;      // any of them; all fields of one, by UTF-16 order
};

inline constexpr std::size_t kPatternFieldsMax = 256;

// Reads one pattern after the other; its memory, and that of `out`, is used again.
class PatternReader {
 public:
  PatternReader();
  ~PatternReader();
  PatternReader(const PatternReader&) = delete;
  PatternReader& operator=(const PatternReader&) = delete;

  std::optional<PatternError> read(std::string_view text, const CompileLimits& limits,
                                   Pattern& out);

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

// One pattern.
std::optional<PatternError> read_pattern(std::string_view text, const CompileLimits& limits,
                                         Pattern& out);

}  // namespace weir
