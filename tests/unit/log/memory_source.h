// A BlockSource over records in memory, which come when the test lets them: what a LogReader does,
// without a disk.
#pragma once

#include <functional>
#include <set>
#include <utility>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/log/block_source.h"

namespace weir {

class MemorySource : public BlockSource {
 public:
  // Makes the block of a record, with one reference; null: there is no such record yet.
  using Make = std::function<Block*(std::uint64_t sequence)>;
  explicit MemorySource(Make make, std::uint64_t seed = 1)
      : make_(std::move(make)), random_(seed) {}

  void seek(std::uint64_t sequence) override {
    at_ = sequence;
    active = true;
    ++seeks;
  }
  void stop() override { active = false; }
  std::size_t poll(const Now&) override {
    ready_ = random_.uniform() >= slow;
    return 0;
  }
  Item next() override {
    WEIR_CHECK(active);
    if (!ready_) return {};
    if (damaged.contains(at_)) {
      while (damaged.contains(at_)) ++at_;
      return {.kind = Item::Kind::missed, .next = at_};
    }
    Block* block = make_(at_);
    if (block == nullptr) return {};
    ++at_;
    ++reads;
    return {.kind = Item::Kind::block, .block = block};
  }

  double slow = 0;  // the chance that at a poll nothing is there
  std::set<std::uint64_t> damaged;
  bool active = false;
  std::uint64_t seeks = 0;
  std::uint64_t reads = 0;

 private:
  Make make_;
  Random random_;
  std::uint64_t at_ = 0;
  bool ready_ = true;
};

}  // namespace weir
