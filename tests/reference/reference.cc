#include "tests/reference/reference.h"

#include "tests/reference/values.h"

namespace weir::reference {
namespace {

std::u16string utf16(const std::string& text) {
  std::u16string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[i + k]); };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? first : first & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) c = c * 64 + (byte(k) & 0x3FU);
    if (c >= 0x10000) {
      out.push_back(static_cast<char16_t>(0xD800 + (c - 0x10000) / 1024));
      out.push_back(static_cast<char16_t>(0xDC00 + (c - 0x10000) % 1024));
    } else {
      out.push_back(static_cast<char16_t>(c));
    }
    i += length;
  }
  return out;
}

void flatten_into(const Json& json, const std::string* path, std::map<int, int>& membership,
                  int& arrays, std::vector<Value>& out) {
  if (json.kind == Json::object) {
    for (const auto& [name, value] : json.members) {
      const std::string below = path == nullptr ? name : *path + "." + name;
      flatten_into(value, &below, membership, arrays, out);
    }
    return;
  }
  if (json.kind != Json::array) {
    out.push_back({*path, json, membership});
    return;
  }
  const int array = arrays++;
  int index = 0;
  for (const Json& element : json.elements) {
    const bool binds = element.kind == Json::object || element.kind == Json::array;
    if (binds) membership[array] = index;
    flatten_into(element, path, membership, arrays, out);
    membership.erase(array);
    ++index;
  }
}

bool number_passes(const Entry& entry, const std::string& number) {
  if (!comparable(number)) return false;
  const double value = to_double(number);
  for (std::size_t i = 0; i < entry.operators.size(); ++i) {
    const std::string& op = entry.operators[i];
    const double bound = to_double(entry.operands[i]);
    const bool good = op == "="    ? value == bound
                      : op == "<"  ? value < bound
                      : op == "<=" ? value <= bound
                      : op == ">"  ? value > bound
                                   : value >= bound;
    if (!good) return false;
  }
  return true;
}

bool passes(const Entry& entry, const Json& value) {
  const bool is_string = value.kind == Json::string;
  const std::string& text = value.text;
  switch (entry.kind) {
    case Entry::string: {
      if (!is_string) return false;
      const auto wanted = parse_address(entry.text);
      return wanted ? parse_address(text) == wanted : text == entry.text;
    }
    case Entry::exactly:
      return is_string && text == entry.text;
    case Entry::number:
      if (value.kind != Json::number) return false;
      if (text == entry.text) return true;
      return comparable(text) && comparable(entry.text) && same_number(text, entry.text);
    case Entry::literal:
      return value.kind == entry.literal_kind;
    case Entry::prefix:
      return is_string && text.starts_with(entry.text);
    case Entry::suffix:
      return is_string && text.ends_with(entry.text);
    case Entry::ignore_case:
      return is_string && ignore_case_matches(entry.text, text);
    case Entry::prefix_ignore_case:
      return is_string && ignore_case_prefix(entry.text, text);
    case Entry::suffix_ignore_case:
      return is_string && ignore_case_suffix(entry.text, text);
    case Entry::wildcard:
      return is_string && wildcard_matches(entry.text, text);
    case Entry::anything_but:
      for (const Entry& excluded : entry.inner) {
        if (excluded.kind == Entry::number && value.kind == Json::number && !comparable(text)) {
          continue;
        }
        if (passes(excluded, value)) return false;
      }
      return true;
    case Entry::numeric:
      return value.kind == Json::number && number_passes(entry, text);
    case Entry::cidr: {
      if (!is_string) return false;
      const auto address = parse_address(text);
      const auto block = parse_cidr(entry.text);
      if (!address || address->size() != block->width) return false;
      return std::equal(block->bits.begin(), block->bits.end(), address->begin());
    }
    case Entry::exists:
      return true;
    case Entry::absent:
      return false;
  }
  return false;
}

// The membership of both, or nothing when they lie in different elements of one array.
std::optional<std::map<int, int>> together(const std::map<int, int>& a,
                                           const std::map<int, int>& b) {
  std::map<int, int> out = a;
  for (const auto& [array, element] : b) {
    const auto [known, fresh] = out.try_emplace(array, element);
    if (!fresh && known->second != element) return std::nullopt;
  }
  return out;
}

bool try_from(SubRule::const_iterator field, const SubRule& sub, const std::vector<Value>& event,
              const std::map<int, int>& chosen) {
  if (field == sub.end()) return true;
  const auto& [path, entries] = *field;
  const auto next = std::next(field);
  bool some_compatible = false;
  for (const Value& value : event) {
    if (value.path != path) continue;
    const auto both = together(chosen, value.membership);
    if (!both) continue;
    some_compatible = true;
    bool good = false;
    for (const Entry& entry : entries) good = good || passes(entry, value.json);
    if (good && try_from(next, sub, event, *both)) return true;
  }
  if (some_compatible) return false;
  for (const Entry& entry : entries) {
    if (entry.kind == Entry::absent) return try_from(next, sub, event, chosen);
  }
  return false;
}

}  // namespace

bool Utf16Order::operator()(const std::string& a, const std::string& b) const {
  return utf16(a) < utf16(b);
}

std::optional<std::vector<Value>> flatten(std::string_view event) {
  const auto json = parse(event);
  if (!json || json->kind != Json::object) return std::nullopt;
  std::vector<Value> out;
  std::map<int, int> membership;
  int arrays = 0;
  flatten_into(*json, nullptr, membership, arrays, out);
  return out;
}

bool matches(const Rule& rule, const std::vector<Value>& event) {
  for (const SubRule& sub : rule) {
    if (try_from(sub.begin(), sub, event, {})) return true;
  }
  return false;
}

}  // namespace weir::reference
