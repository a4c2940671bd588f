#include <array>
#include <set>

#include "tests/reference/reference.h"
#include "tests/reference/values.h"

namespace weir::reference {
namespace {

struct Bad {};

using Kind = Entry::Kind;

Entry make(Kind kind, std::string text) {
  Entry e;
  e.kind = kind;
  e.text = std::move(text);
  return e;
}

std::string need_string(const Json& json) {
  if (json.kind != Json::string) throw Bad{};
  return json.text;
}

void check_wildcard(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*' && i + 1 < text.size() && text[i + 1] == '*') throw Bad{};
    if (text[i] != '\\') continue;
    if (i + 1 == text.size() || (text[i + 1] != '*' && text[i + 1] != '\\')) throw Bad{};
    ++i;
  }
}

std::string need_comparable(const Json& json) {
  if (json.kind != Json::number || !comparable(json.text)) throw Bad{};
  return json.text;
}

Entry numeric(const Json& json) {
  if (json.kind != Json::array) throw Bad{};
  const auto& list = json.elements;
  if (list.size() != 2 && list.size() != 4) throw Bad{};
  Entry e;
  e.kind = Kind::numeric;
  for (std::size_t i = 0; i < list.size(); i += 2) {
    e.operators.push_back(need_string(list[i]));
    e.operands.push_back(need_comparable(list[i + 1]));
  }
  const std::set<std::string> lower = {">", ">="};
  const std::set<std::string> upper = {"<", "<="};
  if (e.operators.size() == 1) {
    if (e.operators[0] != "=" && !lower.contains(e.operators[0]) &&
        !upper.contains(e.operators[0])) {
      throw Bad{};
    }
  } else {
    if (!lower.contains(e.operators[0]) || !upper.contains(e.operators[1])) throw Bad{};
    if (to_double(e.operands[0]) >= to_double(e.operands[1])) throw Bad{};
  }
  return e;
}

std::vector<Json> one_or_list(const Json& json) {
  if (json.kind != Json::array) return {json};
  if (json.elements.empty()) throw Bad{};
  return json.elements;
}

Entry anything_but(const Json& json, bool narrow) {
  Entry e;
  e.kind = Kind::anything_but;
  if (json.kind != Json::object) {
    const auto list = one_or_list(json);
    for (const Json& value : list) {
      if (value.kind != list[0].kind) throw Bad{};
      if (value.kind == Json::string) {
        e.inner.push_back(make(Kind::exactly, value.text));
      } else {
        e.inner.push_back(make(Kind::number, need_comparable(value)));
      }
    }
    return e;
  }
  if (json.members.size() != 1) throw Bad{};
  const auto& [name, argument] = json.members[0];
  Kind kind = Kind::prefix;
  if (name == "suffix") kind = Kind::suffix;
  if (name == "equals-ignore-case") kind = Kind::ignore_case;
  if (name == "wildcard") kind = Kind::wildcard;
  if (name != "prefix" && kind == Kind::prefix) throw Bad{};
  const bool part = kind == Kind::prefix || kind == Kind::suffix;
  if (narrow && kind == Kind::wildcard) throw Bad{};
  if (narrow && part && argument.kind == Json::array) throw Bad{};
  for (const Json& value : one_or_list(argument)) {
    const std::string text = need_string(value);
    if (part && text.empty()) throw Bad{};
    if (kind == Kind::wildcard) check_wildcard(text);
    e.inner.push_back(make(kind, text));
  }
  return e;
}

Entry expression(const Json& json, bool narrow) {
  if (json.members.size() != 1) throw Bad{};
  const auto& [name, argument] = json.members[0];
  const auto case_form = [&argument = argument](Kind plain, Kind ignoring) {
    if (argument.kind != Json::object) return make(plain, need_string(argument));
    if (argument.members.size() != 1 || argument.members[0].first != "equals-ignore-case") {
      throw Bad{};
    }
    return make(ignoring, need_string(argument.members[0].second));
  };
  if (name == "exactly") return make(Kind::exactly, need_string(argument));
  if (name == "prefix") return case_form(Kind::prefix, Kind::prefix_ignore_case);
  if (name == "suffix") return case_form(Kind::suffix, Kind::suffix_ignore_case);
  if (name == "equals-ignore-case") return make(Kind::ignore_case, need_string(argument));
  if (name == "wildcard") {
    check_wildcard(need_string(argument));
    return make(Kind::wildcard, argument.text);
  }
  if (name == "numeric") return numeric(argument);
  if (name == "anything-but") return anything_but(argument, narrow);
  if (name == "cidr") {
    if (!parse_cidr(need_string(argument))) throw Bad{};
    return make(Kind::cidr, argument.text);
  }
  if (name == "exists") {
    if (argument.kind == Json::true_) return make(Kind::exists, "");
    if (argument.kind == Json::false_) return make(Kind::absent, "");
  }
  throw Bad{};
}

std::vector<Entry> condition(const Json& array, bool narrow) {
  if (array.elements.empty()) throw Bad{};
  std::vector<Entry> out;
  for (const Json& value : array.elements) {
    if (value.kind == Json::array) throw Bad{};
    if (value.kind == Json::object) {
      out.push_back(expression(value, narrow));
    } else if (value.kind == Json::string) {
      out.push_back(make(Kind::string, value.text));
    } else if (value.kind == Json::number) {
      out.push_back(make(Kind::number, value.text));
    } else {
      Entry e;
      e.kind = Kind::literal;
      e.literal_kind = value.kind;
      out.push_back(e);
    }
  }
  return out;
}

const std::set<std::string> kReserved = {"exactly",
                                         "equals-ignore-case",
                                         "prefix",
                                         "suffix",
                                         "anything-but",
                                         "exists",
                                         "wildcard",
                                         "numeric",
                                         "cidr",
                                         "=",
                                         "<",
                                         "<=",
                                         ">",
                                         ">=",
                                         "regex",
                                         "not-wildcard",
                                         "not-equals-ignore-case",
                                         "date-after",
                                         "date-on-or-after",
                                         "date-before",
                                         "date-on-or-before",
                                         "in-date-range",
                                         "ip-address-in-range",
                                         "ip-address-not-in-range"};

// Merges `object` into every sub-rule of `rule`.
void read_object(const Json& object, const std::string* prefix, bool inside_or, bool plain,
                 Rule& rule) {
  if (object.members.empty()) throw Bad{};
  for (const auto& [name, value] : object.members) {
    if (name == "$or" && !plain) {
      if (value.kind != Json::array || value.elements.size() < 2) throw Bad{};
      Rule all;
      for (const Json& alternative : value.elements) {
        if (alternative.kind != Json::object) throw Bad{};
        Rule copy = rule;
        read_object(alternative, prefix, true, plain, copy);
        all.insert(all.end(), copy.begin(), copy.end());
      }
      rule = std::move(all);
      continue;
    }
    if (inside_or && kReserved.contains(name)) throw Bad{};
    const std::string path = prefix == nullptr ? name : *prefix + "." + name;
    if (value.kind == Json::object) {
      read_object(value, &path, inside_or, plain, rule);
    } else if (value.kind == Json::array) {
      const std::vector<Entry> entries = condition(value, plain);
      for (SubRule& sub : rule) sub[path] = entries;
    } else {
      throw Bad{};
    }
  }
}

}  // namespace

std::optional<Rule> compile(std::string_view pattern) {
  const auto json = parse(pattern);
  if (!json || json->kind != Json::object) return std::nullopt;
  for (const bool plain : {false, true}) {
    try {
      Rule rule(1);
      read_object(*json, nullptr, false, plain, rule);
      for (const SubRule& sub : rule) {
        if (sub.size() > 256) throw Bad{};
      }
      return rule;
    } catch (const Bad&) {
    }
  }
  return std::nullopt;
}

}  // namespace weir::reference
