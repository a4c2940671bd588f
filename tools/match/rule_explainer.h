// RuleExplainer: why one rule matches an event or does not. For people who debug a rule: it reads
// each event as a tree and asks the engine about each of the rule's fields alone.
//
// Threads: one. Errors: a rule that cannot be taken apart is told by make(), a bad event by
// explain(), as values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/match/matcher.h"
#include "core/rule/json_tree.h"
#include "core/rule/rule_set.h"

namespace weir {

class RuleExplainer {
 public:
  // `pattern` compiles within `limits`.
  static Result<std::unique_ptr<RuleExplainer>> make(std::string_view pattern,
                                                     const CompileLimits& limits = {});

  // Appends `"match":true|false,"because":[...]`, or leaves `out` alone and tells what is wrong.
  EventError explain(std::string_view event, std::string& out, std::uint32_t* error_offset);

 private:
  // What the rule asks of one field, as rules of their own.
  struct Asked {
    std::string path;
    std::string list;                         // JSON text
    std::shared_ptr<const RuleSet> rules;     // rule 0: the field as asked
    std::shared_ptr<const RuleSet> any_case;  // the same in small letters; null if there is none
  };
  static bool takes_anything_but(const Asked& asked) {
    return asked.list.find("anything-but") != std::string::npos;
  }
  struct Field {
    std::string_view value;  // JSON text
    bool is_string = false;
  };

  RuleExplainer() = default;
  bool matches(const RuleSet& rules, std::string_view event);
  bool meets(const RuleSet& rules, const Asked& asked, std::string_view value);
  std::vector<Field> values_at(std::string_view path, std::string& container) const;
  std::string nearest_name(std::string_view path) const;
  std::string missing_hint(const Asked& asked, const std::string& container);
  std::string value_hint(const Asked& asked, const Field& field);
  std::string bare_hint(const Asked& asked, std::string_view value);
  std::string text_hint(const Asked& asked, std::string_view value);
  void write_met(std::size_t asked, std::string& out);
  void write_unmet(std::size_t asked, std::string& out);

  std::shared_ptr<const RuleSet> whole_;             // rule 0: the pattern; then its sub-rules
  std::vector<std::vector<std::size_t>> sub_rules_;  // into asked_
  std::vector<Asked> asked_;
  Matcher matcher_;
  std::vector<RuleIndex> found_;
  JsonTree tree_;
  std::string_view event_;
};

}  // namespace weir
