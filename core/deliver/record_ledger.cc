#include "core/deliver/record_ledger.h"

#include <algorithm>
#include <bit>

#include "core/base/check.h"

namespace weir {

void RecordLedger::begin_block(const BlockFacts& facts, std::uint64_t events, std::uint64_t first,
                               std::uint64_t next) {
  if (!enabled_) return;
  while (entries_.size() > 1 && entries_[1].first <= first) entries_.pop();
  while (first == next && !entries_.empty()) entries_.pop();
  const bool idle_and_large = first == next && ring_.size() > kRingKept;
  if (const std::uint64_t need = next - first + events; need > ring_.size() || idle_and_large) {
    std::vector<std::uint32_t> other(std::bit_ceil(std::max<std::uint64_t>(need, kRingFirst)));
    for (std::uint64_t serial = first; serial < next; ++serial) {
      other[serial & (other.size() - 1)] = index(serial);
    }
    ring_.swap(other);
    mask_ = ring_.size() - 1;
  }
  if (!entries_.empty() && entries_.back().first == next) {
    entries_.back().facts = facts;  // nothing of that block was taken
    return;
  }
  const auto same = [](const BlockFacts& a, const BlockFacts& b) {
    return a.id_seed == b.id_seed && a.id_sequence == b.id_sequence && a.bus == b.bus &&
           a.log_sequence == b.log_sequence;
  };
  if (!entries_.empty() && same(entries_.back().facts, facts)) return;
  entries_.push({.facts = facts, .first = next});
}

const BlockFacts& RecordLedger::facts(std::uint64_t serial) const {
  WEIR_CHECK(!entries_.empty() && entries_[0].first <= serial);
  std::size_t low = 0;
  std::size_t high = entries_.size();
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (entries_[middle].first <= serial ? low : high) = middle;
  }
  return entries_[low].facts;
}

}  // namespace weir
