#include "core/log/record_encoder.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/log/checksum.h"
#include "core/wire/flow_log.h"

namespace weir {
namespace {

constexpr std::array<char, kPageBytes> kZeros{};

template <typename T>
std::span<const char> bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::uint32_t small(std::size_t value) {
  WEIR_CHECK(value <= kRecordBytesMax);
  return static_cast<std::uint32_t>(value);
}

}  // namespace

void RecordEncoder::start() {
  ++generation_;
  header_ = RecordHeader{};
  spans_.clear();
  marks_.clear();
  set_targets_.clear();
  record_sources_.clear();
  target_names_.clear();
  source_names_.clear();
  pieces_.fill({});
}

void RecordEncoder::put_name(std::string_view name) {
  const auto size = static_cast<std::uint32_t>(name.size());
  target_names_.append(reinterpret_cast<const char*>(&size), sizeof(size));
  target_names_.append(name);
}

std::uint16_t RecordEncoder::target_index(TargetId id) {
  if (id.value >= targets_.size()) targets_.resize(std::size_t{id.value} + 1);
  KnownTarget& known = targets_[id.value];
  if (known.generation == generation_) return known.index;
  if (known.generation == 0) known.name = names_.target(id);
  known.generation = generation_;
  known.index = static_cast<std::uint16_t>(header_.targets++);
  put_name(known.name);
  return known.index;
}

const std::string& RecordEncoder::source_image(const Origin& origin) {
  std::string& image = source_images_[{origin.source, {origin.layout, origin.logged}}];
  if (!image.empty()) return image;
  const Rendering& how =
      origin.logged != nullptr ? *origin.logged : names_.rendering(origin.source);
  const std::string name = names_.source(origin.source);
  SourceImage source{.name = name, .account = how.account(), .region = how.region()};
  if (const auto& envelope = how.envelope()) {
    source.enveloped = true;
    source.envelope_source = envelope->source;
    source.detail_type = envelope->detail_type;
    source.resources.assign(envelope->resources.begin(), envelope->resources.end());
  }
  if (origin.layout != nullptr) source.layout = origin.layout->header();
  image = encode_source(source);
  return image;
}

std::uint16_t RecordEncoder::source_index(const Origin& origin) {
  const SourceKey key{origin.source, {origin.layout, origin.logged}};
  const auto known = std::ranges::find(record_sources_, key);
  if (known != record_sources_.end()) {
    return static_cast<std::uint16_t>(known - record_sources_.begin());
  }
  record_sources_.push_back(key);
  const std::string& image = source_image(origin);
  const auto size = static_cast<std::uint32_t>(image.size());
  source_names_.append(reinterpret_cast<const char*>(&size), sizeof(size));
  source_names_.append(image);
  return static_cast<std::uint16_t>(record_sources_.size() - 1);
}

std::uint64_t RecordEncoder::lay_out(const Block& block) {
  start();
  for (const ProducerSpan& span : block.spans) {
    spans_.push_back({.begin = span.begin,
                      .end = span.end,
                      .lines = span.lines,
                      .source = source_index(*span.origin),
                      .refused_after = span.refused_after});
  }
  for (const TargetId id : block.target_list) set_targets_.push_back(target_index(id));
  header_.kind = RecordKind::block;
  header_.sequence = block.log_sequence;
  header_.received_ns = block.received.wall.since_epoch.count();
  header_.id_seed = block.id_seed;
  header_.id_sequence = block.id_sequence;
  header_.hops = block.hops;
  header_.text_bytes = small(block.text().size());
  header_.events = small(block.events.size());
  header_.sets = small(block.target_sets.size() - 1);
  pieces_[1] = {block.text().data(), block.text().size()};
  pieces_[2] = bytes_of(block.events);
  pieces_[3] = bytes_of(block.target_sets);
  pieces_[5] = bytes_of(block.file_marks);
  header_.file_marks = small(block.file_marks.size());
  finish();
  return padded_bytes_;
}

void RecordEncoder::begin_checkpoint(std::span<const LoggedMark> marks, std::uint64_t next_sequence,
                                     const Place& place) {
  static constexpr std::uint32_t kNoSets = 0;
  start();
  std::vector<std::string_view> names;
  for (const LoggedMark& logged : marks) {
    auto known = std::ranges::find(names, logged.source);
    if (known == names.end()) {
      const std::string image = encode_source({.name = logged.source});
      const auto size = static_cast<std::uint32_t>(image.size());
      source_names_.append(reinterpret_cast<const char*>(&size), sizeof(size));
      source_names_.append(image);
      known = names.insert(names.end(), logged.source);
    }
    marks_.push_back(logged.mark);
    marks_.back().span = static_cast<std::uint32_t>(known - names.begin());
  }
  header_.kind = RecordKind::checkpoint;
  header_.sequence = next_sequence;
  header_.file_marks = small(marks_.size());
  header_.sources = small(names.size());
  pieces_[3] = {reinterpret_cast<const char*>(&kNoSets), sizeof(kNoSets)};
  pieces_[5] = bytes_of(marks_);
  names_piece_ = source_names_;
  pieces_[7] = names_piece_;
  header_.name_bytes = small(names_piece_.size());
  finish();
  begin(place);
}

// The parts that follow from the tables; and the lengths.
void RecordEncoder::finish() {
  if (header_.kind == RecordKind::block) {
    header_.spans = small(spans_.size());
    header_.set_targets = small(set_targets_.size());
    header_.sources = small(record_sources_.size());
    names_piece_.assign(target_names_).append(source_names_);
    header_.name_bytes = small(names_piece_.size());
    pieces_[4] = bytes_of(spans_);
    pieces_[6] = bytes_of(set_targets_);
    pieces_[7] = names_piece_;
  }
  pieces_[0] = {reinterpret_cast<const char*>(&header_), sizeof(header_)};
  std::size_t length = 0;
  for (const std::span<const char> piece : pieces_) length += piece.size();
  header_.length = small(length);
  padded_bytes_ = padded(length);
  pieces_[8] = std::span(kZeros).first(padded_bytes_ - length);
}

void RecordEncoder::begin(const Place& place) {
  header_.segment_id = place.segment_id;
  header_.offset = place.offset;
  header_.durable_below = place.durable_below;
  Checksum checksum;
  checksum.add(pieces_[0].subspan(sizeof(header_.checksum)));
  for (std::size_t i = 1; i < kPieces; ++i) checksum.add(pieces_[i]);
  header_.checksum = checksum.value();
  copied_ = 0;
  piece_ = 0;
  piece_at_ = 0;
}

void RecordEncoder::add_marks(const Block& block, MarkTable& marks) {
  for (const FileMark& mark : block.file_marks) {
    const SourceId source = block.spans[mark.span].origin->source;
    std::string& name = source_names_known_[source];
    if (name.empty()) name = names_.source(source);
    marks.set(name, mark);
  }
}

std::size_t RecordEncoder::copy(std::span<char> out) {
  std::size_t written = 0;
  while (written < out.size() && piece_ < kPieces) {
    const std::span<const char> rest = pieces_[piece_].subspan(piece_at_);
    const std::size_t count = std::min(rest.size(), out.size() - written);
    if (count > 0) std::memcpy(out.data() + written, rest.data(), count);
    written += count;
    piece_at_ += count;
    if (count < rest.size()) break;
    ++piece_;
    piece_at_ = 0;
  }
  copied_ += written;
  return written;
}

}  // namespace weir
