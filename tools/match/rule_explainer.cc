#include "tools/match/rule_explainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "core/base/nearest.h"
#include "core/rule/address.h"
#include "core/rule/json_text.h"
#include "core/rule/number.h"
#include "core/rule/pattern.h"
#include "core/wire/json_text.h"
#include "tools/match/event_words.h"

namespace weir {
namespace {

using Kind = JsonNode::Kind;

constexpr std::size_t kValuesTriedMax = 1000;
constexpr std::size_t kShownBytesMax = 2000;

std::string in_small(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), ascii_lower);
  return out;
}

// A member named like the path. Half of a surrogate pair, which is no UTF-8, goes back to its
// escape.
std::string member(std::string_view path, std::string_view value) {
  std::string name;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t begin = at;
    const std::uint32_t code_point = next_code_point(path, at);
    if (code_point >= 0xd800 && code_point <= 0xdfff) {
      name += fmt::format("\\u{:04x}", code_point);
    } else {
      name += json_escaped(path.substr(begin, at - begin));
    }
  }
  return fmt::format("\"{}\":{}", name, value);
}

// Without white space between tokens: what is printed is one line.
std::string compact(std::string_view json) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') out += json[i++];
    if (c == '"') in_string = !in_string;
    if (in_string || (c != ' ' && c != '\t' && c != '\r' && c != '\n')) out += json[i];
  }
  return out;
}

std::string shown(std::string_view json) {
  if (json.size() <= kShownBytesMax) return std::string(json);
  return fmt::format("\"({} bytes)\"", json.size());
}

std::shared_ptr<const RuleSet> compile_one(const std::string& pattern,
                                           const CompileLimits& limits) {
  const RuleText text{"", pattern};
  auto rules = compile_rules(std::span(&text, 1), limits);
  return rules ? std::move(rules).value() : nullptr;
}

// Every value of a tree with its dotted name, in the order of the text.
template <typename Visit>
void walk(const JsonTree& tree, Visit&& visit) {
  struct Open {
    const JsonNode* next;
    std::size_t path_length;
    bool named;  // members, not elements
    bool started;
  };
  std::string path;
  std::vector<Open> open = {{tree.first_child(tree.root()), 0, true, false}};
  while (!open.empty()) {
    Open& top = open.back();
    path.resize(top.path_length);
    if (top.next == nullptr) {
      open.pop_back();
      continue;
    }
    const JsonNode& node = *top.next;
    top.next = tree.next(node);
    bool started = top.started;
    if (top.named) {
      if (started) path += '.';
      path += node.name();
      started = true;
    }
    visit(std::string_view(path), node);
    if (node.kind == Kind::object || node.kind == Kind::array) {
      open.push_back({tree.first_child(node), path.size(), node.kind == Kind::object, started});
    }
  }
}

}  // namespace

Result<std::unique_ptr<RuleExplainer>> RuleExplainer::make(std::string_view pattern,
                                                           const CompileLimits& limits) {
  std::unique_ptr<RuleExplainer> made(new RuleExplainer);
  Pattern read;
  JsonTree tree;
  if (read_pattern(pattern, limits, read) || !tree.read(pattern))
    return Error{"the rule is invalid"};
  std::map<std::size_t, std::string> lists;  // by offset
  for (const std::uint32_t offset : read.condition_offsets) lists[offset];
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const auto list = lists.find(tree.at(i).offset);
    if (list == lists.end()) continue;
    list->second = compact(pattern.substr(tree.at(i).offset, tree.at(i).end - tree.at(i).offset));
  }
  CompileLimits parts = limits;  // its parts repeat what the whole was allowed
  parts.pattern_bytes_max = parts.wildcard_pieces_per_field_max = SIZE_MAX;
  std::map<std::uint32_t, std::size_t> asked_of;  // by condition
  std::vector<std::string> texts = {std::string(pattern)};
  for (const auto& branch : read.branches) {
    std::string text = "{";
    std::vector<std::size_t> sub_rule;
    for (const Pattern::Field& field : branch) {
      const std::string& path = read.paths[field.path];
      const std::string& list = lists[read.condition_offsets[field.condition]];
      const auto [known, fresh] = asked_of.try_emplace(field.condition, made->asked_.size());
      if (fresh) {
        made->asked_.push_back({path, list, compile_one('{' + member(path, list) + '}', parts),
                                compile_one('{' + member(path, in_small(list)) + '}', parts)});
        if (made->asked_.back().rules == nullptr) {
          return Error{"the rule cannot be taken apart into its fields"};
        }
      }
      sub_rule.push_back(known->second);
      text += (text.size() > 1 ? "," : "") + member(path, list);
    }
    texts.push_back(text + "}");
    made->sub_rules_.push_back(std::move(sub_rule));
  }
  std::vector<RuleText> rules;
  for (const std::string& text : texts) rules.push_back({"", text});
  auto whole = compile_rules(rules, parts);
  if (!whole) return Error{"the rule cannot be taken apart into its fields"};
  made->whole_ = std::move(whole).value();
  return made;
}

bool RuleExplainer::matches(const RuleSet& rules, std::string_view event) {
  found_.clear();
  return matcher_.match_event(rules, event, found_) == EventError::none && !found_.empty();
}

bool RuleExplainer::meets(const RuleSet& rules, const Asked& asked, std::string_view value) {
  return matches(rules, '{' + member(asked.path, value) + '}');
}

// The values at a path; `container` tells of an object or list that stands there without any.
std::vector<RuleExplainer::Field> RuleExplainer::values_at(std::string_view path,
                                                           std::string& container) const {
  std::vector<Field> values;
  walk(tree_, [&](std::string_view at, const JsonNode& node) {
    if (at != path) return;
    if (node.kind == Kind::object) {
      container = "an object stands there, which is no value; its members are fields";
    } else if (node.kind == Kind::array) {
      if (node.children == 0 && container.empty()) container = "an empty list stands there";
    } else {
      values.push_back(
          {event_.substr(node.offset, node.end - node.offset), node.kind == Kind::string});
    }
  });
  return values;
}

// A field of the event that may have been meant.
std::string RuleExplainer::nearest_name(std::string_view path) const {
  std::vector<std::string> names;
  std::string other_case;
  std::string elsewhere;
  const std::string small = in_small(path);
  const std::string_view last = path.substr(path.rfind('.') + 1);
  walk(tree_, [&](std::string_view at, const JsonNode& node) {
    if (node.kind == Kind::object || node.kind == Kind::array || at == path) return;
    if (in_small(at) == small) other_case = at;
    if (at.substr(at.rfind('.') + 1) == last) elsewhere = at;
    if (names.size() < kValuesTriedMax) names.emplace_back(at);
  });
  if (!other_case.empty()) return other_case;
  if (!elsewhere.empty()) return elsewhere;
  return std::string(nearest(path, std::vector<std::string_view>(names.begin(), names.end())));
}

std::string RuleExplainer::missing_hint(const Asked& asked, const std::string& container) {
  if (!container.empty()) return container;
  const std::string near = nearest_name(asked.path);
  std::string deepest;  // the longest part of the path that is there
  walk(tree_, [&](std::string_view at, const JsonNode&) {
    if (at.size() > deepest.size() && asked.path.starts_with(at) && asked.path[at.size()] == '.') {
      deepest = at;
    }
  });
  std::string hint = "the event has no such field";
  if (!deepest.empty()) {
    hint += fmt::format(", only '{}'", deepest);
    std::string unused;
    const std::vector<Field> values = values_at(deepest, unused);
    if (!values.empty() && values.front().value.starts_with("\"{")) {
      hint += ", which is a string that looks like JSON";
    }
  }
  if (asked.list.find("null") != std::string::npos && !takes_anything_but(asked) &&
      meets(*asked.rules, asked, "null")) {
    hint += "; null does not mean absent";
  }
  if (!near.empty()) hint += fmt::format("; there is '{}'", near);
  return hint;
}

// What small change of the value would do.
std::string RuleExplainer::value_hint(const Asked& asked, const Field& field) {
  if (takes_anything_but(asked)) return "";  // any change would do
  if (field.value == "null" && matches(*asked.rules, "{}")) {
    return "null is a value; the rule asks for none";
  }
  if (!field.is_string) return bare_hint(asked, field.value);
  return text_hint(asked, field.value);
}

// Of a number or literal.
std::string RuleExplainer::bare_hint(const Asked& asked, std::string_view value) {
  const std::string quoted = fmt::format("\"{}\"", value);
  if (meets(*asked.rules, asked, quoted)) {
    return fmt::format("it is {}, where the string {} would do", value, quoted);
  }
  const bool is_number = value.front() == '-' || (value.front() >= '0' && value.front() <= '9');
  if (is_number && !number_key(value)) {
    return "it has more digits, or a larger exponent, than numbers can be compared by";
  }
  return "";
}

// Of a string.
std::string RuleExplainer::text_hint(const Asked& asked, std::string_view value) {
  const std::string_view text = value.substr(1, value.size() - 2);
  JsonTree bare;
  if (!text.empty() && bare.read(text) && bare.root().kind != Kind::object &&
      bare.root().kind != Kind::array && meets(*asked.rules, asked, text)) {
    return fmt::format("it is a string, where {} without quotes would do", text);
  }
  if (asked.any_case != nullptr && meets(*asked.any_case, asked, in_small(value))) {
    return "it differs in case only";
  }
  const auto would_do = [&](std::string_view other) {
    return other.size() < text.size() && meets(*asked.rules, asked, fmt::format("\"{}\"", other));
  };
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return "";
  if (would_do(text.substr(first, text.find_last_not_of(' ') + 1 - first))) {
    return "blanks around it make the difference";
  }
  // Addresses often come with a port or a mask.
  const std::string_view head = text.substr(0, text.find_last_of(":/"));
  if (parse_address(head) && would_do(head)) {
    return fmt::format("'{}' without '{}' would do", head, text.substr(head.size()));
  }
  return "";
}

void RuleExplainer::write_met(std::size_t index, std::string& out) {
  const Asked& asked = asked_[index];
  std::string container;
  const std::vector<Field> values = values_at(asked.path, container);
  out += fmt::format("{{\"path\":\"{}\"", quotable(asked.path));
  const std::size_t tried = std::min(values.size(), kValuesTriedMax);
  for (std::size_t i = 0; i < tried; ++i) {
    if (!meets(*asked.rules, asked, values[i].value)) continue;
    out += fmt::format(",\"value\":{}", shown(values[i].value));
    break;
  }
  out += fmt::format(",\"condition\":{}}}", shown(asked.list));
}

void RuleExplainer::write_unmet(std::size_t index, std::string& out) {
  const Asked& asked = asked_[index];
  std::string container;
  const std::vector<Field> values = values_at(asked.path, container);
  out += fmt::format("{{\"path\":\"{}\"", quotable(asked.path));
  std::string hint;
  std::size_t nearest_value = 0;
  if (values.empty()) hint = missing_hint(asked, container);
  for (std::size_t i = 0; i < std::min(values.size(), kValuesTriedMax) && hint.empty(); ++i) {
    hint = value_hint(asked, values[i]);
    if (!hint.empty()) nearest_value = i;
  }
  if (!values.empty()) out += fmt::format(",\"value\":{}", shown(values[nearest_value].value));
  if (values.size() > 1) out += fmt::format(",\"values\":{}", values.size());
  out += fmt::format(",\"condition\":{}", shown(asked.list));
  if (!hint.empty()) out += fmt::format(",\"hint\":\"{}\"", quotable(hint));
  out += '}';
}

EventError RuleExplainer::explain(std::string_view event, std::string& out,
                                  std::uint32_t* error_offset) {
  found_.clear();
  const EventError error = matcher_.match_event(*whole_, event, found_, error_offset);
  if (error != EventError::none) return error;
  const std::vector<RuleIndex> held = found_;
  const bool match = !held.empty() && held.front() == 0;
  if (!tree_.read(event, SIZE_MAX)) {
    if (error_offset != nullptr) *error_offset = static_cast<std::uint32_t>(tree_.fault().offset);
    return EventError::malformed;
  }
  event_ = event;
  out += fmt::format("\"match\":{},\"because\":[", match);
  // The sub-rule that matched, or the one with the fewest fields that hold it back.
  std::size_t chosen = 0;
  std::vector<std::size_t> unmet;
  if (match) {
    chosen = held.size() > 1 ? held[1] - 1 : 0;
  } else {
    std::vector<std::optional<bool>> known(asked_.size());
    std::size_t fewest = SIZE_MAX;
    for (std::size_t s = 0; s < sub_rules_.size(); ++s) {
      std::vector<std::size_t> against;
      for (const std::size_t a : sub_rules_[s]) {
        if (!known[a]) known[a] = matches(*asked_[a].rules, event);
        if (!*known[a]) against.push_back(a);
      }
      if (against.size() >= fewest) continue;
      fewest = against.size();
      chosen = s;
      unmet = std::move(against);
    }
  }
  const std::vector<std::size_t>& told = unmet.empty() ? sub_rules_[chosen] : unmet;
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (i > 0) out += ',';
    if (unmet.empty()) {
      write_met(told[i], out);
    } else {
      write_unmet(told[i], out);
    }
  }
  out += ']';
  if (!match && unmet.empty()) {
    out += ",\"hint\":\"each field alone is met, but not in the same element of a list\"";
  }
  if (sub_rules_.size() > 1) out += fmt::format(",\"sub_rule\":{}", chosen + 1);
  return EventError::none;
}

}  // namespace weir
