// Any bytes as the files of a log: recovery must come to an end, keep to what is there, and find
// the same again after its own repairs. The input is the pages of one segment; its checksums are
// made right on request of the first byte, so that what lies behind them is reached as well.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "core/log/checksum.h"
#include "core/log/recovery.h"
#include "core/log/segment.h"
#include "tests/sim/sim_disk.h"

namespace {

constexpr const char* kDirectory = "d";
constexpr std::uint64_t kSegmentId = 5;

void require(bool condition) {
  if (!condition) std::abort();
}

// Makes each page that could be a record's first one look like it, as far as that is asked for.
void make_right(std::string& bytes) {
  using namespace weir;
  for (std::size_t at = kPageBytes; at + kPageBytes <= bytes.size(); at += kPageBytes) {
    RecordHeader header;
    std::memcpy(&header, bytes.data() + at, sizeof(header));
    header.magic = kRecordMagic;
    header.segment_id = kSegmentId;
    header.offset = at;
    header.length = static_cast<std::uint32_t>(sizeof(header) + header.length % (2 * kPageBytes));
    std::memcpy(bytes.data() + at, &header, sizeof(header));
    const std::uint64_t whole = padded(header.length);
    if (whole > bytes.size() - at) continue;
    header.checksum = Checksum::of(std::span(bytes).subspan(at + 8, whole - 8));
    std::memcpy(bytes.data() + at, &header.checksum, sizeof(header.checksum));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  if (size == 0 || size > 64 * kPageBytes) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const bool right = (bytes[0] & 1) != 0;
  if (bytes.size() < kPageBytes) bytes.resize(kPageBytes, '\0');
  if (right) {
    encode_segment_header({.segment_id = kSegmentId,
                           .first_sequence = 1,
                           .created_ns = 0,
                           .segment_bytes = bytes.size(),
                           .bus = "b"},
                          std::span(bytes).first(kPageBytes));
    make_right(bytes);
  }
  sim::World world(1);
  world.files[join_path(kDirectory, segment_name(1))] =
      std::make_shared<sim::SimFile>(sim::SimFile{bytes});
  sim::SimDisk disk(world);
  const RecoveryOptions options{
      .directory = kDirectory, .bus = "b", .durable_known = 0, .repair = true, .decode = {}};
  const auto first = recover_bus_log(disk, options);
  if (!first.ok()) return 0;
  require(first->bytes_read <= bytes.size() + kPageBytes);
  const auto second = recover_bus_log(disk, options);
  require(second.ok());
  require(second->next_sequence == first->next_sequence);
  require(second->segments.size() == first->segments.size());
  return 0;
}
