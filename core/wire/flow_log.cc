#include "core/wire/flow_log.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "core/wire/flow_log_fields.h"
#include "core/wire/json_text.h"
#include "core/wire/utf8.h"

namespace weir {

namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kIntegerDigitsMax = 19;  // of a signed 64-bit integer

// Lines this long are scanned in one go with their masks on the stack; longer ones are rare.
constexpr std::size_t kShortLineBytesMax = 511;
constexpr std::size_t kMaskWords = kShortLineBytesMax / 64 + 1;

std::string_view without_cr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool looks_like_name(std::string_view word) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inner = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !word.empty() && word.size() <= kNameBytesMax && letter(word[0]) &&
         std::ranges::all_of(word, inner);
}

// Calls visit(word) for each word between separators until it returns false.
template <typename Separator, typename Visit>
bool each_word(std::string_view text, Separator separator, Visit visit) {
  std::size_t begin = 0;
  while (begin <= text.size()) {
    std::size_t end = begin;
    while (end < text.size() && !separator(text[end])) ++end;
    if (!visit(text.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return true;
}

bool is_space(char c) {
  return c == ' ';
}

std::optional<Error> add_field(std::string_view name, std::vector<FlowLogField>& fields) {
  if (!looks_like_name(name)) {
    return Error{"\"" + json_escaped(name.substr(0, kNameBytesMax)) +
                 "\" is not a flow-log field name (letters, digits and hyphens, like \"srcaddr\")"};
  }
  const auto same = [name](const FlowLogField& field) { return field.name == name; };
  if (std::ranges::any_of(fields, same)) {
    return Error{"flow-log field \"" + std::string(name) + "\" is named twice"};
  }
  if (fields.size() == kFlowLogFieldsMax) {
    return Error{"more than " + std::to_string(kFlowLogFieldsMax) + " flow-log fields"};
  }
  fields.push_back({std::string(name), published_flow_log_type(name).value_or(FlowLogType::text)});
  return std::nullopt;
}

bool is_integer(std::string_view value) {
  if (value.empty() || value.size() > kIntegerDigitsMax) return false;
  if (value[0] == '0' && value.size() > 1) return false;
  return std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
}

// Bits [begin, begin + 64) of a mask of kMaskWords + 1 words.
std::uint64_t window(const std::uint64_t* words, std::size_t begin) {
  const std::size_t word = begin / 64;
  const std::size_t shift = begin % 64;
  return (words[word] >> shift) | ((words[word + 1] << 1U) << (63 - shift));
}

}  // namespace

FlowLogLayout::FlowLogLayout(std::vector<FlowLogField> fields) : fields_(std::move(fields)) {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const FlowLogField& field = fields_[i];
    const bool quoted = field.type == FlowLogType::text;
    if (!quoted) integer_fields_ |= std::uint64_t{1} << i;
    if (i != 0) header_ += ' ';
    header_ += field.name;
    const std::string key = ",\"" + field.name + (quoted ? "\":\"" : "\":");
    keys_.push_back({static_cast<std::uint32_t>(key_text_.size()),
                     static_cast<std::uint32_t>(key.size()), quoted});
    key_text_ += key;
    key_bytes_ += key.size() + 1;

    const int index = static_cast<int>(i);
    if (field.name == "account-id") known_.account_id = index;
    if (field.name == "interface-id") known_.interface_id = index;
    if (field.name == "region") known_.region = index;
    if (field.name == "end") known_.end = index;
    if (field.name == "log-status") known_.log_status = index;
  }
  key_text_.append(kWirePadding, ' ');
}

FlowLogLayout FlowLogLayout::default_v2() {
  return from_names(kFlowLogDefaultV2).value();
}

Result<FlowLogLayout> FlowLogLayout::from_names(std::string_view names) {
  const auto separator = [](char c) { return c == ' ' || c == ',' || c == '\t' || c == '\n'; };
  std::vector<FlowLogField> fields;
  std::optional<Error> error;
  each_word(names, separator, [&](std::string_view word) {
    if (word.empty()) return true;
    if (word.starts_with("${") && word.ends_with('}')) {
      word.remove_prefix(2);
      word.remove_suffix(1);
    }
    error = add_field(word, fields);
    return !error.has_value();
  });
  if (error) return std::move(*error);
  if (fields.empty()) return Error{"no flow-log field is named"};
  return FlowLogLayout(std::move(fields));
}

Result<FlowLogLayout> FlowLogLayout::from_header(std::string_view line) {
  std::vector<FlowLogField> fields;
  std::optional<Error> error;
  each_word(without_cr(line), is_space, [&](std::string_view word) {
    error = add_field(word, fields);
    return !error.has_value();
  });
  if (error) return std::move(*error);
  return FlowLogLayout(std::move(fields));
}

bool FlowLogLayout::is_header(std::string_view line) {
  std::size_t words = 0;
  std::size_t published = 0;
  const bool names = each_word(without_cr(line), is_space, [&](std::string_view word) {
    ++words;
    if (words > kFlowLogFieldsMax || !looks_like_name(word)) return false;
    if (published_flow_log_type(word)) ++published;
    return true;
  });
  return names && 2 * published > words;
}

RefuseReason FlowLogLayout::split(std::string_view line, FlowLogValues& values) const {
  line = without_cr(line);
  if (line.size() > kShortLineBytesMax) return split_long(line, values);

  std::array<std::uint64_t, kMaskWords> spaces;
  std::array<std::uint64_t, kMaskWords + 1> not_digits;
  std::uint64_t not_ascii = 0;
  const std::size_t words = line.size() / 64 + 1;
  for (std::size_t w = 0; w < words; ++w) {
    const ByteMask bytes(line.data() + 64 * w);
    const std::uint64_t inside = low_bits(line.size() - 64 * w);
    spaces[w] = bytes.equal(' ') & inside;
    not_digits[w] = ~bytes.digits();
    not_ascii |= bytes.not_ascii() & inside;
  }
  not_digits[words] = 0;
  spaces[words - 1] |= std::uint64_t{1} << (line.size() % 64);  // the last field ends here
  if (not_ascii != 0 && !is_utf8(line)) return RefuseReason::not_utf8;

  const char* text = line.data();
  std::size_t field = 0;
  std::size_t begin = 0;
  bool bad = false;
  for (std::size_t w = 0; w < words; ++w) {
    for (std::uint64_t rest = spaces[w]; rest != 0; rest &= rest - 1) {
      const std::size_t end = 64 * w + static_cast<std::size_t>(std::countr_zero(rest));
      if (field == fields_.size()) return RefuseReason::bad_fields;
      const std::size_t length = end - begin;
      const bool absent = length == 1 && text[begin] == '-';
      values[field] = std::string_view(text + begin, absent ? 0 : length);
      bad |= length == 0;
      if ((integer_fields_ >> field & 1U) != 0 && !absent) {
        bad |= (window(not_digits.data(), begin) & low_bits(length)) != 0;
        bad |= length > kIntegerDigitsMax || (length > 1 && text[begin] == '0');
      }
      ++field;
      begin = end + 1;
    }
  }
  return bad || field != fields_.size() ? RefuseReason::bad_fields : RefuseReason::none;
}

RefuseReason FlowLogLayout::split_long(std::string_view line, FlowLogValues& values) const {
  if (!is_utf8(line)) return RefuseReason::not_utf8;
  std::size_t field = 0;
  const bool sound = each_word(line, is_space, [&](std::string_view value) {
    if (value.empty() || field == fields_.size()) return false;
    const bool absent = value == "-";
    values[field] = value.substr(0, absent ? 0 : value.size());
    const bool integer = fields_[field].type == FlowLogType::integer;
    ++field;
    return !integer || absent || is_integer(value);
  });
  return sound && field == fields_.size() ? RefuseReason::none : RefuseReason::bad_fields;
}

std::size_t FlowLogLayout::json_size_bound(std::size_t line_bytes) const {
  return key_bytes_ + kJsonEscapeMax * line_bytes + kWirePadding;
}

char* FlowLogLayout::render_json(std::string_view line, char* out) const {
  line = without_cr(line);
  if (line.size() > kShortLineBytesMax) return render_careful(line, out);
  std::array<std::uint64_t, kMaskWords> spaces;
  std::uint64_t to_escape = 0;
  const std::size_t words = line.size() / 64 + 1;
  for (std::size_t w = 0; w < words; ++w) {
    const ByteMask bytes(line.data() + 64 * w);
    const std::uint64_t inside = low_bits(line.size() - 64 * w);
    spaces[w] = bytes.equal(' ') & inside;
    to_escape |= (bytes.equal('"') | bytes.equal('\\') | bytes.below(0x20)) & inside;
  }
  if (to_escape != 0) return render_careful(line, out);
  spaces[words - 1] |= std::uint64_t{1} << (line.size() % 64);

  char* const start = out;
  const char* value = line.data();
  const Key* key = keys_.data();
  for (std::size_t w = 0; w < words; ++w) {
    for (std::uint64_t rest = spaces[w]; rest != 0; rest &= rest - 1, ++key) {
      const char* end = line.data() + 64 * w + static_cast<std::size_t>(std::countr_zero(rest));
      const auto length = static_cast<std::size_t>(end - value);
      if (length != 1 || *value != '-') {
        out = copy_padded(key_text_.data() + key->offset, key->length, out);
        out = copy_padded(value, length, out);
        *out = '"';
        out += key->quoted;
      }
      value = end + 1;
    }
  }
  if (out == start) ++out;
  *start = '{';
  *out++ = '}';
  return out;
}

char* FlowLogLayout::render_careful(std::string_view line, char* out) const {
  char* const start = out;
  std::size_t field = 0;
  each_word(line, is_space, [&](std::string_view value) {
    if (field == keys_.size()) return false;
    const Key& key = keys_[field++];
    if (value == "-") return true;
    std::memcpy(out, key_text_.data() + key.offset, key.length);
    out = write_json_escaped(value, out + key.length);
    if (key.quoted) *out++ = '"';
    return true;
  });
  if (out == start) ++out;
  *start = '{';
  *out++ = '}';
  return out;
}

LayoutTable::LayoutTable(std::size_t layouts_max)
    : layouts_max_(layouts_max), layouts_(layouts_max) {
  default_v2_ = intern(FlowLogLayout::default_v2()).value();
}

Result<const FlowLogLayout*> LayoutTable::intern(FlowLogLayout layout) {
  const std::string header = layout.header();
  const FlowLogLayout* interned = layouts_.intern(
      std::move(layout), [&](const FlowLogLayout& known) { return known.header() == header; });
  if (interned == nullptr) {
    return Error{"more than " + std::to_string(layouts_max_) + " different flow-log layouts"};
  }
  return interned;
}

Result<const FlowLogLayout*> LayoutTable::intern_header(std::string_view line) {
  Result<FlowLogLayout> layout = FlowLogLayout::from_header(line);
  if (!layout.ok()) return layout.error();
  return intern(std::move(layout).value());
}

}  // namespace weir
