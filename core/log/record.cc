#include "core/log/record.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/log/checksum.h"

namespace weir {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");
static_assert(static_cast<int>(RefuseReason::count_) == 10, "numbers of reasons are in the format");

void put_text(std::string_view text, std::string& out) {
  const auto size = static_cast<std::uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  out.append(text);
}

// Takes pieces off the front of bytes whose lengths are not to be trusted.
class Scanner {
 public:
  explicit Scanner(std::string_view bytes) : rest_(bytes) {}
  bool number(std::uint32_t& value) {
    if (rest_.size() < sizeof(value)) return false;
    std::memcpy(&value, rest_.data(), sizeof(value));
    rest_.remove_prefix(sizeof(value));
    return true;
  }
  bool text(std::string_view& value) {
    std::uint32_t size = 0;
    if (!number(size) || size > rest_.size()) return false;
    value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool all_zeros(std::span<const char> bytes) {
  return std::ranges::all_of(bytes, [](char c) { return c == 0; });
}

// Cuts the sections of a record whose checksum was right. False when they do not fill it exactly.
bool cut_sections(std::span<const char> record, RecordView& out) {
  const RecordHeader& header = out.header;
  std::uint64_t at = sizeof(RecordHeader);
  bool fits = true;
  const auto take = [&](std::uint64_t count, std::uint64_t each) {
    const std::uint64_t bytes = count * each;
    if (!fits || bytes > record.size() - at) {
      fits = false;
      return std::span<const char>();
    }
    const std::span<const char> section = record.subspan(at, bytes);
    at += bytes;
    return section;
  };
  const std::span<const char> text = take(header.text_bytes, 1);
  out.text = {text.data(), text.size()};
  out.events = take(header.events, sizeof(EventEntry));
  out.sets = take(std::uint64_t{header.sets} + 1, sizeof(std::uint32_t));
  out.spans = take(header.spans, sizeof(SpanImage));
  out.file_marks = take(header.file_marks, sizeof(FileMark));
  out.set_targets = take(header.set_targets, sizeof(std::uint16_t));
  const std::span<const char> names = take(header.name_bytes, 1);
  if (!fits || at != record.size()) return false;
  Scanner scanner({names.data(), names.size()});
  for (auto [count, list] : {std::pair{header.targets, &out.target_names},
                             std::pair{header.sources, &out.source_images}}) {
    list->clear();
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!scanner.text(list->emplace_back())) return false;
    }
  }
  return scanner.at_end();
}

// A sound checksum says that this is what was written; these say that it can be used.
bool makes_sense(const RecordView& view) {
  const RecordHeader& header = view.header;
  for (std::size_t i = 0; i < header.events; ++i) {
    const auto event = RecordView::at<EventEntry>(view.events, i);
    if (event.set >= header.sets || event.offset > header.text_bytes ||
        event.length > header.text_bytes - event.offset) {
      return false;
    }
  }
  std::uint32_t last = 0;
  for (std::size_t i = 0; i <= header.sets; ++i) {
    const auto begin = RecordView::at<std::uint32_t>(view.sets, i);
    if (begin < last || begin > header.set_targets) return false;
    last = begin;
  }
  if (last != header.set_targets) return false;
  for (std::size_t i = 0; i < header.set_targets; ++i) {
    if (RecordView::at<std::uint16_t>(view.set_targets, i) >= header.targets) return false;
  }
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < header.spans; ++i) {
    const auto span = RecordView::at<SpanImage>(view.spans, i);
    if (span.begin < end || span.end < span.begin || span.end > header.text_bytes ||
        span.source >= header.sources || span.refused_after >= RefuseReason::count_) {
      return false;
    }
    end = span.end;
  }
  // Of a checkpoint the mark names its source itself.
  const std::uint32_t marked =
      header.kind == RecordKind::checkpoint ? header.sources : header.spans;
  for (std::size_t i = 0; i < header.file_marks; ++i) {
    if (RecordView::at<FileMark>(view.file_marks, i).span >= marked) return false;
  }
  return header.kind >= RecordKind::block && header.kind <= RecordKind::filler;
}

}  // namespace

std::string_view to_string(RecordError error) {
  switch (error) {
    case RecordError::none:
      return "sound";
    case RecordError::blank:
      return "nothing was written there";
    case RecordError::foreign:
      return "no record of this segment and place";
    case RecordError::short_:
      return "cut off";
    case RecordError::checksum:
      return "the checksum does not fit";
    case RecordError::malformed:
      return "the record makes no sense";
  }
  return "unknown";
}

std::string encode_source(const SourceImage& image) {
  std::string out;
  for (const std::string_view text : {image.name, image.account, image.region, image.layout}) {
    put_text(text, out);
  }
  if (!image.enveloped) return out;
  put_text(image.envelope_source, out);
  put_text(image.detail_type, out);
  for (const std::string_view resource : image.resources) put_text(resource, out);
  return out;
}

bool decode_source(std::string_view bytes, SourceImage& image) {
  image = {};
  Scanner scanner(bytes);
  if (!scanner.text(image.name) || !scanner.text(image.account) || !scanner.text(image.region) ||
      !scanner.text(image.layout)) {
    return false;
  }
  image.enveloped = !scanner.at_end();
  if (!image.enveloped) return true;
  if (!scanner.text(image.envelope_source) || !scanner.text(image.detail_type)) return false;
  while (!scanner.at_end()) {
    if (!scanner.text(image.resources.emplace_back())) return false;
  }
  return true;
}

void encode_filler(const RecordPlace& place, std::uint64_t sequence, std::span<char> out) {
  std::ranges::fill(out, '\0');
  RecordHeader header;
  header.length = static_cast<std::uint32_t>(out.size());
  header.segment_id = place.segment_id;
  header.offset = place.offset;
  header.sequence = sequence;
  header.kind = RecordKind::filler;
  header.text_bytes =
      static_cast<std::uint32_t>(out.size() - sizeof(header) - sizeof(std::uint32_t));
  std::memcpy(out.data(), &header, sizeof(header));
  header.checksum = Checksum::of(out.subspan(sizeof(header.checksum)));
  std::memcpy(out.data(), &header.checksum, sizeof(header.checksum));
}

bool peek_record(std::span<const char> bytes, const RecordPlace& place, RecordHeader& header) {
  if (bytes.size() < sizeof(header)) return false;
  std::memcpy(&header, bytes.data(), sizeof(header));
  return header.magic == kRecordMagic && header.offset == place.offset &&
         (place.segment_id == 0 || header.segment_id == place.segment_id) &&
         header.length >= sizeof(header) && header.length <= kRecordBytesMax;
}

RecordError decode_record(std::span<const char> bytes, const RecordPlace& place, RecordView& out,
                          std::uint64_t& bytes_needed, const DecodeOptions& options) {
  if (bytes.size() < kPageBytes) {
    bytes_needed = kPageBytes;
    return RecordError::short_;
  }
  RecordHeader& header = out.header;
  if (!peek_record(bytes, place, header)) {
    return all_zeros(bytes.first(sizeof(header))) ? RecordError::blank : RecordError::foreign;
  }
  const std::uint64_t whole = padded(header.length);
  if (whole > bytes.size()) {
    bytes_needed = whole;
    return RecordError::short_;
  }
  const std::span<const char> covered = bytes.first(whole).subspan(sizeof(header.checksum));
  if (!options.ignore_checksum && Checksum::of(covered) != header.checksum) {
    return RecordError::checksum;
  }
  if (!cut_sections(bytes.first(header.length), out) || !makes_sense(out)) {
    return RecordError::malformed;
  }
  return RecordError::none;
}

}  // namespace weir
