#include "core/rule/rule_file.h"

#include <algorithm>
#include <unordered_set>

#include "core/rule/json_tree.h"

namespace weir {
namespace {

using Kind = JsonNode::Kind;

class RuleFileReader {
 public:
  explicit RuleFileReader(std::string_view text) : text_(text) {}

  Result<std::vector<FileRule>, RuleFileError> read() {
    if (!tree_.read(text_)) {
      return error(tree_.fault().offset, "not sound JSON: " + std::string(tree_.fault().message));
    }
    const JsonNode& root = tree_.root();
    if (root.kind != Kind::object) {
      return error(root.offset, "a rule file is a JSON object of rule names and patterns");
    }
    const JsonNode* first = tree_.first_child(root);
    const bool listed = first != nullptr && listing() != nullptr;
    const bool good = listed ? read_listing(*listing()) : read_object(root);
    if (!good) return error_;
    return std::move(rules_);
  }

 private:
  RuleFileError error(std::size_t offset, std::string message) const {
    RuleFileError out{std::move(message), offset, 1, 1};
    const std::string_view before = text_.substr(0, offset);
    out.line += static_cast<std::size_t>(std::ranges::count(before, '\n'));
    const std::size_t line_start = before.rfind('\n');
    out.column = line_start == std::string_view::npos ? offset + 1 : offset - line_start;
    return out;
  }
  bool fail(std::size_t offset, std::string message) {
    error_ = error(offset, std::move(message));
    return false;
  }

  // The member "Rules" when it is a list; no pattern is one.
  const JsonNode* listing() const {
    for (const JsonNode* m = tree_.first_child(tree_.root()); m; m = tree_.next(*m)) {
      if (m->kind == Kind::array && m->name() == "Rules") return m;
    }
    return nullptr;
  }

  bool add(std::string name, const JsonNode& pattern, std::size_t name_offset) {
    if (name.empty()) return fail(name_offset, "a rule needs a name");
    if (!names_.insert(name).second) {
      return fail(name_offset, "rule '" + name + "' is there twice");
    }
    FileRule rule;
    rule.offset = pattern.offset;
    if (pattern.kind == Kind::string) {
      rule.pattern = pattern.text();
      rule.inside_string = true;
    } else if (pattern.kind == Kind::object) {
      rule.pattern = text_.substr(pattern.offset, pattern.end - pattern.offset);
    } else {
      return fail(pattern.offset,
                  "rule '" + name + "': a pattern is a JSON object, or a string that holds one");
    }
    rule.name = std::move(name);
    rules_.push_back(std::move(rule));
    return true;
  }

  bool read_object(const JsonNode& root) {
    for (const JsonNode* m = tree_.first_child(root); m; m = tree_.next(*m)) {
      if (!add(m->name(), *m, m->name_offset)) return false;
    }
    return true;
  }

  bool read_listing(const JsonNode& list) {
    for (const JsonNode* entry = tree_.first_child(list); entry; entry = tree_.next(*entry)) {
      if (entry->kind != Kind::object) return fail(entry->offset, "an entry of Rules is an object");
      const JsonNode* name = nullptr;
      const JsonNode* pattern = nullptr;
      bool disabled = false;
      for (const JsonNode* m = tree_.first_child(*entry); m; m = tree_.next(*m)) {
        const std::string key = m->name();
        if (key == "Name") name = m;
        if (key == "EventPattern") pattern = m;
        if (key == "State") disabled = m->kind == Kind::string && m->text() == "DISABLED";
      }
      if (name == nullptr || name->kind != Kind::string) {
        return fail(entry->offset, "an entry of Rules needs a \"Name\"");
      }
      if (disabled || pattern == nullptr || pattern->kind == Kind::null) continue;
      if (!add(name->text(), *pattern, name->offset)) return false;
    }
    return true;
  }

  std::string_view text_;
  JsonTree tree_;
  std::vector<FileRule> rules_;
  std::unordered_set<std::string> names_;
  RuleFileError error_;
};

}  // namespace

Result<std::vector<FileRule>, RuleFileError> read_rule_file(std::string_view text) {
  return RuleFileReader(text).read();
}

}  // namespace weir
