#include "core/log/replay.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"

namespace weir {

ReplayBlocks::ReplayBlocks(const ReplayNames& names, ReplayTables& tables, BusId bus,
                           std::size_t blocks, std::uint32_t capacity)
    : names_(names), tables_(tables), bus_(bus), pool_(blocks, 0, capacity, 2), user_(pool_) {}

ReplayBlocks::~ReplayBlocks() {
  if (next_ != nullptr) user_.put_back(next_);
  for (const auto& [image, origin] : origins_) release(origin);
}

bool ReplayBlocks::available() {
  if (large_ != nullptr && large_->free_blocks() == 0) return false;
  if (next_ == nullptr) next_ = user_.take();
  return next_ != nullptr;
}

void ReplayBlocks::trim() {
  if (large_ != nullptr && large_->free_blocks() == 1) large_.reset();
}

Block* ReplayBlocks::take(std::uint32_t bytes) {
  if (bytes <= pool_.capacity()) return std::exchange(next_, nullptr);
  WEIR_CHECK(large_ == nullptr || large_->free_blocks() == 1);
  if (large_ == nullptr || large_->capacity() < bytes) {
    large_ = std::make_unique<BlockPool>(1, 0, bytes, 2);
  }
  BlockPool::User user(*large_);
  return user.take();
}

Origin* ReplayBlocks::origin(std::string_view image) {
  for (const auto& [known, origin] : origins_) {
    if (known == image) return origin;
  }
  SourceImage source;
  if (!decode_source(image, source)) return nullptr;
  std::optional<EnvelopeText> envelope;
  if (source.enveloped) {
    envelope = EnvelopeText{std::string(source.envelope_source),
                            std::string(source.detail_type),
                            {source.resources.begin(), source.resources.end()}};
  }
  const Rendering* logged = tables_.renderings.intern(
      Rendering(std::string(source.account), std::string(source.region), envelope),
      [&](const Rendering& other) {
        if (other.account() != source.account || other.region() != source.region) return false;
        if (!envelope || !other.envelope()) return !envelope && !other.envelope();
        return envelope->source == other.envelope()->source &&
               envelope->detail_type == other.envelope()->detail_type &&
               envelope->resources == other.envelope()->resources;
      });
  const FlowLogLayout* layout = nullptr;
  if (!source.layout.empty()) {
    auto parsed = FlowLogLayout::from_names(source.layout);
    if (!parsed.ok()) return nullptr;
    const auto interned = tables_.layouts.intern(std::move(*parsed));
    if (!interned.ok()) return nullptr;
    layout = *interned;
  }
  if (logged == nullptr) return nullptr;
  if (origins_.size() == kOriginsMax) {
    for (const auto& [known, old] : origins_) release(old);
    origins_.clear();
  }
  auto* made = new Origin{.source = names_.source(source.name),
                          .label = std::string(source.name) + " (from the log)",
                          .layout = layout,
                          .logged = logged,
                          .refs = {}};
  made->refs.reset(1);
  origins_.emplace_back(std::string(image), made);
  return made;
}

// The sets with the ids of today, ascending; names that nobody has fall out.
void ReplayBlocks::put_targets(const RecordView& record, Block& block) {
  targets_.clear();
  for (const std::string_view name : record.target_names) targets_.push_back(names_.target(name));
  block.target_sets.assign(1, 0);
  block.target_list.clear();
  for (std::size_t set = 0; set < record.header.sets; ++set) {
    const auto begin = RecordView::at<std::uint32_t>(record.sets, set);
    const auto end = RecordView::at<std::uint32_t>(record.sets, set + 1);
    const auto first = static_cast<std::ptrdiff_t>(block.target_list.size());
    for (std::uint32_t i = begin; i < end; ++i) {
      const TargetId id = targets_[RecordView::at<std::uint16_t>(record.set_targets, i)];
      if (id.valid()) block.target_list.push_back(id);
    }
    std::sort(block.target_list.begin() + first, block.target_list.end());
    block.target_sets.push_back(static_cast<std::uint32_t>(block.target_list.size()));
  }
}

bool ReplayBlocks::put_spans(const RecordView& record, Block& block) {
  for (std::size_t i = 0; i < record.header.spans; ++i) {
    const auto image = RecordView::at<SpanImage>(record.spans, i);
    Origin* from = origin(record.source_images[image.source]);
    if (from == nullptr) return false;
    from->refs.acquire();
    block.spans.push_back({.origin = from,
                           .begin = image.begin,
                           .end = image.end,
                           .refused_after = image.refused_after,
                           .lines = image.lines});
  }
  return true;
}

Block* ReplayBlocks::make(const RecordView& record, const SteadyClock& clock) {
  const RecordHeader& header = record.header;
  Block* block = take(header.text_bytes);
  if (block == nullptr) return nullptr;
  block->reset();
  block->refs.reset(1);
  std::memcpy(block->mutable_begin(), record.text.data(), record.text.size());
  block->set_bounds(0, header.text_bytes);
  block->bus = bus_;
  block->log_sequence = header.sequence;
  block->id_seed = header.id_seed;
  block->id_sequence = header.id_sequence;
  block->hops = header.hops;
  block->received.wall = {Nanoseconds{header.received_ns}};
  block->received.monotonic = clock.monotonic(block->received.wall);
  block->events.resize(header.events);
  std::memcpy(block->events.data(), record.events.data(), record.events.size());
  put_targets(record, *block);
  if (put_spans(record, *block)) return block;
  block->release();
  return nullptr;
}

}  // namespace weir
