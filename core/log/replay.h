// ReplayBlocks: makes blocks out of records, as they were when they were written: names become the
// ids of this process, and each origin is rendered as it was then.
//
// Memory: `blocks` of the usual size, taken when first needed; one larger one while a record needs
// it; kOriginsMax origins. Threads: one; ReplayTables may be shared by all.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/steady_clock.h"
#include "core/block/block.h"
#include "core/log/log_names.h"
#include "core/log/record.h"
#include "core/sync/intern_table.h"
#include "core/wire/flow_log.h"
#include "core/wire/render.h"

namespace weir {

// What origins of all readers point to; lives as long as any block.
struct ReplayTables {
  static constexpr std::size_t kRenderingsMax = 4096;
  explicit ReplayTables(LayoutTable& in_layouts) : layouts(in_layouts) {}
  LayoutTable& layouts;
  InternTable<Rendering> renderings{kRenderingsMax};
};

class ReplayBlocks {
 public:
  ReplayBlocks(const ReplayNames& names, ReplayTables& tables, BusId bus, std::size_t blocks,
               std::uint32_t capacity);
  ~ReplayBlocks();  // all blocks are back

  // There is a block for the next make(), however large.
  bool available();
  // Gives back what a large record took.
  void trim();
  // When available(). With one reference, the taker's. Null: the record names what cannot be.
  Block* make(const RecordView& record, const SteadyClock& clock);

 private:
  static constexpr std::size_t kOriginsMax = 64;
  Block* take(std::uint32_t bytes);
  Origin* origin(std::string_view image);
  void put_targets(const RecordView& record, Block& block);
  bool put_spans(const RecordView& record, Block& block);

  const ReplayNames& names_;
  ReplayTables& tables_;
  const BusId bus_;
  BlockPool pool_;
  BlockPool::User user_;
  Block* next_ = nullptr;
  std::unique_ptr<BlockPool> large_;
  std::vector<std::pair<std::string, Origin*>> origins_;
  std::vector<TargetId> targets_;
};

}  // namespace weir
