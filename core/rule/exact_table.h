// TextTable and NumberTable: exact values to ids, by keyed hash; a handful is compared directly.
//
// Immutable after build; any thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/rule/byte_trie.h"
#include "core/rule/json_text.h"

namespace weir::engine {

class TextTable {
 public:
  struct Entry {
    std::string_view text;
    std::uint32_t id = kNone;
  };
  void build(const std::vector<Entry>& entries, std::uint64_t hash_key) {
    if (entries.empty()) return;
    count_ = entries.size();
    hash_key_ = hash_key;
    hashed_ = count_ > kDirect;
    slots_.resize(hashed_ ? std::bit_ceil(count_ + count_ / 3 + 1) : count_);
    std::size_t next = 0;
    std::size_t bytes = 0;
    for (const Entry& entry : entries) bytes += entry.text.size();
    texts_.reserve(bytes);
    for (const Entry& entry : entries) {
      lengths_ |= length_bit(entry.text.size());
      const std::uint64_t hash = hash_text(entry.text, hash_key_);
      std::size_t at = next++;
      if (hashed_) {
        at = hash & (slots_.size() - 1);
        while (slots_[at].id != kNone) at = (at + 1) & (slots_.size() - 1);
      }
      slots_[at] = {static_cast<std::uint32_t>(hash >> 32U),
                    static_cast<std::uint32_t>(texts_.size()),
                    static_cast<std::uint32_t>(entry.text.size()), entry.id};
      texts_ += entry.text;
    }
  }
  bool empty() const { return count_ == 0; }
  std::size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot) + texts_.capacity(); }

  // The id of `text`, or kNone.
  std::uint32_t find(std::string_view text) const {
    if ((lengths_ & length_bit(text.size())) == 0) return kNone;
    if (!hashed_) {
      for (const Slot& slot : slots_) {
        if (slot.length == text.size() && same(slot, text)) return slot.id;
      }
      return kNone;
    }
    const std::uint64_t hash = hash_text(text, hash_key_);
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.id == kNone) return kNone;
      if (slot.tag == tag && slot.length == text.size() && same(slot, text)) return slot.id;
    }
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t id = kNone;
  };
  static constexpr std::size_t kDirect = 4;
  static std::uint64_t length_bit(std::size_t length) {
    return std::uint64_t{1} << (length < 63 ? length : 63U);
  }
  bool same(const Slot& slot, std::string_view text) const {
    return same_text(texts_.data() + slot.offset, text.data(), text.size());
  }

  std::vector<Slot> slots_;
  std::string texts_;
  std::uint64_t lengths_ = 0;
  std::uint64_t hash_key_ = 0;
  std::size_t count_ = 0;
  bool hashed_ = false;
};

class NumberTable {
 public:
  using Entry = std::pair<std::uint64_t, std::uint32_t>;
  void build(const std::vector<Entry>& entries, std::uint64_t hash_key) {
    if (entries.empty()) return;
    hash_key_ = hash_key;
    slots_.resize(std::bit_ceil(entries.size() + entries.size() / 3 + 1));
    sorted_.reserve(entries.size());
    for (const auto& [value, id] : entries) {
      sorted_.push_back(value);
      std::size_t at = hash_number(value, hash_key_) & (slots_.size() - 1);
      while (slots_[at].id != kNone) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = {value, id};
    }
    std::ranges::sort(sorted_);
  }
  bool empty() const { return slots_.empty(); }
  std::size_t memory_bytes() const {
    return slots_.capacity() * sizeof(Slot) + sorted_.capacity() * 8;
  }
  // Ascending.
  const std::vector<std::uint64_t>& values() const { return sorted_; }
  std::uint32_t find(std::uint64_t value) const {
    std::size_t at = hash_number(value, hash_key_) & (slots_.size() - 1);
    for (;; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].id == kNone) return kNone;
      if (slots_[at].value == value) return slots_[at].id;
    }
  }

 private:
  struct Slot {
    std::uint64_t value = 0;
    std::uint32_t id = kNone;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint64_t> sorted_;
  std::uint64_t hash_key_ = 0;
};

}  // namespace weir::engine
