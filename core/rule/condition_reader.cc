#include "core/rule/condition_reader.h"

#include <algorithm>
#include <array>
#include <functional>

#include "core/rule/json_text.h"
#include "core/rule/letter_case.h"

namespace weir {
namespace {

using Kind = JsonNode::Kind;
using Fault = std::optional<ConditionFault>;
using Test = ValueTest::Kind;

Fault fault_at(const JsonNode& node, std::string message) {
  return ConditionFault{std::move(message), node.offset};
}

ValueTest text_test(Test kind, std::string text) {
  ValueTest test;
  test.kind = kind;
  test.text = std::move(text);
  return test;
}

ValueTest number_range(NumberKey first, NumberKey last) {
  ValueTest test;
  test.kind = first == last ? Test::number : Test::number_range;
  test.first_number = first;
  test.last_number = last;
  return test;
}

ValueTest address_range(const AddressRange& range) {
  ValueTest test;
  test.kind = Test::address_range;
  test.addresses = range;
  return test;
}

// A pattern in which no character has a second form needs no special care for case.
ValueTest ignore_case_test(Test kind, Test plain, std::string text) {
  bool cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const CaseForms forms = case_forms(next_code_point(text, at));
    const std::string_view itself = std::string_view(text).substr(begin, at - begin);
    cased = cased || forms.lower != itself || forms.upper != itself;
  }
  const bool part = plain != Test::text;
  if (part && text.empty()) return text_test(Test::any_string, "");
  if (!cased) return text_test(plain, std::move(text));
  // Within ASCII the rule is symmetric, so one spelling stands for all.
  const auto ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::ranges::all_of(text, ascii)) std::ranges::transform(text, text.begin(), ascii_lower);
  return text_test(kind, std::move(text));
}

Fault wildcard_test(const JsonNode& node, ValueTest& out) {
  const std::string text = node.text();
  std::string literal;  // the text without stars and escapes
  std::size_t stars = 0;
  std::size_t star_at = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*') {
      if (i + 1 < text.size() && text[i + 1] == '*') {
        return fault_at(node, "two wildcards in a row at byte " + std::to_string(i) +
                                  " of the wildcard; one means the same");
      }
      ++stars;
      star_at = i;
      continue;
    }
    if (text[i] == '\\') {
      if (i + 1 == text.size() || (text[i + 1] != '*' && text[i + 1] != '\\')) {
        return fault_at(node,
                        "a backslash in a wildcard must stand before '*' or another backslash, at "
                        "byte " +
                            std::to_string(i));
      }
      ++i;
    }
    literal.push_back(text[i]);
  }
  if (stars == 0) {
    out = text_test(Test::text, std::move(literal));
  } else if (text.size() == 1) {
    out = text_test(Test::any_string, "");
  } else if (stars == 1 && star_at == text.size() - 1) {
    out = text_test(Test::prefix, std::move(literal));
  } else if (stars == 1 && star_at == 0) {
    out = text_test(Test::suffix, std::move(literal));
  } else {
    out = text_test(Test::wildcard, text);
  }
  return {};
}

Fault read_cidr(const JsonNode& node, ValueTest& out) {
  if (node.kind != Kind::string) {
    return fault_at(node, "cidr takes one string such as \"10.0.0.0/8\"");
  }
  const std::string all = node.text();
  std::string_view text = all;
  while (text.ends_with('/')) text.remove_suffix(1);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.find('/', slash + 1) != std::string_view::npos) {
    return fault_at(node, "cidr needs exactly one '/', as in \"10.0.0.0/8\"");
  }
  std::string_view bits_text = text.substr(slash + 1);
  if (bits_text.starts_with('+')) bits_text.remove_prefix(1);
  const bool digits = !bits_text.empty() && std::ranges::all_of(bits_text, is_digit);
  if (!digits) return fault_at(node, "the mask of a cidr must be a whole number");
  unsigned bits = 0;
  for (const char c : bits_text) {
    bits = std::min(1000U, bits * 10 + static_cast<unsigned>(c - '0'));
  }
  const auto address = parse_address(text.substr(0, slash));
  if (!address) {
    return fault_at(node,
                    "'" + std::string(text.substr(0, slash)) + "' is no IPv4 or IPv6 address");
  }
  const unsigned bits_max = address->v6 ? 127 : 31;
  if (bits > bits_max) {
    return fault_at(node, "the mask of an " + std::string(address->v6 ? "IPv6" : "IPv4") +
                              " cidr must be at most " + std::to_string(bits_max) +
                              "; one address is written as a plain string");
  }
  out = address_range(address_block(*address, bits));
  return {};
}

Fault comparable(const JsonNode& node, NumberKey& out) {
  const auto key = number_key(node.raw);
  if (!key) {
    return fault_at(node, "the number " + std::string(node.raw.substr(0, 40)) +
                              " cannot be compared exactly: it has more digits, or a larger "
                              "exponent, than a double holds");
  }
  out = *key;
  return {};
}

// One end of a numeric test: the operator at `op` and its number behind it.
struct Bound {
  std::string op;
  NumberKey key = 0;
  const JsonNode* after = nullptr;
};

Fault read_bound(const JsonTree& tree, const JsonNode& op, Bound& out) {
  if (op.kind != Kind::string) {
    return fault_at(op, "an operator is due here: \"=\", \"<\", \"<=\", \">\" or \">=\"");
  }
  out.op = op.text();
  constexpr std::array kOperators = {"=", "<", "<=", ">", ">="};
  if (std::ranges::find(kOperators, out.op) == kOperators.end()) {
    return fault_at(op, "'" + out.op + "' is no numeric operator; there are =, <, <=, > and >=");
  }
  const JsonNode* number = tree.next(op);
  if (number == nullptr || number->kind != Kind::number) {
    return fault_at(number == nullptr ? op : *number, "a number is due after '" + out.op + "'");
  }
  out.after = tree.next(*number);
  return comparable(*number, out.key);
}

Fault read_numeric(const JsonTree& tree, const JsonNode& node, ValueTest& out) {
  if (node.kind != Kind::array || node.children == 0) {
    return fault_at(node, "numeric takes a list such as [\">\", 5] or [\">=\", 0, \"<\", 10]");
  }
  Bound low;
  if (auto bad = read_bound(tree, *tree.first_child(node), low)) return bad;
  const auto as_first = [](const Bound& b) { return b.op == ">" ? b.key + 1 : b.key; };
  const auto as_last = [](const Bound& b) { return b.op == "<" ? b.key - 1 : b.key; };
  const bool upward = low.op == ">" || low.op == ">=";
  if (low.after == nullptr) {
    if (low.op == "=") {
      out = number_range(low.key, low.key);
    } else if (upward) {
      out = number_range(as_first(low), number_key_largest());
    } else {
      out = number_range(number_key_lowest(), as_last(low));
    }
    return {};
  }
  if (!upward) {
    return fault_at(*low.after, low.op == "=" ? "nothing may follow the number of '='"
                                              : "a range starts with its lower end: '>' or '>='");
  }
  Bound high;
  if (auto bad = read_bound(tree, *low.after, high)) return bad;
  if (high.op != "<" && high.op != "<=") {
    return fault_at(*low.after, "the upper end of a range takes '<' or '<='");
  }
  if (high.after != nullptr) return fault_at(*high.after, "a range has two ends, not more");
  if (low.key >= high.key) return fault_at(node, "the lower end must be below the upper end");
  out = number_range(as_first(low), as_last(high));
  return {};
}

Fault read_ignore_case_part(const JsonTree& tree, const JsonNode& node, Test kind, Test plain,
                            std::string_view name, ValueTest& out) {
  const JsonNode* inner = tree.first_child(node);
  if (node.children != 1 || inner->name() != "equals-ignore-case" || inner->kind != Kind::string) {
    return fault_at(
        node, "below " + std::string(name) + " only {\"equals-ignore-case\": \"text\"} may stand");
  }
  out = ignore_case_test(kind, plain, inner->text());
  return {};
}

enum class TextOperator : std::uint8_t { prefix, suffix, equals_ignore_case, wildcard };

std::optional<TextOperator> text_operator(std::string_view name) {
  if (name == "prefix") return TextOperator::prefix;
  if (name == "suffix") return TextOperator::suffix;
  if (name == "equals-ignore-case") return TextOperator::equals_ignore_case;
  if (name == "wildcard") return TextOperator::wildcard;
  return std::nullopt;
}

Fault read_text_operator(TextOperator op, const JsonNode& node, ValueTest& out) {
  const std::string text = node.text();
  switch (op) {
    case TextOperator::prefix:
      out = text_test(text.empty() ? Test::any_string : Test::prefix, text);
      return {};
    case TextOperator::suffix:
      out = text_test(text.empty() ? Test::any_string : Test::suffix, text);
      return {};
    case TextOperator::equals_ignore_case:
      out = ignore_case_test(Test::equals_ignore_case, Test::text, text);
      return {};
    case TextOperator::wildcard:
      return wildcard_test(node, out);
  }
  return {};
}

// {"anything-but": {"prefix": ...}} and its kin.
Fault read_anything_but_inner(const JsonTree& tree, const JsonNode& node, bool narrow,
                              std::vector<ValueTest>& out) {
  if (node.children != 1) {
    return fault_at(node,
                    "below anything-but exactly one of prefix, suffix, equals-ignore-case "
                    "and wildcard may stand");
  }
  const JsonNode& inner = *tree.first_child(node);
  const std::string name = inner.name();
  const auto op = text_operator(name);
  if (!op || (narrow && op == TextOperator::wildcard)) {
    return fault_at(inner, "'" + name +
                               "' cannot stand below anything-but; prefix, suffix, "
                               "equals-ignore-case and wildcard can");
  }
  const bool part = op == TextOperator::prefix || op == TextOperator::suffix;
  const auto add = [&](const JsonNode& value) -> Fault {
    if (value.kind != Kind::string) {
      return fault_at(value, name + " below anything-but takes a string or a list of strings");
    }
    if (part && value.raw.empty()) {
      return fault_at(value, "an empty " + name + " below anything-but would exclude every string");
    }
    ValueTest test;
    if (auto bad = read_text_operator(*op, value, test)) return bad;
    out.push_back(std::move(test));
    return {};
  };
  if (inner.kind != Kind::array) return add(inner);
  if (narrow && part) return fault_at(inner, name + " takes one string here");
  if (inner.children == 0) return fault_at(inner, "an empty list below anything-but");
  for (const JsonNode* value = tree.first_child(inner); value != nullptr;
       value = tree.next(*value)) {
    if (auto bad = add(*value)) return bad;
  }
  return {};
}

Fault read_anything_but(const JsonTree& tree, const JsonNode& node, bool narrow,
                        std::vector<ValueTest>& out) {
  const auto add = [&](const JsonNode& value) -> Fault {
    if (value.kind == Kind::string) {
      out.push_back(text_test(Test::text, value.text()));
      return {};
    }
    if (value.kind != Kind::number) {
      return fault_at(value, "anything-but takes strings or numbers only");
    }
    NumberKey key = 0;
    if (auto bad = comparable(value, key)) return bad;
    out.push_back(number_range(key, key));
    return {};
  };
  if (node.kind == Kind::object) return read_anything_but_inner(tree, node, narrow, out);
  if (node.kind != Kind::array) return add(node);
  if (node.children == 0) return fault_at(node, "an empty list under anything-but");
  const JsonNode* first = tree.first_child(node);
  for (const JsonNode* value = first; value != nullptr; value = tree.next(*value)) {
    if (auto bad = add(*value)) return bad;
    if (value->kind != first->kind) {
      return fault_at(*value, "a list under anything-but is all strings or all numbers");
    }
  }
  return {};
}

Fault read_expression(const JsonTree& tree, const JsonNode& node, bool narrow,
                      FieldCondition& out) {
  if (node.children == 0) return fault_at(node, "an empty match expression");
  const JsonNode& argument = *tree.first_child(node);
  const std::string name = argument.name();
  const auto one_member = [&]() -> Fault {
    if (node.children == 1) return {};
    return ConditionFault{"only one operator may stand in a match expression",
                          tree.next(argument)->name_offset};
  };
  ValueTest test;
  if (name == "exists") {
    if (argument.kind != Kind::true_ && argument.kind != Kind::false_) {
      return fault_at(argument, "exists takes true or false");
    }
    (argument.kind == Kind::true_ ? out.exists : out.absent) = true;
    return one_member();
  }
  if (name == "anything-but") {
    std::vector<ValueTest> excluded;
    if (auto bad = read_anything_but(tree, argument, narrow, excluded)) return bad;
    out.anything_but.push_back(std::move(excluded));
    return one_member();
  }
  Fault bad;
  if (name == "numeric") {
    bad = read_numeric(tree, argument, test);
  } else if (name == "cidr") {
    bad = read_cidr(argument, test);
  } else if (name == "exactly") {
    if (argument.kind != Kind::string) return fault_at(argument, "exactly takes one string");
    test = text_test(Test::text, argument.text());
  } else if (const auto op = text_operator(name)) {
    if (argument.kind == Kind::object && op == TextOperator::prefix) {
      bad =
          read_ignore_case_part(tree, argument, Test::prefix_ignore_case, Test::prefix, name, test);
    } else if (argument.kind == Kind::object && op == TextOperator::suffix) {
      bad =
          read_ignore_case_part(tree, argument, Test::suffix_ignore_case, Test::suffix, name, test);
    } else if (argument.kind != Kind::string) {
      return fault_at(argument, name + " takes one string");
    } else {
      bad = read_text_operator(*op, argument, test);
    }
  } else {
    return ConditionFault{
        "'" + name +
            "' is no operator; there are prefix, suffix, "
            "equals-ignore-case, wildcard, anything-but, numeric, cidr and exists",
        argument.name_offset};
  }
  if (bad) return bad;
  out.any_of.push_back(std::move(test));
  return one_member();
}

}  // namespace

std::optional<ConditionFault> read_condition(const JsonTree& tree, const JsonNode& array,
                                             bool narrow, FieldCondition& out) {
  if (array.children == 0) {
    return fault_at(array, "an empty list of values; {\"exists\": true} means any value");
  }
  out.any_of.reserve(array.children);
  for (const JsonNode* value = tree.first_child(array); value != nullptr;
       value = tree.next(*value)) {
    ValueTest test;
    switch (value->kind) {
      case Kind::string:
        test.text = value->text();
        if (const auto address = parse_address(test.text)) {
          test = address_range({*address, *address});
        }
        break;
      case Kind::number:
        if (const auto key = number_key(value->raw)) {
          test = number_range(*key, *key);
        } else {
          test = text_test(Test::number_literal, std::string(value->raw));
        }
        break;
      case Kind::true_:
        test.kind = Test::true_;
        break;
      case Kind::false_:
        test.kind = Test::false_;
        break;
      case Kind::null:
        test.kind = Test::null;
        break;
      case Kind::array:
        return fault_at(*value, "a list inside the list of values; write the values side by side");
      case Kind::object:
        if (auto bad = read_expression(tree, *value, narrow, out)) return bad;
        continue;
    }
    out.any_of.push_back(std::move(test));
  }
  return {};
}

}  // namespace weir
