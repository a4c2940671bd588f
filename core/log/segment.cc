#include "core/log/segment.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/check.h"
#include "core/log/checksum.h"

namespace weir {
namespace {

constexpr std::size_t kNameDigits = 20;
constexpr std::uint64_t kSegmentMagic = 0x0a474f4c52494557;  // "WEIRLOG\n" as bytes

struct HeaderImage {
  std::uint64_t checksum;  // of the rest of the page
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t bus_bytes;
  std::uint64_t segment_id;
  std::uint64_t first_sequence;
  std::int64_t created_ns;
  std::uint64_t segment_bytes;
};
static_assert(sizeof(HeaderImage) == 56 && sizeof(HeaderImage) + kBusNameBytesMax <= kPageBytes);

}  // namespace

std::string segment_name(std::uint64_t first_sequence) {
  const std::string digits = std::to_string(first_sequence);
  return std::string(kNameDigits - digits.size(), '0') + digits + std::string(kSegmentSuffix);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != kNameDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kNameDigits, number);
  if (error != std::errc() || end != name.data() + kNameDigits) return std::nullopt;
  return number;
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

std::string bus_directory(std::string_view data_dir, std::string_view bus) {
  std::string name;
  for (const char c : bus) {
    if (c == '/') {
      name += "%2F";
    } else if (c == '.' && name.empty()) {
      name += "%2E";
    } else {
      name += c;
    }
  }
  return join_path(join_path(data_dir, "buses"), name);
}

std::string bus_of_directory(std::string_view name) {
  std::string bus;
  while (!name.empty()) {
    const bool slash = name.starts_with("%2F");
    const bool dot = bus.empty() && name.starts_with("%2E");
    bus += slash ? '/' : dot ? '.' : name.front();
    name.remove_prefix(slash || dot ? 3 : 1);
  }
  return bus;
}

void encode_segment_header(const SegmentHeader& header, std::span<char> page) {
  WEIR_CHECK(page.size() == kPageBytes && header.bus.size() <= kBusNameBytesMax);
  const HeaderImage image{.checksum = 0,
                          .magic = kSegmentMagic,
                          .version = kLogVersion,
                          .bus_bytes = static_cast<std::uint32_t>(header.bus.size()),
                          .segment_id = header.segment_id,
                          .first_sequence = header.first_sequence,
                          .created_ns = header.created_ns,
                          .segment_bytes = header.segment_bytes};
  std::ranges::fill(page, '\0');
  std::memcpy(page.data(), &image, sizeof(image));
  std::memcpy(page.data() + sizeof(image), header.bus.data(), header.bus.size());
  const std::uint64_t checksum = Checksum::of(page.subspan(sizeof(checksum)));
  std::memcpy(page.data(), &checksum, sizeof(checksum));
}

SegmentHeaderError decode_segment_header(std::span<const char> page, SegmentHeader& header,
                                         std::uint32_t& version) {
  HeaderImage image;
  if (page.size() < kPageBytes) return SegmentHeaderError::damaged;
  page = page.first(kPageBytes);
  std::memcpy(&image, page.data(), sizeof(image));
  // The checksum first: a flipped bit in the version is damage, not another version.
  if (image.magic != kSegmentMagic ||
      image.checksum != Checksum::of(page.subspan(sizeof(image.checksum)))) {
    return SegmentHeaderError::damaged;
  }
  version = image.version;
  if (version != kLogVersion) return SegmentHeaderError::version;
  if (image.bus_bytes > kBusNameBytesMax) return SegmentHeaderError::damaged;
  header.segment_id = image.segment_id;
  header.first_sequence = image.first_sequence;
  header.created_ns = image.created_ns;
  header.segment_bytes = image.segment_bytes;
  header.bus.assign(page.data() + sizeof(image), image.bus_bytes);
  return SegmentHeaderError::none;
}

}  // namespace weir
