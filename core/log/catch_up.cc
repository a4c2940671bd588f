#include "core/log/catch_up.h"

#include <algorithm>

#include "core/base/check.h"

namespace weir {

std::size_t CatchUp::poll(const Now& now) {
  std::size_t work = 0;
  for (Reader& reader : readers_) work += reader.source->poll(now);
  client_.wants(wants_);
  stop_unneeded();
  put_off_ = false;
  if (wants_.empty()) return work;
  assign();
  std::size_t left = budget();
  put_off_ = left == 0;
  // One record of each reader in turn.
  for (std::size_t without = 0; left > 0 && without < readers_.size();) {
    Reader& reader = readers_[next_reader_];
    next_reader_ = (next_reader_ + 1) % readers_.size();
    if (!needed(reader) || !advance(reader, now)) {
      ++without;
      continue;
    }
    without = 0;
    --left;
    ++work;
    client_.wants(wants_);
  }
  return work;
}

MonotonicTime CatchUp::next_deadline() const {
  if (put_off_) return MonotonicTime{};
  MonotonicTime next = MonotonicTime::never();
  for (const Reader& reader : readers_) next = std::min(next, reader.source->next_deadline());
  return next;
}

std::size_t CatchUp::budget() {
  if (!client_.busy()) {
    busy_polls_ = 0;
    return options_.records_per_poll;
  }
  if (++busy_polls_ < options_.polls_per_record) return 0;
  busy_polls_ = 0;
  return 1;
}

bool CatchUp::needed(const Reader& reader) const {
  return reader.active &&
         std::ranges::any_of(wants_, [&](const Want& want) { return serves(reader, want); });
}

void CatchUp::stop_unneeded() {
  for (Reader& reader : readers_) {
    if (!reader.active || needed(reader)) continue;
    reader.active = false;
    reader.source->stop();
  }
}

void CatchUp::assign() {
  const std::size_t count = wants_.size();
  const std::size_t first = first_want_;
  for (std::size_t i = 0; i < count; ++i) {
    const Want& want = wants_[(first + i) % count];
    if (std::ranges::any_of(readers_, [&](const Reader& r) { return serves(r, want); })) continue;
    Reader* reader = reader_for(want.bus);
    if (reader == nullptr) continue;
    reader->active = true;
    reader->at = want.next.sequence;
    reader->turn = 0;
    reader->source->seek(reader->at);
    counters_.seeks.add();
    first_want_ = (first + i + 1) % count;
  }
}

// An idle one, or else one that has had its turn.
CatchUp::Reader* CatchUp::reader_for(BusId bus) {
  Reader* found = nullptr;
  for (Reader& reader : readers_) {
    if (reader.bus != bus) continue;
    if (!reader.active) return &reader;
    if (reader.turn >= options_.records_per_turn) found = &reader;
  }
  return found;
}

bool CatchUp::advance(Reader& reader, const Now& now) {
  const BlockSource::Item item = reader.source->next();
  switch (item.kind) {
    case BlockSource::Item::Kind::nothing:
      return false;
    case BlockSource::Item::Kind::missed:
      WEIR_CHECK(item.next > reader.at);
      counters_.missed.add(item.next - reader.at);
      client_.missed(reader.bus, reader.at, item.next);
      reader.at = item.next;
      return true;
    case BlockSource::Item::Kind::block:
      break;
  }
  Block& block = *item.block;
  WEIR_CHECK(block.bus == reader.bus && block.log_sequence == reader.at);
  // How old it is by the clock of this run; never from the future.
  block.received.monotonic = std::min(clock_.monotonic(block.received.wall), now.monotonic);
  client_.offer(block, now);
  block.release();
  counters_.records.add();
  ++reader.at;
  ++reader.turn;
  return true;
}

}  // namespace weir
