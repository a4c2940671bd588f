// Numbering: numbers for equal keys, in the order in which they first come. Keyed hash, so that
// nobody can write rules that collide.
//
// Threads: one. Lifetime: owns copies of the keys.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/rule/json_text.h"

namespace weir::engine {

class Numbering {
 public:
  explicit Numbering(std::uint64_t hash_key) : hash_key_(hash_key) {}

  // Room for `keys` keys, so that adding them never moves what is there.
  void reserve(std::size_t keys) {
    const std::size_t size = std::bit_ceil(keys * 2 + 16);
    if (size > slots_.size()) resize(size);
    ends_.reserve(keys + 1);
  }
  // The number, and whether it is new. `hash`: of the key, where the caller has one.
  std::pair<std::uint32_t, bool> add(std::string_view key) {
    return add(key, hash_text(key, hash_key_));
  }
  std::pair<std::uint32_t, bool> add(std::string_view key, std::uint64_t hash) {
    if ((count() + 1) * 2 > slots_.size()) resize(slots_.size() * 2 + 16);
    const auto tag = static_cast<std::uint32_t>(hash >> 32U);
    std::size_t at = place(tag);
    for (; slots_[at].number != kFree; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.tag == tag && this->key(slot.number) == key) return {slot.number, false};
    }
    const auto number = static_cast<std::uint32_t>(count());
    slots_[at] = {tag, number};
    bytes_ += key;
    ends_.push_back(bytes_.size());
    return {number, true};
  }
  std::size_t count() const { return ends_.size() - 1; }
  std::string_view key(std::uint32_t number) const {
    return std::string_view(bytes_).substr(ends_[number], ends_[number + 1] - ends_[number]);
  }

 private:
  static constexpr std::uint32_t kFree = 0xFFFFFFFFU;
  struct Slot {
    std::uint32_t tag = 0;  // of its hash
    std::uint32_t number = kFree;
  };
  std::size_t place(std::uint32_t tag) const {
    return (std::size_t{tag} * 0x9E3779B1U >> 8U) & (slots_.size() - 1);
  }
  void resize(std::size_t size) {
    std::vector<Slot> old(std::bit_ceil(size));
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number == kFree) continue;
      std::size_t at = place(slot.tag);
      while (slots_[at].number != kFree) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::uint64_t hash_key_;
  std::vector<Slot> slots_;
  std::string bytes_;
  std::vector<std::size_t> ends_ = {0};
};

}  // namespace weir::engine
