#include "core/rule/value_matcher.h"

#include <algorithm>

namespace weir::engine {
namespace {

using Kind = ValueTest::Kind;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string folded(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), ascii_lower);
  return out;
}

std::string reversed(std::string text) {
  std::ranges::reverse(text);
  return text;
}

std::optional<Address> address_behind(Address address) {
  if (++address.low == 0 && ++address.high == 0) return std::nullopt;
  return address;
}

// The entries of each structure, collected before it is built.
struct Collected {
  std::uint32_t true_ = kNone, false_ = kNone, null = kNone, any_string = kNone;
  std::vector<TextTable::Entry> texts, literals;
  std::vector<ByteTrie::Entry> prefixes, suffixes;
  std::vector<ByteTrie::Entry> folded_texts, folded_prefixes, folded_suffixes;
  std::vector<LetterTrie::Entry> cased, cased_suffixes;  // beyond ASCII
  std::vector<WildcardSet::Entry> wildcards;
  std::vector<NumberTable::Entry> numbers;
  std::vector<IntervalIndex<NumberKey>::Entry> ranges;
  std::vector<IntervalIndex<std::uint32_t>::Entry> v4;
  std::vector<IntervalIndex<Address>::Entry> v6;

  void add(const TestView& test, std::uint32_t id);
  bool add_ignoring_case(const TestView& test, std::uint32_t id);
  void add_addresses(const AddressRange& range, std::uint32_t id);
  bool any_part() const {
    return any_string != kNone || !literals.empty() || !prefixes.empty() || !suffixes.empty() ||
           !folded_texts.empty() || !folded_prefixes.empty() || !folded_suffixes.empty() ||
           !cased.empty() || !cased_suffixes.empty() || !wildcards.empty() || !ranges.empty() ||
           !v4.empty() || !v6.empty();
  }
};

bool Collected::add_ignoring_case(const TestView& test, std::uint32_t id) {
  const bool text = test.kind == Kind::equals_ignore_case;
  const bool prefix = test.kind == Kind::prefix_ignore_case;
  const bool suffix = test.kind == Kind::suffix_ignore_case;
  if (!text && !prefix && !suffix) return false;
  if (!is_ascii(test.text)) {
    (suffix ? cased_suffixes : cased).push_back({test.text, id, text});
  } else if (suffix) {
    folded_suffixes.push_back({reversed(folded(test.text)), id});
  } else {
    (text ? folded_texts : folded_prefixes).push_back({folded(test.text), id});
  }
  return true;
}

// A block is of one family.
void Collected::add_addresses(const AddressRange& range, std::uint32_t id) {
  if (range.first.v6) {
    v6.push_back({range.first, range.last, address_behind(range.last), id});
    return;
  }
  const auto first = static_cast<std::uint32_t>(range.first.low);
  const auto last = static_cast<std::uint32_t>(range.last.low);
  std::optional<std::uint32_t> behind;
  if (last != 0xFFFFFFFFU) behind = last + 1;
  v4.push_back({first, last, behind, id});
}

void Collected::add(const TestView& test, std::uint32_t id) {
  if (add_ignoring_case(test, id)) return;
  switch (test.kind) {
    case Kind::text:
      texts.push_back({test.text, id});
      break;
    case Kind::number:
      numbers.emplace_back(test.first_number, id);
      break;
    case Kind::number_literal:
      literals.push_back({test.text, id});
      break;
    case Kind::true_:
      true_ = id;
      break;
    case Kind::false_:
      false_ = id;
      break;
    case Kind::null:
      null = id;
      break;
    case Kind::any_string:
      any_string = id;
      break;
    case Kind::prefix:
      prefixes.push_back({std::string(test.text), id});
      break;
    case Kind::suffix:
      suffixes.push_back({reversed(std::string(test.text)), id});
      break;
    case Kind::wildcard:
      wildcards.push_back({test.text, id});
      break;
    case Kind::number_range:
      ranges.push_back({test.first_number, test.last_number, test.last_number + 1, id});
      break;
    case Kind::address_range:
      add_addresses(test.addresses, id);
      break;
    default:
      break;
  }
}

}  // namespace

namespace {

// See string_lengths_.
std::uint64_t lengths_passing(const TestView& test) {
  const std::uint64_t exactly = std::uint64_t{1} << std::min<std::size_t>(test.text.size(), 63);
  switch (test.kind) {
    case Kind::text:
      return exactly;
    case Kind::number:
    case Kind::number_literal:
    case Kind::number_range:
    case Kind::true_:
    case Kind::false_:
    case Kind::null:
      return 0;
    case Kind::prefix:
    case Kind::suffix:
      return 0 - exactly;
    default:
      return ~std::uint64_t{0};  // letters may be longer in their other case
  }
}

}  // namespace

void ValueMatcher::build(std::span<const Entry> entries, std::uint64_t hash_key) {
  Collected all;
  for (const auto& [key, id] : entries) {
    const TestView test = read_test_key(key);
    string_lengths_ |= lengths_passing(test);
    all.add(test, id);
  }
  true_ = all.true_;
  false_ = all.false_;
  null_ = all.null;
  texts_.build(all.texts, hash_key);
  numbers_.build(all.numbers, hash_key);
  numeric_ = !all.numbers.empty() || !all.ranges.empty();
  if (!all.any_part()) {
    build_filter();
    return;
  }
  parts_ = std::make_unique<Parts>();
  Parts& p = *parts_;
  p.any_string = all.any_string;
  p.prefixes.build(std::move(all.prefixes));
  p.suffixes.build(std::move(all.suffixes));
  p.folded_texts.build(std::move(all.folded_texts));
  p.folded_prefixes.build(std::move(all.folded_prefixes));
  p.folded_suffixes.build(std::move(all.folded_suffixes));
  p.cased.build(all.cased, false);
  p.cased_suffixes.build(all.cased_suffixes, true);
  if (!all.wildcards.empty()) {
    p.wildcards = std::make_unique<WildcardSet>();
    p.wildcards->build(all.wildcards);
  }
  p.ranges.build(all.ranges);
  p.v4.build(all.v4);
  p.v6.build(all.v6);
  p.number_literals.build(all.literals, hash_key);
  p.kinds = kinds_in(p);
  build_filter();
}

unsigned ValueMatcher::kinds_in(const Parts& p) {
  const auto kind = [](Kinds one, bool there) { return there ? one : 0U; };
  return kind(kAnyString, p.any_string != kNone) | kind(kPrefixes, !p.prefixes.empty()) |
         kind(kSuffixes, !p.suffixes.empty()) | kind(kFoldedTexts, !p.folded_texts.empty()) |
         kind(kFoldedPrefixes, !p.folded_prefixes.empty()) |
         kind(kFoldedSuffixes, !p.folded_suffixes.empty()) | kind(kCased, !p.cased.empty()) |
         kind(kCasedSuffixes, !p.cased_suffixes.empty()) |
         kind(kWildcards, p.wildcards != nullptr) |
         kind(kAddresses, !p.v4.empty() || !p.v6.empty());
}

void ValueMatcher::build_filter() {
  if (!numeric_) return;
  std::vector<NumberKey> named = numbers_.values();
  if (parts_) named.insert(named.end(), parts_->ranges.ends().begin(), parts_->ranges.ends().end());
  std::ranges::sort(named);
  filter_.build(named, [this](NumberKey key) {
    return parts_ ? parts_->ranges.gap_at(key) : NumberFilter::kNoGap;
  });
}

std::size_t ValueMatcher::memory_bytes() const {
  std::size_t bytes =
      sizeof(*this) + texts_.memory_bytes() + numbers_.memory_bytes() + filter_.memory_bytes();
  if (!parts_) return bytes;
  const Parts& p = *parts_;
  bytes += sizeof(Parts) + p.prefixes.memory_bytes() + p.suffixes.memory_bytes() +
           p.folded_texts.memory_bytes() + p.folded_prefixes.memory_bytes() +
           p.folded_suffixes.memory_bytes() + p.cased.memory_bytes() +
           p.cased_suffixes.memory_bytes() + (p.wildcards ? p.wildcards->memory_bytes() : 0) +
           p.ranges.memory_bytes() + p.v4.memory_bytes() + p.v6.memory_bytes() +
           p.number_literals.memory_bytes();
  return bytes;
}

}  // namespace weir::engine
