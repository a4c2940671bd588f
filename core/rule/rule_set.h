// RuleSet: any number of event patterns compiled into one immutable structure.
//
// Language: EventBridge's event patterns, as event-ruler 2.0.1 reads them, with its defects mended;
// README.md of this folder names each departure.
// Threads: a RuleSet never changes after compile_rules() and is shared freely. Lifetime: by
// shared_ptr; a Matcher keeps no pointer into it between calls. Errors: a pattern that cannot be
// compiled is a PatternError that names the rule, the field and the byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/rule/compile_limits.h"

namespace weir {

// A field that some rule of one RuleSet reads. Has no meaning in another RuleSet.
using PathId = StrongId<struct PathTag, std::uint32_t>;

struct RuleText {
  std::string_view name;     // for messages only; the RuleSet keeps no names
  std::string_view pattern;  // JSON text
};

struct PatternError {
  std::size_t rule = 0;    // index into the span given to compile_rules()
  std::string message;     // what is wrong, and what would be right
  std::string path;        // dotted name of the field, empty at the top
  std::size_t offset = 0;  // byte offset into the pattern text
};

namespace engine {
class PathTree;
struct Tables;

// The tables of a RuleSet, or of those of its rules that changed lately, and what their numbers
// are in the whole set.
struct RulePart {
  std::shared_ptr<const Tables> tables;
  // By path of the set: its path here, or kNone. Null: the same numbers.
  std::shared_ptr<const std::vector<std::uint32_t>> paths;
  // By rule of the tables: its RuleIndex, or kNone when it was removed. Null: the same numbers.
  std::shared_ptr<const std::vector<std::uint32_t>> rules;
};
}  // namespace engine

class RuleSet {
 public:
  // One or two parts (the second: what changed lately; see LiveRules), and the tree of the fields
  // of both. `rule_count`: every RuleIndex is below it.
  RuleSet(std::vector<engine::RulePart> parts, std::shared_ptr<const engine::PathTree> tree,
          std::size_t rule_count);
  ~RuleSet();
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;

  std::size_t rule_count() const { return rule_count_; }
  std::size_t memory_bytes() const;
  // The field with this dotted name ("detail.eventName"), if any rule reads it.
  std::optional<PathId> find_path(std::string_view dotted) const;

  // For the Matcher.
  static constexpr std::size_t kPartsMax = 2;
  std::span<const engine::RulePart> parts() const { return parts_; }
  const engine::PathTree& tree() const { return *tree_; }

 private:
  std::vector<engine::RulePart> parts_;
  std::shared_ptr<const engine::PathTree> tree_;
  std::size_t rule_count_ = 0;
};

// Calls piece(0) .. piece(count - 1), in any order and on any threads, and returns when all are
// done. This module starts no threads; who has some gives them through this.
using RunPieces =
    std::function<void(std::size_t count, const std::function<void(std::size_t)>& piece)>;

// Compiles all rules, or tells the first that is wrong. Time and memory are linear in the text of
// the rules (after `$or` is expanded, which the limits bound). Without `run` all is done on the
// calling thread; the answer is the same.
Result<std::shared_ptr<const RuleSet>, PatternError> compile_rules(std::span<const RuleText> rules,
                                                                   const CompileLimits& limits = {},
                                                                   const RunPieces& run = {});

// Only checks one pattern, as compile_rules() would.
std::optional<PatternError> check_pattern(std::string_view pattern,
                                          const CompileLimits& limits = {});

}  // namespace weir
