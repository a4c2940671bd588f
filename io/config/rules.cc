// The `rules` and `rule_files` of a configuration.
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/rule/rule_file.h"
#include "core/rule/rule_set.h"
#include "io/config/draft.h"
#include "io/config/pattern_text.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 3> kRuleKeys = {"pattern", "bus", "targets"};
constexpr std::array<std::string_view, 3> kRuleFileKeys = {"path", "bus", "targets"};
constexpr std::size_t kRuleFileBytesMax = 64 * kMiB;
constexpr std::size_t kRuleFilesMax = 1000;
constexpr std::size_t kFileRuleNameBytesMax = 256;

std::string describe(const PatternError& error) {
  if (error.path.empty()) return error.message;
  return fmt::format("at '{}': {}", error.path, error.message);
}

// Where the rule's name was used before; remembers it where it was not.
std::optional<std::string> earlier_place(CatalogDraft& draft, const std::string& name,
                                         const std::string& place) {
  const auto [known, is_new] = draft.rules_by_name.emplace(name, place);
  if (is_new) return std::nullopt;
  return known->second;
}

std::string place_of(const Fault& fault) {
  return fmt::format("{}:{}:{}", fault.file, fault.line, fault.column);
}

void read_inline_pattern(const Section& section, const CompileLimits& limits, RuleSpec& rule) {
  const YamlNode* node = section.value("pattern");
  if (node == nullptr) {
    section.fault(section.at(), "'pattern' is missing, such as pattern: {action: [REJECT]}");
    return;
  }
  Reading& reading = section.reading();
  auto pattern = read_pattern(reading, *node, fmt::format("{}: pattern", section.what()));
  if (!pattern) return;
  rule.pattern = std::move(pattern->json);
  if (const auto error = check_pattern(rule.pattern, limits)) {
    reading.faults.push_back(
        reading.source.fault(pattern->source_offset(error->offset, reading.source),
                             fmt::format("{}: pattern: {}", section.what(),
                                         pattern->substituted.without_values(describe(*error)))));
  }
}

void read_rule(const NamedNode& named, CatalogDraft& draft) {
  const Section section(draft.reading, *named.value, *named.key,
                        fmt::format("rule '{}'", named.key->text), kRuleKeys);
  if (named.value->kind != YamlNode::Kind::mapping) return;
  RuleSpec rule;
  rule.name = named.key->text;
  rule.place = place_of(draft.reading.source.fault(named.key->offset, ""));
  earlier_place(draft, rule.name, rule.place);
  rule.bus = read_bus(section, draft);
  if (const YamlNode* targets = section.value("targets")) {
    rule.targets = read_rule_targets(*targets, fmt::format("{}: targets", section.what()), draft);
    if (targets->kind == YamlNode::Kind::sequence && targets->children.empty()) {
      draft.reading.warn(*targets, fmt::format("{} has no target, it only counts", section.what()));
    }
  } else {
    draft.reading.warn(*named.key, fmt::format("{} has no target, it only counts", section.what()));
  }
  read_inline_pattern(section, draft.catalog.rule_limits, rule);
  draft.catalog.rules.push_back(std::move(rule));
}

std::string glob_escaped(std::string_view folder) {
  std::string escaped;
  for (const char c : folder) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat first {};
  struct stat second {};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// The files an entry of `rule_files` names, in byte order.
std::vector<std::string> find_rule_files(const YamlNode& at, const std::string& path,
                                         CatalogDraft& draft) {
  if (!is_glob(path)) return {in_folder(draft.folder, path)};
  std::vector<std::string> files;
  glob_t found{};
  const std::string pattern = in_folder(glob_escaped(draft.folder), path);
  const int outcome = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  if (outcome == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (outcome == GLOB_NOMATCH) {
    draft.reading.warn(at, fmt::format("rule_files: no file matches '{}'", shown(at.text)));
  } else if (outcome != 0) {
    draft.reading.fault(at, fmt::format("rule_files: '{}' cannot be looked up", shown(at.text)));
  }
  if (files.size() > kRuleFilesMax) {
    draft.reading.fault(at, fmt::format("rule_files: '{}' matches {} files, at most {} are "
                                        "possible",
                                        shown(at.text), files.size(), kRuleFilesMax));
    files.clear();
  }
  std::ranges::sort(files);
  return files;
}

// A name from a rule file may be any text on one line.
bool is_file_rule_name(std::string_view name) {
  return !name.empty() && name.size() <= kFileRuleNameBytesMax &&
         std::ranges::none_of(
             name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void take_file_rule(const SourceText& source, FileRule& read, const RuleSpec& shape,
                    CatalogDraft& draft) {
  std::vector<Fault>& faults = draft.reading.faults;
  RuleSpec rule = shape;
  rule.place = place_of(source.fault(read.offset, ""));
  const std::string what = fmt::format("rule '{}'", shown(read.name));
  if (!is_file_rule_name(read.name)) {
    faults.push_back(source.fault(
        read.offset, fmt::format("{}: a name has 1 to {} bytes and no control characters", what,
                                 kFileRuleNameBytesMax)));
    return;
  }
  if (const auto earlier = earlier_place(draft, read.name, rule.place)) {
    faults.push_back(source.fault(
        read.offset, fmt::format("{} is declared before, at {}: keep one", what, *earlier)));
    return;
  }
  if (const auto error = check_pattern(read.pattern, draft.catalog.rule_limits)) {
    faults.push_back(source.fault(read.offset + (read.inside_string ? 0 : error->offset),
                                  fmt::format("{}: pattern: {}", what, describe(*error))));
    return;
  }
  rule.name = std::move(read.name);
  rule.pattern = std::move(read.pattern);
  draft.catalog.rules.push_back(std::move(rule));
}

// A file of rules at `path`; each rule takes bus and targets from `shape`.
void read_rule_file_at(const YamlNode& at, const std::string& path, const RuleSpec& shape,
                       CatalogDraft& draft) {
  if (is_same_file(path, draft.reading.source.name())) {
    draft.reading.fault(at, "rule_files: a configuration is no rule file of its own");
    return;
  }
  const Result<SourceText, Fault> source = read_source_text(path, kRuleFileBytesMax);
  if (!source) {
    const Fault& fault = source.error();
    if (fault.line > 0) {
      draft.reading.faults.push_back(fault);
    } else {
      draft.reading.fault(at, fmt::format("rule_files: '{}' {}", shown(path), fault.message));
    }
    return;
  }
  Result<std::vector<FileRule>, RuleFileError> rules = read_rule_file(source->text());
  if (!rules) {
    draft.reading.faults.push_back(source->fault(rules.error().offset, rules.error().message));
    return;
  }
  for (FileRule& rule : *rules) take_file_rule(*source, rule, shape, draft);
}

void read_rule_file_entry(const YamlNode& node, CatalogDraft& draft) {
  RuleSpec shape;
  std::optional<Scalar> path;
  if (node.kind == YamlNode::Kind::mapping) {
    const Section section(draft.reading, node, node, "an entry of 'rule_files'", kRuleFileKeys);
    if (section.key("path") == nullptr) {
      section.fault(node, "'path' is missing, such as {path: rules/*.json, targets: [a]}");
    }
    path = section.scalar("path");
    shape.bus = read_bus(section, draft);
    if (const YamlNode* targets = section.value("targets")) {
      shape.targets = read_rule_targets(*targets, "'rule_files': targets", draft);
    }
  } else {
    path = read_scalar(draft.reading, node, "an entry of 'rule_files'");
  }
  if (!path) return;
  if (path->text.empty() || path->text.find('\0') != std::string::npos) {
    draft.reading.fault(*path->node, "an entry of 'rule_files' is no path");
    return;
  }
  const std::size_t before = draft.catalog.rules.size();
  for (const std::string& file : find_rule_files(*path->node, path->text, draft)) {
    read_rule_file_at(*path->node, file, shape, draft);
  }
  if (shape.targets.empty() && draft.catalog.rules.size() > before) {
    draft.reading.warn(
        node, fmt::format("the rules of '{}' have no target, they only count; write {{path: {}, "
                          "targets: [...]}}",
                          shown(path->node->text), shown(path->node->text)));
  }
}

}  // namespace

void read_rules(const Section& root, CatalogDraft& draft) {
  const YamlNode* node = root.value("rules");
  if (node == nullptr) return;
  if (node->kind == YamlNode::Kind::null) {
    draft.reading.fault(*node, "'rules' is empty: write a rule below it, or leave it out");
    return;
  }
  for (const NamedNode& named : read_names(draft.reading, *node, "rules", object_name_fault)) {
    read_rule(named, draft);
  }
}

void read_rule_files(const Section& root, CatalogDraft& draft) {
  const YamlNode* node = root.value("rule_files");
  if (node == nullptr) return;
  if (node->kind != YamlNode::Kind::sequence) {
    draft.reading.fault(*node, fmt::format("'rule_files' is {}, a list such as [rules/*.json] is "
                                           "needed",
                                           kind_name(*node)));
    return;
  }
  for (const std::uint32_t child : node->children) {
    read_rule_file_entry(draft.reading.tree.node(child), draft);
  }
}

}  // namespace weir
