#include "io/config/section.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "core/base/nearest.h"

namespace weir {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string list_words(std::span<const std::string_view> words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " or " : ", ";
    list += words[i];
  }
  return list;
}

std::string shown(std::string_view text) {
  constexpr std::size_t kBytesMax = 40;
  std::size_t length = std::min(text.size(), kBytesMax);
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U) {
    --length;  // not inside a character
  }
  std::string result(text.substr(0, length));
  std::ranges::replace_if(
      result, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return length < text.size() ? result + "..." : result;
}

std::optional<Scalar> read_scalar(Reading& reading, const YamlNode& node, std::string_view what) {
  if (node.kind == YamlNode::Kind::null) {
    reading.fault(node, fmt::format("{} has no value", what));
    return std::nullopt;
  }
  if (node.kind != YamlNode::Kind::scalar) {
    reading.fault(node, fmt::format("{} is {}, a single value is needed", what, kind_name(node)));
    return std::nullopt;
  }
  Result<Substituted> text = substitute(node.text, Substitution::plain_text, reading.environment);
  if (!text) {
    reading.fault(node, fmt::format("{}: {}", what, text.error().message));
    return std::nullopt;
  }
  return Scalar{std::move(text->text), node.plain, &node};
}

std::optional<std::vector<Scalar>> read_scalars(Reading& reading, const YamlNode& node,
                                                std::string_view what) {
  if (node.kind != YamlNode::Kind::sequence) {
    reading.fault(node,
                  fmt::format("{} is {}, a list such as [a, b] is needed", what, kind_name(node)));
    return std::nullopt;
  }
  std::vector<Scalar> scalars;
  bool whole = true;
  for (const std::uint32_t child : node.children) {
    const YamlNode& entry = reading.tree.node(child);
    std::optional<Scalar> scalar = read_scalar(reading, entry, fmt::format("an entry of {}", what));
    if (scalar && scalar->text.empty()) {
      reading.fault(entry, fmt::format("an entry of {} is empty", what));
      scalar.reset();
    }
    if (scalar) {
      scalars.push_back(std::move(*scalar));
    } else {
      whole = false;
    }
  }
  if (!whole) return std::nullopt;
  return scalars;
}

std::optional<std::string> object_name_fault(std::string_view name) {
  if (!name.empty() && name.size() <= 64 && std::ranges::all_of(name, is_name_character)) {
    return std::nullopt;
  }
  return "a name has 1 to 64 letters, digits, '.', '_' and '-'";
}

std::optional<std::string> bus_name_fault(std::string_view name) {
  const auto allowed = [](char c) { return c == '/' || is_name_character(c); };
  if (!name.empty() && name.size() <= 256 && std::ranges::all_of(name, allowed)) {
    return std::nullopt;
  }
  return "the name of a bus has 1 to 256 letters, digits, '.', '_', '-' and '/'";
}

std::vector<NamedNode> read_names(Reading& reading, const YamlNode& node, std::string_view what,
                                  std::optional<std::string> (*name_fault)(std::string_view)) {
  std::vector<NamedNode> named;
  if (node.kind != YamlNode::Kind::mapping) {
    reading.fault(node,
                  fmt::format("'{}' is {}, a mapping of names is needed", what, kind_name(node)));
    return named;
  }
  std::unordered_map<std::string_view, const YamlNode*> seen;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const YamlNode& key = reading.tree.node(node.children[i]);
    if (key.kind != YamlNode::Kind::scalar) {
      reading.fault(key,
                    fmt::format("a name in '{}' is {}, a text is needed", what, kind_name(key)));
      continue;
    }
    if (const auto wrong = name_fault(key.text)) {
      reading.fault(key, fmt::format("'{}' in '{}' is no name: {}", shown(key.text), what, *wrong));
      continue;
    }
    const auto [first, is_new] = seen.emplace(key.text, &key);
    if (!is_new) {
      const Fault earlier = reading.source.fault(first->second->offset, "");
      reading.fault(key, fmt::format("'{}' is repeated in '{}', first in line {}: keep one",
                                     key.text, what, earlier.line));
      continue;
    }
    named.push_back({&key, &reading.tree.node(node.children[i + 1])});
  }
  return named;
}

Section::Section(Reading& reading, const YamlNode& node, const YamlNode& at, std::string what,
                 std::span<const std::string_view> keys)
    : reading_(&reading), at_(&at), what_(std::move(what)) {
  if (node.kind != YamlNode::Kind::mapping) {
    fault(node, fmt::format("is {}, a mapping with keys such as '{}' is needed", kind_name(node),
                            keys.front()));
    return;
  }
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    note_key(reading.tree.node(node.children[i]), reading.tree.node(node.children[i + 1]), keys);
  }
}

void Section::note_key(const YamlNode& key, const YamlNode& value,
                       std::span<const std::string_view> keys) {
  if (key.kind != YamlNode::Kind::scalar) {
    fault(key, fmt::format("a key is {}, a text is needed", kind_name(key)));
    return;
  }
  if (key.plain && key.text == "<<") {
    fault(key, "merge keys ('<<') are not supported, write the keys out");
    return;
  }
  const auto known = std::ranges::find(keys, key.text);
  if (known == keys.end()) {
    const std::string_view meant = nearest(key.text, keys);
    const std::string hint = meant.empty() ? fmt::format("known here: {}", list_words(keys))
                                           : fmt::format("did you mean '{}'?", meant);
    reading_->fault(key, fmt::format("unknown key '{}' in {}, {}", shown(key.text), what_, hint));
    return;
  }
  const auto earlier = std::ranges::find(members_, *known, &Member::name);
  if (earlier != members_.end()) {
    const Fault first = reading_->source.fault(earlier->key->offset, "");
    reading_->fault(key, fmt::format("key '{}' is repeated in {}, first in line {}: keep one",
                                     *known, what_, first.line));
    return;
  }
  members_.push_back({*known, &key, &value});
}

const YamlNode* Section::value(std::string_view key) const {
  const auto member = std::ranges::find(members_, key, &Member::name);
  return member == members_.end() ? nullptr : member->value;
}

const YamlNode* Section::key(std::string_view key) const {
  const auto member = std::ranges::find(members_, key, &Member::name);
  return member == members_.end() ? nullptr : member->key;
}

void Section::fault(const YamlNode& where, std::string_view message) const {
  reading_->fault(where, fmt::format("{}: {}", what_, message));
}

std::optional<Scalar> Section::scalar(std::string_view key) const {
  const YamlNode* node = value(key);
  if (node == nullptr) return std::nullopt;
  return read_scalar(*reading_, *node, fmt::format("{}: {}", what_, key));
}

std::optional<std::string> Section::text(std::string_view key) const {
  std::optional<Scalar> written = scalar(key);
  if (!written) return std::nullopt;
  if (written->text.empty()) {
    fault(*written->node, fmt::format("{} is empty", key));
    return std::nullopt;
  }
  if (written->text.find('\0') != std::string::npos) {
    fault(*written->node, fmt::format("{} contains a NUL byte", key));
    return std::nullopt;
  }
  return std::move(written->text);
}

std::optional<bool> Section::flag(std::string_view key) const {
  const std::optional<Scalar> written = scalar(key);
  if (!written) return std::nullopt;
  if (written->plain && written->text == "true") return true;
  if (written->plain && written->text == "false") return false;
  fault(*written->node,
        fmt::format("{} is '{}', write true or false{}", key, shown(written->node->text),
                    written->plain ? "" : " without quotes"));
  return std::nullopt;
}

std::optional<std::uint64_t> Section::count(std::string_view key, std::uint64_t least,
                                            std::uint64_t most) const {
  const std::optional<Scalar> written = scalar(key);
  if (!written) return std::nullopt;
  const auto number = written->plain ? whole_number(written->text) : std::nullopt;
  if (number && *number >= least && *number <= most) return number;
  fault(*written->node, fmt::format("{} is '{}', a whole number from {} to {}{} is needed", key,
                                    shown(written->node->text), least, most,
                                    written->plain ? "" : " without quotes"));
  return std::nullopt;
}

std::optional<std::uint64_t> Section::size(std::string_view key, std::uint64_t least,
                                           std::uint64_t most) const {
  const std::optional<Scalar> written = scalar(key);
  if (!written) return std::nullopt;
  const Result<std::uint64_t> bytes = parse_size(written->text);
  const std::string given = shown(written->node->text);
  if (!bytes) {
    fault(*written->node,
          fmt::format("{} is '{}', a size such as 64KiB, 4MiB or 1GiB is needed", key, given));
    return std::nullopt;
  }
  if (*bytes < least || *bytes > most) {
    fault(*written->node, fmt::format("{} is '{}', from {} to {} is possible", key, given,
                                      format_size(least), format_size(most)));
    return std::nullopt;
  }
  return *bytes;
}

std::optional<Nanoseconds> Section::duration(std::string_view key, Nanoseconds least,
                                             Nanoseconds most) const {
  const std::optional<Scalar> written = scalar(key);
  if (!written) return std::nullopt;
  const Result<Nanoseconds> duration = parse_duration(written->text);
  const std::string given = shown(written->node->text);
  if (!duration) {
    fault(*written->node,
          fmt::format("{} is '{}', a time such as 100ms, 5s or 1h is needed", key, given));
    return std::nullopt;
  }
  if (*duration < least || *duration > most) {
    fault(*written->node, fmt::format("{} is '{}', from {} to {} is possible", key, given,
                                      format_duration(least), format_duration(most)));
    return std::nullopt;
  }
  return *duration;
}

std::optional<Section> Section::section(std::string_view key, std::string what,
                                        std::span<const std::string_view> keys) const {
  const YamlNode* node = value(key);
  if (node == nullptr) return std::nullopt;
  return Section(*reading_, *node, *this->key(key), std::move(what), keys);
}

void Section::unknown_choice(std::string_view key, const Scalar& written,
                             std::span<const std::string_view> names) const {
  const std::string_view meant =
      written.text == written.node->text ? nearest(written.text, names) : std::string_view();
  const std::string hint = meant.empty() ? fmt::format("possible: {}", list_words(names))
                                         : fmt::format("did you mean '{}'?", meant);
  fault(*written.node, fmt::format("{} is '{}', {}", key, shown(written.node->text), hint));
}

}  // namespace weir
