#include "core/ingest/block_filler.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/base/give_back.h"

namespace weir {
namespace {

// Reads with fewer complete bytes than this share of a block are copied together: a copy
// of 32 KiB takes about a microsecond, a block for each small read would take the pool.
constexpr std::uint32_t kGatherShare = 4;

std::string_view unread(const LineStream& stream) {
  return {stream.pending->receive_area().data() + stream.pending_begin,
          stream.pending_end - stream.pending_begin};
}

// Memory of a carry that is more than a short line's.
constexpr std::size_t kShortCarryBytes = 16 * 1024;
std::uint64_t long_bytes(const LineStream& stream) {
  return stream.carry.capacity() > kShortCarryBytes ? stream.carry.capacity() : 0;
}

}  // namespace

BlockFiller::BlockFiller(const Shared& shared)
    : shared_(shared),
      blocks_(shared.blocks),
      large_(shared.large_blocks),
      sealed_(shared.sealed),
      gather_bytes_max_(shared.blocks.capacity() / kGatherShare) {}

BlockFiller::~BlockFiller() {
  for (const Gather& gather : gathers_) {
    if (gather.block == nullptr) continue;
    for (const ProducerSpan& span : gather.block->spans) release(span.origin);
    blocks_.put_back(gather.block);
  }
}

bool BlockFiller::received(LineStream& stream, Block* block, std::uint32_t bytes, const Now& now) {
  WEIR_CHECK(!stuck(stream));
  stream.pending = block;
  stream.pending_begin = 0;
  stream.pending_end = bytes;
  return resume(stream, now);
}

bool BlockFiller::resume(LineStream& stream, const Now& now) {
  if (!record_refusal(stream, now)) return false;
  if (stream.pending == nullptr) return true;

  if (stream.skipping) skip_line(stream);
  const std::string_view bytes = unread(stream);
  const std::size_t last = bytes.rfind('\n');
  if (last != std::string_view::npos) {
    const std::uint32_t lines_end = stream.pending_begin + static_cast<std::uint32_t>(last) + 1;
    if (!complete_carry(stream, now)) return false;
    if (!take_lines(stream, lines_end, now)) return false;
    if (stream.pending == nullptr) return record_refusal(stream, now);
  }
  keep(stream, unread(stream));
  blocks_.put_back(stream.pending);
  stream.pending = nullptr;
  return record_refusal(stream, now);
}

// Passes over the rest of a line that was refused; only at its end the stream is at a line again.
void BlockFiller::skip_line(LineStream& stream) {
  const std::string_view bytes = unread(stream);
  const std::size_t line_end = bytes.find('\n');
  stream.skipping = line_end == std::string_view::npos;
  const std::size_t passed = stream.skipping ? bytes.size() : line_end + 1;
  stream.pending_begin += static_cast<std::uint32_t>(passed);
  stream.skipped_bytes += passed;
  if (!stream.skipping) move_on(stream, std::exchange(stream.skipped_bytes, 0));
}

// A carried line that is too long for the headroom, or for the source, ends in this read: takes it
// out on its own. A shorter one stays and goes with the lines that follow it.
bool BlockFiller::complete_carry(LineStream& stream, const Now& now) {
  if (stream.carry.empty()) return true;
  const std::string_view line_end = unread(stream).substr(0, unread(stream).find('\n') + 1);
  const std::size_t bytes = stream.carry.size() + line_end.size();
  if (bytes - 1 > stream.event_bytes_limit) {
    set_carry(stream, {}, {});
    move_on(stream, bytes);
    stream.refusal_due = RefuseReason::too_large;
  } else if (stream.carry.size() > stream.pending->headroom() + stream.pending_begin) {
    if (!seal_large(stream, stream.carry, line_end, bytes, now)) return false;
    set_carry(stream, {}, {});
  } else {
    return true;
  }
  stream.pending_begin += static_cast<std::uint32_t>(line_end.size());
  return record_refusal(stream, now);
}

// Takes the carry and the complete lines up to lines_end. When the block itself was sealed,
// stream.pending is null and the rest of the read is the new carry.
bool BlockFiller::take_lines(LineStream& stream, std::uint32_t lines_end, const Now& now) {
  const std::uint32_t bytes = lines_end - stream.pending_begin;
  if (bytes == 0) return true;
  if (stream.carry.size() + bytes > gather_bytes_max_) {
    seal_read(stream, lines_end, now);
    return true;
  }
  const std::string_view lines = unread(stream).substr(0, bytes);
  if (!gather(stream, stream.carry, lines, stream.carry.size() + bytes, now)) return false;
  set_carry(stream, {}, {});
  stream.pending_begin = lines_end;
  return true;
}

void BlockFiller::seal_read(LineStream& stream, std::uint32_t lines_end, const Now& now) {
  flush(stream.bus, now);  // what this stream may have in the gather block goes first
  Block* block = stream.pending;
  const std::uint32_t headroom = block->headroom();
  const auto carried = static_cast<std::uint32_t>(stream.carry.size());
  const std::uint32_t begin = headroom + stream.pending_begin - carried;
  std::memcpy(block->mutable_begin() + begin, stream.carry.data(), carried);
  set_carry(stream, {}, {});
  stream.pending_begin = lines_end;
  const std::uint32_t bytes = headroom + lines_end - begin;
  move_on(stream, bytes);
  add_span(block, stream, 0, bytes);
  block->bus = stream.bus;
  keep(stream, unread(stream));  // before the bounds are set, which writes behind the end
  block->set_bounds(begin, headroom + lines_end);
  seal(block, now);
  stream.pending = nullptr;
}

// Keeps an unfinished line for the next read.
void BlockFiller::keep(LineStream& stream, std::string_view rest) {
  if (stream.carry.size() + rest.size() > stream.event_bytes_limit) {
    stream.skipped_bytes = stream.carry.size() + rest.size();
    set_carry(stream, {}, {});
    stream.skipping = true;
    stream.refusal_due = RefuseReason::too_large;
  } else if (!rest.empty()) {
    set_carry(stream, stream.carry, rest);
  }
}

// carry = head + tail, where head is the carry itself or empty; memory that a long line took is
// given back with it.
void BlockFiller::set_carry(LineStream& stream, std::string_view head, std::string_view tail) {
  long_carry_bytes_ -= long_bytes(stream);
  if (head.empty() && stream.carry.capacity() > kShortCarryBytes) give_back(stream.carry);
  if (head.empty()) stream.carry.clear();
  stream.carry.append(tail);
  long_carry_bytes_ += long_bytes(stream);
}

bool BlockFiller::record_refusal(LineStream& stream, const Now& now) {
  if (stream.refusal_due == RefuseReason::none) return true;
  const Gather* to = open_gather(stream, 0, now);
  if (to == nullptr) return false;
  add_span(to->block, stream, to->bytes, to->bytes);
  to->block->spans.back().refused_after = stream.refusal_due;
  stream.refusal_due = RefuseReason::none;
  return true;
}

// Copies head + lines into the gather block: whole lines, fewer than a block holds.
bool BlockFiller::gather(LineStream& stream, std::string_view head, std::string_view lines,
                         std::uint64_t bytes, const Now& now) {
  const std::size_t size = head.size() + lines.size();
  Gather* gather = open_gather(stream, size, now);
  if (gather == nullptr) return false;
  move_on(stream, bytes);
  char* to = gather->block->receive_area().data() + gather->bytes;
  std::memcpy(to, head.data(), head.size());
  std::memcpy(to + head.size(), lines.data(), lines.size());
  const auto end = gather->bytes + static_cast<std::uint32_t>(size);
  add_span(gather->block, stream, gather->bytes, end);
  gather->bytes = end;
  return true;
}

BlockFiller::Gather* BlockFiller::open_gather(const LineStream& stream, std::size_t room,
                                              const Now& now) {
  WEIR_DCHECK(room <= shared_.blocks.capacity());
  if (stream.bus.value >= gathers_.size()) gathers_.resize(stream.bus.value + std::size_t{1});
  Gather& gather = gathers_[stream.bus.value];
  if (gather.block != nullptr && gather.bytes + room > gather.block->capacity()) flush(gather, now);
  if (gather.block != nullptr) return &gather;
  gather = {.block = blocks_.take(), .bytes = 0, .since = now.monotonic};
  if (gather.block == nullptr) return nullptr;
  gather.block->bus = stream.bus;
  ++gathering_;
  return &gather;
}

void BlockFiller::flush(const Now& now) {
  for (Gather& gather : gathers_) flush(gather, now);
}

void BlockFiller::flush(BusId bus, const Now& now) {
  if (bus.value < gathers_.size()) flush(gathers_[bus.value], now);
}

void BlockFiller::flush(Gather& gather, const Now& now) {
  if (gather.block == nullptr) return;
  Block* block = std::exchange(gather.block, nullptr);
  block->set_bounds(block->headroom(), block->headroom() + gather.bytes);
  --gathering_;
  seal(block, now);
}

MonotonicTime BlockFiller::gathering_since() const {
  MonotonicTime since = MonotonicTime::never();
  for (const Gather& gather : gathers_) {
    if (gather.block != nullptr) since = std::min(since, gather.since);
  }
  return since;
}

// Seals a long line, head + line_end, as a block of its own.
bool BlockFiller::seal_large(LineStream& stream, std::string_view head, std::string_view line_end,
                             std::uint64_t bytes, const Now& now) {
  Block* block = large_.take();
  if (block == nullptr) return false;
  flush(stream.bus, now);
  block->bus = stream.bus;
  move_on(stream, bytes);
  const std::size_t size = head.size() + line_end.size();
  WEIR_CHECK(size <= block->capacity());
  char* to = block->receive_area().data();
  std::memcpy(to, head.data(), head.size());
  std::memcpy(to + head.size(), line_end.data(), line_end.size());
  block->set_bounds(block->headroom(), block->headroom() + static_cast<std::uint32_t>(size));
  add_span(block, stream, 0, static_cast<std::uint32_t>(size));
  seal(block, now);
  return true;
}

void BlockFiller::add_span(Block* block, LineStream& stream, std::uint32_t begin,
                           std::uint32_t end) {
  Origin* origin = stream.origin;
  if (!block->spans.empty()) {
    ProducerSpan& last = block->spans.back();
    if (last.origin == origin && last.refused_after == RefuseReason::none) {
      last.end = end;
      return mark_file(block, stream);
    }
  }
  origin->refs.acquire();
  ++stream.spans;
  block->spans.push_back({.origin = origin, .begin = begin, .end = end});
  mark_file(block, stream);
}

// Inside a line that is passed over there is no place to go on from: the mark before stands.
void BlockFiller::mark_file(Block* block, const LineStream& stream) {
  if (stream.file == nullptr || stream.skipping) return;
  const auto span = static_cast<std::uint32_t>(block->spans.size() - 1);
  if (block->file_marks.empty() || block->file_marks.back().span != span) {
    block->file_marks.emplace_back();
  }
  block->file_marks.back() = *stream.file;
  block->file_marks.back().span = span;
}

void BlockFiller::seal(Block* block, const Now& now) {
  block->sequence = shared_.sequence.fetch_add();
  block->id_seed = shared_.id_seed;
  block->id_sequence = block->sequence;
  block->received = now;
  // The channel holds every block there is; a refusal can only be moodycamel's own, under
  // contention.
  if (!sealed_.push(block)) shared_.sealed.push_from_any_thread(block);
}

std::size_t BlockFiller::append(LineStream& stream, std::string_view bytes, const Now& now) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    if (stuck(stream) && !resume(stream, now)) break;
    Block* block = take_block();
    if (block == nullptr) break;
    const std::size_t part = std::min<std::size_t>(bytes.size() - taken, block->capacity());
    std::memcpy(block->receive_area().data(), bytes.data() + taken, part);
    taken += part;
    if (!received(stream, block, static_cast<std::uint32_t>(part), now)) break;
  }
  return taken;
}

bool BlockFiller::add_line(LineStream& stream, std::string_view line, std::uint64_t bytes,
                           const Now& now) {
  if (line.size() > stream.event_bytes_limit) return refuse(stream, RefuseReason::too_large, now);
  if (line.size() + 1 > gather_bytes_max_) return seal_large(stream, line, "\n", bytes, now);
  return gather(stream, line, "\n", bytes, now);
}

bool BlockFiller::add_lines(LineStream& stream, std::string_view lines, const Now& now) {
  WEIR_DCHECK(lines.size() <= lines_bytes_max() && stream.carry.empty());
  return gather(stream, lines, lines.ends_with('\n') ? "" : "\n", lines.size(), now);
}

bool BlockFiller::end(LineStream& stream, bool reset, const Now& now) {
  WEIR_CHECK(!stuck(stream));
  if (stream.skipping || stream.carry.empty()) return true;
  if (reset) return refuse(stream, RefuseReason::truncated, now);
  if (!add_line(stream, stream.carry, stream.carry.size(), now)) return false;
  set_carry(stream, {}, {});
  return true;
}

bool BlockFiller::refuse(LineStream& stream, RefuseReason reason, const Now& now) {
  set_carry(stream, {}, {});
  stream.refusal_due = reason;
  return record_refusal(stream, now);
}

void BlockFiller::drop(LineStream& stream) {
  set_carry(stream, {}, {});
  if (stream.pending != nullptr) blocks_.put_back(stream.pending);
  stream.pending = nullptr;
  stream.refusal_due = RefuseReason::none;
}

}  // namespace weir
