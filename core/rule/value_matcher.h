// ValueMatcher: all tests that the rules of a set make of one field, in one structure per kind.
//
// Immutable after build; any thread. Each look-up names the tests that a value passes, each once.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/rule/address.h"
#include "core/rule/byte_trie.h"
#include "core/rule/exact_table.h"
#include "core/rule/interval_index.h"
#include "core/rule/letter_trie.h"
#include "core/rule/number.h"
#include "core/rule/number_filter.h"
#include "core/rule/pattern.h"
#include "core/rule/plain_address.h"
#include "core/rule/test_key.h"
#include "core/rule/wildcard_set.h"

namespace weir::engine {

class ValueMatcher {
 public:
  struct Entry {
    std::string_view key;  // of the test; see test_key.h
    std::uint32_t id = kNone;
  };
  void build(std::span<const Entry> entries, std::uint64_t hash_key);
  // Gives this field its part of the Matcher's scratch.
  void number_scratch(WildcardScratchSize& size) {
    if (parts_ && parts_->wildcards) parts_->wildcards->number_scratch(size);
  }
  std::size_t later_pieces() const {
    return parts_ && parts_->wildcards ? parts_->wildcards->later_pieces() : 0;
  }
  std::size_t memory_bytes() const;

  // False when no string of so many bytes passes a test.
  bool may_pass_string(std::size_t size) const {
    return (string_lengths_ >> (size < 63 ? size : 63U) & 1U) != 0;
  }
  // The text of a string, without escapes.
  template <typename Found>
  void find_string(std::string_view value, WildcardScratch& scratch, Found&& found) const {
    if (!texts_.empty()) {
      const std::uint32_t id = texts_.find(value);
      if (id != kNone) found(id);
    }
    if (parts_) find_parts(value, scratch, found);
  }
  // The spelling of a number. True when it is comparable and numbers are compared.
  template <typename Found>
  bool find_number(std::string_view value, Found&& found) const {
    if (numeric_) {
      if (const auto key = number_key(value)) {
        find_key(*key, found);
        return true;
      }
    }
    // Without a key: the same spelling.
    if (!parts_ || parts_->number_literals.empty()) return false;
    const std::uint32_t id = parts_->number_literals.find(value);
    if (id != kNone) found(id);
    return false;
  }
  // Where a number with this key lies; NumberFilter::kNowhere when it passes no test. Comparable
  // numbers in one gap pass the same tests, and so do those on one mark whose key is whole.
  NumberFilter::Place place_of(NumberFilter::Key key) const {
    if (parts_ && !parts_->number_literals.empty()) return NumberFilter::kSomewhere;
    return numeric_ ? filter_.place_of(key) : NumberFilter::kNowhere;
  }
  // The tests that a number at a known place passes; false, and nothing found, when that needs its
  // value.
  template <typename Found>
  bool find_at(NumberFilter::Place place, const PlainSpan& number, Found&& found) const {
    if (NumberFilter::on_mark(place)) {
      const NumberKey key = filter_.number(place);
      if (key == NumberFilter::kNoNumber || !NumberFilter::whole_in_key(number)) return false;
      find_key(key, found);
      return true;
    }
    if (!NumberFilter::surely_comparable(number)) return false;
    parts_->ranges.find_in_gap(filter_.gap(place), found);
    return true;
  }
  // Gives this field its part of the Matcher's notes on places.
  void number_places(std::uint32_t& next) {
    place_base_ = next;
    next += filter_.places();
  }
  std::uint32_t place_base() const { return place_base_; }
  // By the first letter of a literal.
  std::uint32_t literal_test(char first) const {
    return first == 't' ? true_ : first == 'f' ? false_ : null_;
  }

 private:
  // Of tests of strings beyond the exact ones.
  enum Kinds : unsigned {
    kAnyString = 1,
    kPrefixes = 2,
    kSuffixes = 4,
    kFoldedTexts = 8,
    kFoldedPrefixes = 16,
    kFoldedSuffixes = 32,
    kCased = 64,
    kWildcards = 128,
    kAddresses = 256,
    kCasedSuffixes = 512,
  };
  // What most fields have none of.
  struct Parts {
    std::uint32_t any_string = kNone;
    unsigned kinds = 0;  // Kinds that there are tests of
    ByteTrie prefixes, suffixes;
    ByteTrie folded_texts, folded_prefixes, folded_suffixes;
    LetterTrie cased, cased_suffixes;  // beyond ASCII
    std::unique_ptr<WildcardSet> wildcards;
    IntervalIndex<NumberKey> ranges;
    IntervalIndex<std::uint32_t> v4;
    IntervalIndex<Address> v6;
    TextTable number_literals;
  };

  void build_filter();
  static unsigned kinds_in(const Parts& parts);

  template <typename Found>
  void find_key(NumberKey key, Found&& found) const {
    if (!numbers_.empty()) {
      const std::uint32_t id = numbers_.find(key);
      if (id != kNone) found(id);
    }
    if (parts_) parts_->ranges.find(key, found);
  }

  template <typename Found>
  void find_parts(std::string_view value, WildcardScratch& scratch, Found& found) const {
    const Parts& parts = *parts_;
    const unsigned kinds = parts.kinds;
    const auto any_length = [&found](std::uint32_t id, std::size_t) { found(id); };
    if ((kinds & kAnyString) != 0) found(parts.any_string);
    if ((kinds & kPrefixes) != 0) parts.prefixes.walk<false, false>(value, any_length);
    if ((kinds & kSuffixes) != 0) parts.suffixes.walk<true, false>(value, any_length);
    if ((kinds & kFoldedTexts) != 0) {
      parts.folded_texts.walk<false, true>(value, [&](std::uint32_t id, std::size_t length) {
        if (length == value.size()) found(id);
      });
    }
    if ((kinds & kFoldedPrefixes) != 0) parts.folded_prefixes.walk<false, true>(value, any_length);
    if ((kinds & kFoldedSuffixes) != 0) parts.folded_suffixes.walk<true, true>(value, any_length);
    if ((kinds & kCased) != 0) parts.cased.find<false>(value, scratch, found);
    if ((kinds & kCasedSuffixes) != 0) parts.cased_suffixes.find<true>(value, scratch, found);
    if ((kinds & kWildcards) != 0) parts.wildcards->find(value, scratch, found);
    if ((kinds & kAddresses) != 0) find_address(parts, value, found);
  }
  template <typename Found>
  static void find_address(const Parts& parts, std::string_view value, Found& found) {
    std::uint32_t v4 = 0;
    if (parse_plain_v4(value, v4)) {
      parts.v4.find(v4, found);
    } else if (const auto address = parse_address(value)) {
      if (address->v6) {
        parts.v6.find(*address, found);
      } else {
        parts.v4.find(static_cast<std::uint32_t>(address->low), found);
      }
    }
  }

  std::uint64_t string_lengths_ = 0;  // bit n: some string of n bytes passes a test; 63: of more
  TextTable texts_;
  NumberTable numbers_;
  bool numeric_ = false;  // some test needs the value of a number
  NumberFilter filter_;
  std::uint32_t place_base_ = 0;
  std::uint32_t true_ = kNone;
  std::uint32_t false_ = kNone;
  std::uint32_t null_ = kNone;
  std::unique_ptr<Parts> parts_;
};

}  // namespace weir::engine
