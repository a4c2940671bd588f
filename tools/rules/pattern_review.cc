#include "tools/rules/pattern_review.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/rule/json_tree.h"

namespace weir {
namespace {

using Kind = ValueTest::Kind;

bool is_dead(const ValueTest& test) {
  return test.kind == Kind::number_range && test.first_number > test.last_number;
}

bool looks_at_strings(Kind kind) {
  switch (kind) {
    case Kind::number:
    case Kind::number_literal:
    case Kind::true_:
    case Kind::false_:
    case Kind::null:
    case Kind::number_range:
      return false;
    default:
      return true;
  }
}

// The text every match begins with, as far as it is plain to see.
std::string_view head_of(const ValueTest& test) {
  if (test.kind == Kind::text || test.kind == Kind::prefix) return test.text;
  if (test.kind != Kind::wildcard) return {};
  return std::string_view(test.text).substr(0, test.text.find_first_of("*\\"));
}

std::string_view tail_of(const ValueTest& test) {
  if (test.kind == Kind::text || test.kind == Kind::suffix) return test.text;
  if (test.kind != Kind::wildcard || test.text.find('\\') != std::string::npos) return {};
  return std::string_view(test.text).substr(test.text.rfind('*') + 1);
}

// True when `all` certainly takes everything that `some` takes.
bool covers(const ValueTest& all, const ValueTest& some) {
  switch (all.kind) {
    case Kind::any_string:
      return looks_at_strings(some.kind);
    case Kind::prefix:
      return !all.text.empty() && head_of(some).starts_with(all.text);
    case Kind::suffix:
      return !all.text.empty() && tail_of(some).ends_with(all.text);
    case Kind::number_range:
      return (some.kind == Kind::number && all.first_number <= some.first_number &&
              some.first_number <= all.last_number) ||
             (some.kind == Kind::number_range && all.first_number <= some.first_number &&
              some.last_number <= all.last_number);
    case Kind::address_range:
      return some.kind == Kind::address_range && all.addresses.first <= some.addresses.first &&
             some.addresses.last <= all.addresses.last;
    default:
      return false;
  }
}

// In words, for messages.
std::string name_of(const ValueTest& test) {
  switch (test.kind) {
    case Kind::text:
      return fmt::format("\"{}\"", test.text);
    case Kind::any_string:
      return "the test for any string";
    case Kind::prefix:
      return fmt::format("prefix \"{}\"", test.text);
    case Kind::suffix:
      return fmt::format("suffix \"{}\"", test.text);
    case Kind::equals_ignore_case:
      return fmt::format("equals-ignore-case \"{}\"", test.text);
    case Kind::prefix_ignore_case:
      return fmt::format("prefix equals-ignore-case \"{}\"", test.text);
    case Kind::suffix_ignore_case:
      return fmt::format("suffix equals-ignore-case \"{}\"", test.text);
    case Kind::wildcard:
      return fmt::format("wildcard \"{}\"", test.text);
    case Kind::number:
    case Kind::number_literal:
      return "a number";
    case Kind::number_range:
      return "a numeric range";
    case Kind::address_range:
      return "an address or network";
    case Kind::true_:
      return "true";
    case Kind::false_:
      return "false";
    case Kind::null:
      return "null";
  }
  return "a value";
}

std::string ordinal(std::size_t number) {
  const std::size_t last = number % 10;
  const bool teens = number % 100 / 10 == 1;
  return fmt::format("{}{}", number,
                     teens       ? "th"
                     : last == 1 ? "st"
                     : last == 2 ? "nd"
                     : last == 3 ? "rd"
                                 : "th");
}

bool is_one_value(const ValueTest& test) {
  return test.kind == Kind::text || test.kind == Kind::number;
}

// True when certainly no value is taken by each of the exclusions.
bool nothing_in_all(const std::vector<std::vector<ValueTest>>& exclusions) {
  std::set<std::string> common;
  for (std::size_t i = 0; i < exclusions.size(); ++i) {
    if (!std::ranges::all_of(exclusions[i], is_one_value)) return false;
    std::set<std::string> here;
    for (const ValueTest& test : exclusions[i]) {
      if (std::string means = meaning(test); i == 0 || common.contains(means)) {
        here.insert(std::move(means));
      }
    }
    common = std::move(here);
  }
  return common.empty();
}

class Review {
 public:
  Review(const Pattern& pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  std::vector<Finding> run() {
    find_paths();
    for (std::uint32_t c = 0; c < pattern_.conditions.size(); ++c) {
      if (path_of_[c] == nullptr) {
        add(FindingKind::overridden, c,
            "this list is never used: a later one for the same field replaces it");
        continue;
      }
      look_at(c);
    }
    look_at_names();
    look_at_branches();
    look_beside_or();
    return std::move(findings_);
  }

 private:
  static bool never(const FieldCondition& condition) {
    return !condition.exists && !condition.absent && condition.anything_but.empty() &&
           std::ranges::all_of(condition.any_of, is_dead);
  }
  static bool always(const FieldCondition& condition) {
    return condition.exists && condition.absent;
  }

  void add(FindingKind kind, std::uint32_t condition, std::string message) {
    const std::string* path = path_of_[condition];
    findings_.push_back({kind, std::move(message), path == nullptr ? "" : *path,
                         pattern_.condition_offsets[condition]});
  }

  void find_paths() {
    path_of_.resize(pattern_.conditions.size());
    for (const auto& branch : pattern_.branches) {
      for (const Pattern::Field& field : branch) {
        path_of_[field.condition] = &pattern_.paths[field.path];
      }
    }
  }

  void look_at(std::uint32_t c) {
    const FieldCondition& condition = pattern_.conditions[c];
    const std::size_t parts = condition.any_of.size() + condition.anything_but.size();
    if (condition.exists && parts > 0) {
      add(FindingKind::redundant, c,
          "beside {\"exists\":true}, which any value meets, no value counts");
      return;
    }
    std::set<std::string> seen;
    const std::size_t compared = std::min(condition.any_of.size(), kComparedMax);
    for (std::size_t i = 0; i < condition.any_of.size(); ++i) {
      const ValueTest& test = condition.any_of[i];
      if (is_dead(test)) {
        add(FindingKind::dead_value, c, "a numeric range that no number lies in");
      } else if (!seen.insert(meaning(test)).second) {
        add(FindingKind::redundant, c, fmt::format("{} is there twice", name_of(test)));
      } else if (i < compared) {
        look_for_cover(c, condition.any_of, i, compared);
      }
    }
    look_at_exclusions(c, condition);
  }

  void look_for_cover(std::uint32_t c, const std::vector<ValueTest>& tests, std::size_t i,
                      std::size_t compared) {
    for (std::size_t j = 0; j < compared; ++j) {
      if (j == i || !covers(tests[j], tests[i])) continue;
      if (meaning(tests[j]) == meaning(tests[i])) continue;
      add(FindingKind::redundant, c,
          fmt::format("{} is covered by {}", name_of(tests[i]), name_of(tests[j])));
      return;
    }
  }

  void look_at_exclusions(std::uint32_t c, const FieldCondition& condition) {
    if (condition.anything_but.size() > 1 && nothing_in_all(condition.anything_but)) {
      add(FindingKind::redundant, c,
          "no value is excluded by every anything-but of the list, and one is enough: any value "
          "matches; what is excluded belongs into one anything-but");
    }
    // What one anything-but excludes and an entry beside it takes again.
    for (const auto& exclusion : condition.anything_but) {
      if (exclusion.size() * condition.any_of.size() > 100 * kComparedMax) continue;
      const bool taken_again = std::ranges::all_of(exclusion, [&](const ValueTest& excluded) {
        return std::ranges::any_of(condition.any_of, [&](const ValueTest& test) {
          return covers(test, excluded) || meaning(test) == meaning(excluded);
        });
      });
      if (!taken_again) continue;
      add(FindingKind::redundant, c,
          "all that anything-but excludes is taken by the values beside it: any value matches");
    }
  }

  void look_at_names() {
    for (std::uint32_t c = 0; c < path_of_.size(); ++c) {
      if (path_of_[c] == nullptr) continue;
      const std::string dotted = '.' + *path_of_[c] + '.';
      if (dotted.find(".$or.") == std::string::npos) continue;
      add(FindingKind::or_as_name, c,
          "'$or' is the name of a field here; as an operator it takes a list of two or more "
          "objects");
    }
  }

  void look_at_branches() {
    std::size_t dead = 0;
    std::size_t dead_at = 0;
    bool all = false;
    for (std::size_t b = 0; b < pattern_.branches.size(); ++b) {
      const auto& branch = pattern_.branches[b];
      const auto condition_of = [this](const Pattern::Field& field) -> const FieldCondition& {
        return pattern_.conditions[field.condition];
      };
      if (std::ranges::any_of(branch, never, condition_of)) {
        ++dead;
        dead_at = b;
      }
      all = all || std::ranges::all_of(branch, always, condition_of);
    }
    if (dead == pattern_.branches.size()) {
      findings_.push_back({FindingKind::never_matches, "no event can match this rule", "", 0});
    } else if (dead > 0) {
      findings_.push_back({FindingKind::never_matches,
                           fmt::format("{} of the {} combinations of $or can never match; one is "
                                       "the {}",
                                       dead, pattern_.branches.size(), ordinal(dead_at + 1)),
                           "", 0});
    }
    if (all)
      findings_.push_back({FindingKind::matches_all, "every event matches this rule", "", 0});
  }

  // Lists outside of $or, which therefore are meant for all of its combinations.
  std::set<std::uint32_t> lists_beside_or() const {
    std::set<std::uint32_t> out;
    JsonTree tree;
    if (!tree.read(text_)) return out;
    std::vector<const JsonNode*> objects = {&tree.root()};
    while (!objects.empty()) {
      const JsonNode* object = objects.back();
      objects.pop_back();
      for (const JsonNode* m = tree.first_child(*object); m != nullptr; m = tree.next(*m)) {
        if (m->kind == JsonNode::Kind::object) objects.push_back(m);
        if (m->kind == JsonNode::Kind::array) out.insert(m->offset);
      }
    }
    return out;
  }

  void look_beside_or() {
    const std::size_t branches = pattern_.branches.size();
    if (branches < 2) return;
    const std::set<std::uint32_t> beside = lists_beside_or();
    std::vector<std::size_t> uses(pattern_.conditions.size());
    for (const auto& branch : pattern_.branches) {
      for (const Pattern::Field& field : branch) ++uses[field.condition];
    }
    for (std::uint32_t c = 0; c < uses.size(); ++c) {
      if (uses[c] == 0 || uses[c] == branches) continue;
      if (!beside.contains(pattern_.condition_offsets[c])) continue;
      add(FindingKind::overridden, c,
          fmt::format("in {} of the {} combinations of $or this list is not used: one for the same "
                      "field inside $or replaces it",
                      branches - uses[c], branches));
    }
  }

  const Pattern& pattern_;
  std::string_view text_;
  std::vector<const std::string*> path_of_;  // by condition; null: no sub-rule has it
  std::vector<Finding> findings_;
};

std::size_t parts_of(const ValueTest& test) {
  if (test.kind != Kind::wildcard) return 0;
  std::size_t parts = 0;
  bool in_part = false;
  for (std::size_t i = 0; i < test.text.size(); ++i) {
    const bool star = test.text[i] == '*';
    if (test.text[i] == '\\') ++i;
    if (!star && !in_part) ++parts;
    in_part = !star;
  }
  return parts;
}

// See PatternCost::states.
std::size_t states_of(const ValueTest& test) {
  switch (test.kind) {
    case Kind::prefix:
    case Kind::suffix:
      return 2;  // where it ends, and where it leaves another
    case Kind::equals_ignore_case:
    case Kind::prefix_ignore_case:
    case Kind::suffix_ignore_case: {
      const bool ascii = std::ranges::all_of(
          test.text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
      if (ascii) return 2;
      return 1 + static_cast<std::size_t>(std::ranges::count_if(test.text, [](char c) {
               return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // letters
             }));
    }
    case Kind::wildcard:
      return test.text.size() + 1;  // bytes and stars
    default:
      return 1;
  }
}

}  // namespace

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::never_matches:
      return "never-matches";
    case FindingKind::matches_all:
      return "matches-all";
    case FindingKind::duplicate:
      return "duplicate";
    case FindingKind::overridden:
      return "overridden";
    case FindingKind::dead_value:
      return "dead-value";
    case FindingKind::redundant:
      return "redundant";
    case FindingKind::or_as_name:
      return "or-as-name";
  }
  return "";
}

PatternCost cost_of(const Pattern& pattern) {
  PatternCost cost;
  cost.sub_rules = pattern.branches.size();
  std::set<std::uint32_t> fields;
  std::set<std::uint32_t> used;
  for (const auto& branch : pattern.branches) {
    cost.conditions += branch.size();
    for (const Pattern::Field& field : branch) {
      fields.insert(field.path);
      used.insert(field.condition);
    }
  }
  cost.fields = fields.size();
  for (const std::uint32_t c : used) {
    const FieldCondition& condition = pattern.conditions[c];
    cost.values += condition.any_of.size();
    const auto add = [&cost](const ValueTest& test) {
      cost.wildcard_parts += parts_of(test);
      cost.states += states_of(test);
    };
    std::ranges::for_each(condition.any_of, add);
    for (const auto& exclusion : condition.anything_but) {
      cost.values += exclusion.size();
      std::ranges::for_each(exclusion, add);
    }
  }
  return cost;
}

std::vector<Finding> review(const Pattern& pattern, std::string_view text) {
  return Review(pattern, text).run();
}

std::string meaning(const ValueTest& test) {
  const auto kind = static_cast<unsigned>(test.kind);
  if (test.kind == Kind::number || test.kind == Kind::number_range) {
    return fmt::format("{}:{}-{}", kind, test.first_number, test.last_number);
  }
  if (test.kind == Kind::address_range) {
    const Address& first = test.addresses.first;
    const Address& last = test.addresses.last;
    return fmt::format("{}:{}:{}:{}-{}:{}", kind, first.v6, first.high, first.low, last.high,
                       last.low);
  }
  return fmt::format("{}:{}", kind, test.text);
}

std::string meaning(const FieldCondition& condition) {
  std::set<std::string> parts;
  for (const ValueTest& test : condition.any_of) parts.insert('=' + meaning(test));
  for (const auto& exclusion : condition.anything_but) {
    std::set<std::string> tests;
    for (const ValueTest& test : exclusion) tests.insert(meaning(test));
    std::string part = "!";
    for (const std::string& each : tests) part += fmt::format("{}:{}", each.size(), each);
    parts.insert(part);
  }
  std::string out = fmt::format("{:d}{:d}", condition.exists, condition.absent);
  for (const std::string& part : parts) out += fmt::format("{}:{}", part.size(), part);
  return out;
}

}  // namespace weir
