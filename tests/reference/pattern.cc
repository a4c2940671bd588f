// Sections 1, 5 to 8 and 10 of the description, turned into code sentence by sentence: what may
// stand in a value array, then which sub-rules a pattern stands for.
#include <algorithm>
#include <functional>
#include <set>

#include "tests/reference/reference.h"
#include "tests/reference/values.h"

namespace weir::reference {
namespace {

struct Invalid {};

using Kind = Entry::Kind;
using Argument = const Json&;
using Operators = std::map<std::string, std::function<Entry(Argument)>>;

void must(bool condition) {
  if (!condition) throw Invalid{};
}

Entry entry(Kind kind, const std::string& text = "") {
  Entry out;
  out.kind = kind;
  out.text = text;
  return out;
}

// "... must be a single string"
std::string one_string(Argument argument) {
  must(argument.kind == Json::string);
  return argument.text;
}

std::string comparable_number(Argument argument) {
  must(argument.kind == Json::number && comparable(argument.text));
  return argument.text;
}

// A backslash stands before a star or a backslash; stars do not follow one another.
std::string sound_wildcard(Argument argument) {
  std::string signs;  // stars as '*', all other characters as 'x'
  const std::string text = one_string(argument);
  for (auto c = text.begin(); c != text.end(); ++c) {
    if (*c == '\\') {
      ++c;
      must(c != text.end() && (*c == '*' || *c == '\\'));
      signs += 'x';
    } else {
      signs += *c == '*' ? '*' : 'x';
    }
  }
  must(signs.find("**") == std::string::npos);
  return text;
}

// {"numeric":[op, n]} or {"numeric":[lo, n, hi, m]}
Entry read_numeric(Argument argument) {
  must(argument.kind == Json::array);
  const std::vector<Json>& terms = argument.elements;
  Entry out = entry(Kind::numeric);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (i % 2 == 0) {
      out.operators.push_back(one_string(terms[i]));
    } else {
      out.operands.push_back(comparable_number(terms[i]));
    }
  }
  using Words = std::vector<std::string>;
  const auto among = [](const std::string& op, const Words& words) {
    return std::find(words.begin(), words.end(), op) != words.end();
  };
  if (terms.size() == 2) {
    must(among(out.operators[0], {"=", "<", "<=", ">", ">="}));
  } else {
    must(terms.size() == 4);
    must(among(out.operators[0], {">", ">="}) && among(out.operators[1], {"<", "<="}));
    must(to_double(out.operands[0]) < to_double(out.operands[1]));
  }
  return out;
}

// Alone, or below "equals-ignore-case" as the only member of an object.
Operators::mapped_type string_or_ignoring_case(Kind plain, Kind ignoring_case) {
  return [=](Argument argument) {
    if (argument.kind != Json::object) return entry(plain, one_string(argument));
    must(argument.members.size() == 1);
    must(argument.members[0].first == "equals-ignore-case");
    return entry(ignoring_case, one_string(argument.members[0].second));
  };
}

// The value itself, or the values of a list that is not empty.
std::vector<Json> each_of(Argument argument) {
  if (argument.kind != Json::array) return {argument};
  must(!argument.elements.empty());
  return argument.elements;
}

Entry read_anything_but_values(Argument argument) {
  Entry out = entry(Kind::anything_but);
  std::set<Json::Kind> kinds;
  for (const Json& value : each_of(argument)) {
    kinds.insert(value.kind);
    out.inner.push_back(value.kind == Json::string ? entry(Kind::exactly, value.text)
                                                   : entry(Kind::number, comparable_number(value)));
  }
  must(kinds.size() == 1);
  return out;
}

// `older`: as before there were wildcards and lists of prefixes and suffixes.
Entry read_anything_but(Argument argument, bool older) {
  if (argument.kind != Json::object) return read_anything_but_values(argument);
  const auto part = [](Kind kind) {
    return [kind](Argument value) {
      must(!one_string(value).empty());
      return entry(kind, value.text);
    };
  };
  Operators inner = {
      {"prefix", part(Kind::prefix)},
      {"suffix", part(Kind::suffix)},
      {"equals-ignore-case",
       [](Argument value) { return entry(Kind::ignore_case, one_string(value)); }},
  };
  if (!older) {
    inner["wildcard"] = [](Argument value) { return entry(Kind::wildcard, sound_wildcard(value)); };
  }
  must(argument.members.size() == 1);
  const auto& [name, values] = argument.members[0];
  must(inner.contains(name));
  if (older && name != "equals-ignore-case") must(values.kind == Json::string);
  Entry out = entry(Kind::anything_but);
  for (const Json& value : each_of(values)) out.inner.push_back(inner[name](value));
  return out;
}

Operators operators(bool older) {
  return {
      {"exactly", [](Argument a) { return entry(Kind::exactly, one_string(a)); }},
      {"prefix", string_or_ignoring_case(Kind::prefix, Kind::prefix_ignore_case)},
      {"suffix", string_or_ignoring_case(Kind::suffix, Kind::suffix_ignore_case)},
      {"equals-ignore-case", [](Argument a) { return entry(Kind::ignore_case, one_string(a)); }},
      {"wildcard", [](Argument a) { return entry(Kind::wildcard, sound_wildcard(a)); }},
      {"numeric", read_numeric},
      {"cidr",
       [](Argument a) {
         must(parse_cidr(one_string(a)).has_value());
         return entry(Kind::cidr, a.text);
       }},
      {"exists",
       [](Argument a) {
         must(a.kind == Json::true_ || a.kind == Json::false_);
         return entry(a.kind == Json::true_ ? Kind::exists : Kind::absent);
       }},
      {"anything-but", [older](Argument a) { return read_anything_but(a, older); }},
  };
}

Entry read_entry(const Json& value, const Operators& known) {
  must(value.kind != Json::array);
  if (value.kind == Json::string) return entry(Kind::string, value.text);
  if (value.kind == Json::number) return entry(Kind::number, value.text);
  if (value.kind == Json::object) {
    must(value.members.size() == 1);
    const auto found = known.find(value.members[0].first);
    must(found != known.end());
    return found->second(value.members[0].second);
  }
  Entry literal = entry(Kind::literal);
  literal.literal_kind = value.kind;
  return literal;
}

// Names that a member below `$or` may not have: operators, and the words kept for later.
bool kept_for_operators(const std::string& name) {
  static const std::set<std::string> words = {"regex",
                                              "not-wildcard",
                                              "not-equals-ignore-case",
                                              "date-after",
                                              "date-before",
                                              "date-on-or-after",
                                              "date-on-or-before",
                                              "in-date-range",
                                              "ip-address-in-range",
                                              "ip-address-not-in-range",
                                              "=",
                                              "<",
                                              "<=",
                                              ">",
                                              ">="};
  return words.contains(name) || operators(false).contains(name);
}

// A sub-rule as it is written: its fields in the order of the text, a path perhaps more than once.
using Written = std::vector<std::pair<std::string, std::vector<Entry>>>;

// All ways to write one of `first` and then one of `second`.
std::vector<Written> followed_by(const std::vector<Written>& first,
                                 const std::vector<Written>& second) {
  std::vector<Written> out;
  for (const Written& b : second) {
    for (const Written& a : first) {
      out.push_back(a);
      out.back().insert(out.back().end(), b.begin(), b.end());
    }
  }
  return out;
}

class Reader {
 public:
  // `with_or`: `$or` is an operator. If not it is a name as any other, and anything-but is older.
  explicit Reader(bool with_or) : with_or_(with_or), operators_(operators(!with_or)) {}

  // Everything that the members of `object` may stand for; `above` is the path and its dot.
  std::vector<Written> sub_rules(const Json& object, const std::string& above, bool below_or) {
    must(object.kind == Json::object && !object.members.empty());
    std::vector<Written> out = {{}};
    for (const auto& [name, value] : object.members) {
      if (with_or_ && name == "$or") {
        out = followed_by(out, alternatives(value, above));
        continue;
      }
      must(!with_or_ || !below_or || !kept_for_operators(name));
      out = followed_by(out, value.kind == Json::array
                                 ? std::vector<Written>{{{above + name, entries(value)}}}
                                 : sub_rules(value, above + name + ".", below_or));
    }
    return out;
  }

 private:
  std::vector<Written> alternatives(const Json& list, const std::string& above) {
    must(list.kind == Json::array && list.elements.size() >= 2);
    std::vector<Written> out;
    for (const Json& object : list.elements) {
      for (const Written& written : sub_rules(object, above, true)) out.push_back(written);
    }
    return out;
  }
  std::vector<Entry> entries(const Json& array) {
    must(!array.elements.empty());
    std::vector<Entry> out;
    for (const Json& value : array.elements) out.push_back(read_entry(value, operators_));
    return out;
  }

  bool with_or_;
  Operators operators_;
};

Rule read(const Json& pattern, bool with_or) {
  Rule rule;
  for (const Written& written : Reader(with_or).sub_rules(pattern, "", false)) {
    SubRule sub;
    for (const auto& [path, entries] : written) sub[path] = entries;  // the last one wins
    must(sub.size() <= 256);
    rule.push_back(sub);
  }
  return rule;
}

}  // namespace

std::optional<Rule> compile(std::string_view pattern) {
  const auto json = parse(pattern);
  if (!json) return std::nullopt;
  try {
    return read(*json, true);
  } catch (const Invalid&) {
  }
  try {
    return read(*json, false);
  } catch (const Invalid&) {
    return std::nullopt;
  }
}

}  // namespace weir::reference
