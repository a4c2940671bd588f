#include "core/rule/service_limits.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/rule/json_tree.h"
#include "core/rule/pattern.h"
#include "core/rule/wildcard_complexity.h"

namespace weir {
namespace {

using Kind = JsonNode::Kind;

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

// The wildcards of one value list, a group for each of its entries that has any.
std::vector<WildcardGroup> wildcards_in(const JsonTree& tree, const JsonNode& list) {
  std::vector<WildcardGroup> groups;
  for (const JsonNode* entry = tree.first_child(list); entry; entry = tree.next(*entry)) {
    if (entry->kind != Kind::object) continue;
    const JsonNode* test = tree.first_child(*entry);
    if (test != nullptr && test->kind == Kind::object && test->name() == "anything-but") {
      test = tree.first_child(*test);
    }
    if (test == nullptr || test->name() != "wildcard") continue;
    WildcardGroup group;
    if (test->kind == Kind::string) group.wildcards.push_back(test->text());
    if (test->kind == Kind::array) {
      for (const JsonNode* each = tree.first_child(*test); each; each = tree.next(*each)) {
        group.wildcards.push_back(each->text());
      }
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

using GroupsByCondition = std::map<std::uint32_t, std::vector<WildcardGroup>>;

GroupsByCondition wildcards_of(const JsonTree& tree, const Pattern& pattern) {
  std::map<std::uint32_t, std::uint32_t> condition_at;
  for (std::uint32_t i = 0; i < pattern.condition_offsets.size(); ++i) {
    condition_at.emplace(pattern.condition_offsets[i], i);
  }
  GroupsByCondition found;
  std::vector<const JsonNode*> left = {&tree.root()};
  while (!left.empty()) {
    const JsonNode* node = left.back();
    left.pop_back();
    for (const JsonNode* child = tree.first_child(*node); child; child = tree.next(*child)) {
      const auto condition = condition_at.find(child->offset);
      if (condition == condition_at.end()) {
        if (child->children != 0) left.push_back(child);
        continue;
      }
      auto groups = wildcards_in(tree, *child);
      if (!groups.empty()) found.emplace(condition->second, std::move(groups));
    }
  }
  return found;
}

// The wildcards that the service weighs together: those of one field, of all sub-rules that ask the
// same of the fields before it. Each set holds conditions.
std::set<std::set<std::uint32_t>> weighed_together(const Pattern& pattern,
                                                   const GroupsByCondition& wildcards) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> states;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::set<std::uint32_t>> fields;
  for (const auto& branch : pattern.branches) {
    std::uint32_t state = 0;
    for (const Pattern::Field& field : branch) {
      if (wildcards.contains(field.condition)) {
        fields[{state, field.path}].insert(field.condition);
      }
      const auto next = static_cast<std::uint32_t>(states.size() + 1);
      state = states.try_emplace({state, field.condition}, next).first->second;
    }
  }
  std::set<std::set<std::uint32_t>> sets;
  for (auto& [key, conditions] : fields) sets.insert(std::move(conditions));
  return sets;
}

std::string path_of(const Pattern& pattern, std::uint32_t condition) {
  for (const auto& branch : pattern.branches) {
    for (const Pattern::Field& field : branch) {
      if (field.condition == condition) return pattern.paths[field.path];
    }
  }
  return "";
}

std::optional<PatternError> check_wildcards(const JsonTree& tree, const Pattern& pattern) {
  const GroupsByCondition wildcards = wildcards_of(tree, pattern);
  if (wildcards.empty()) return std::nullopt;
  for (const std::set<std::uint32_t>& together : weighed_together(pattern, wildcards)) {
    std::vector<WildcardGroup> groups;
    for (const std::uint32_t condition : together) {
      const auto& more = wildcards.at(condition);
      groups.insert(groups.end(), more.begin(), more.end());
    }
    if (wildcard_complexity(groups, kServiceWildcardComplexityMax) <=
        kServiceWildcardComplexityMax) {
      continue;
    }
    const std::uint32_t condition = *together.begin();
    return PatternError{0,
                        std::string(kTooComplexForService) +
                            "; use fewer stars, or fewer repeated characters behind a star",
                        path_of(pattern, condition), pattern.condition_offsets[condition]};
  }
  return std::nullopt;
}

}  // namespace

std::optional<PatternError> check_service_limits(std::string_view text) {
  if (text.size() > kServicePatternCharactersMax &&
      characters_of(text) > kServicePatternCharactersMax) {
    return PatternError{0,
                        "a pattern of " + std::to_string(characters_of(text)) +
                            " characters; EventBridge takes at most " +
                            std::to_string(kServicePatternCharactersMax),
                        "", 0};
  }
  // Only a text with these words, or with an escape that may hide one, can be too much.
  if (text.find("wildcard") == std::string_view::npos &&
      text.find("$or") == std::string_view::npos && text.find('\\') == std::string_view::npos) {
    return std::nullopt;
  }
  Pattern pattern;
  if (auto error = read_pattern(text, {}, pattern)) return error;
  if (pattern.branches.size() > kServiceBranchesMax) {
    return PatternError{
        0,
        "the alternatives of $or multiply to " + std::to_string(pattern.branches.size()) +
            " combinations; EventBridge takes at most " + std::to_string(kServiceBranchesMax),
        "", 0};
  }
  JsonTree tree;
  if (!tree.read(text)) return std::nullopt;  // it was read above
  return check_wildcards(tree, pattern);
}

}  // namespace weir
