// The `buses` of a configuration, and where the durable ones keep their logs.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/config/draft.h"

namespace weir {
namespace {

constexpr std::size_t kBusesMax = 1000;
constexpr std::array<std::string_view, 4> kBusKeys = {"durability", "retain", "segment", "on_full"};
constexpr std::array<std::string_view, 2> kRetainKeys = {"time", "size"};
constexpr std::array<std::string_view, 2> kDiskKeys = {"soft", "hard"};
constexpr std::array<Section::Choice<Durability>, 2> kDurabilities = {
    {{"fsync", Durability::fsync}, {"memory", Durability::memory}}};
constexpr std::array<Section::Choice<OnFull>, 2> kOnFull = {
    {{"refuse", OnFull::refuse}, {"drop_oldest", OnFull::drop_oldest}}};

constexpr std::uint64_t kPageBytes = 4 * kKiB;
constexpr std::uint64_t kSegmentBytesLeast = kMiB;
constexpr std::uint64_t kSegmentBytesMost = 4 * kGiB;
constexpr std::uint64_t kSegmentsLeast = 4;  // of a log that may be so small
// A default segment takes no more of the disk than that, as one is written and one prepared.
constexpr std::uint64_t kSegmentsOfDisk = 32;
// Marks of free space where none are written.
constexpr std::uint64_t kSoftMost = 4 * kGiB;
constexpr std::uint64_t kSoftOfDisk = 10;
constexpr std::uint64_t kRetainBytesMost = 1024 * 1024 * kGiB;
constexpr Nanoseconds kRetainTimeMost = 3660 * 24h;

// The largest segment of which enough fit.
std::uint64_t segment_fitting(const BusSpec& bus) {
  return bus.retain.bytes_max / kSegmentsLeast / kPageBytes * kPageBytes;
}

std::uint64_t default_segment(const BusSpec& bus, std::uint64_t disk_bytes) {
  const std::uint64_t of_disk = disk_bytes / kSegmentsOfDisk / kPageBytes * kPageBytes;
  std::uint64_t bytes = std::min(bus.segment_bytes, segment_fitting(bus));
  if (disk_bytes != 0) bytes = std::min(bytes, std::max(of_disk, kSegmentBytesLeast));
  return bytes;
}

void read_segment(const Section& section, const CatalogDraft& draft, BusSpec& bus) {
  const std::uint64_t fitting = segment_fitting(bus);
  const auto written = section.size("segment", kSegmentBytesLeast, kSegmentBytesMost);
  bus.segment_bytes = written.value_or(default_segment(bus, draft.disk_bytes));
  if (!written) return;
  if (*written % kPageBytes != 0) {
    section.fault(*section.value("segment"),
                  fmt::format("segment is '{}', a multiple of 4KiB is needed",
                              shown(section.value("segment")->text)));
  } else if (*written > fitting) {
    section.fault(*section.value("segment"),
                  fmt::format("segment is '{}' and retain.size {}: at least {} segments must fit",
                              shown(section.value("segment")->text),
                              format_size(bus.retain.bytes_max), kSegmentsLeast));
  }
}

void read_retain(const Section& section, BusSpec& bus) {
  const auto retain =
      section.section("retain", fmt::format("retain of {}", section.what()), kRetainKeys);
  if (!retain) return;
  bus.retain.time = retain->duration("time", 0ns, kRetainTimeMost).value_or(bus.retain.time);
  bus.retain.bytes_max = retain->size("size", kSegmentsLeast * kSegmentBytesLeast, kRetainBytesMost)
                             .value_or(bus.retain.bytes_max);
}

// `segment_at`: where its `segment` stands, if it does.
BusSpec read_bus_spec(const NamedNode& named, const CatalogDraft& draft,
                      const YamlNode*& segment_at) {
  BusSpec bus{.name = named.key->text};
  const bool has_disk = !draft.catalog.data_dir.empty();
  bus.durability = has_disk ? Durability::fsync : Durability::memory;
  bus.segment_bytes = default_segment(bus, draft.disk_bytes);
  if (named.value->kind == YamlNode::Kind::null) return bus;
  const Section section(draft.reading, *named.value, *named.key,
                        fmt::format("bus '{}'", named.key->text), kBusKeys);
  if (named.value->kind != YamlNode::Kind::mapping) return bus;
  bus.durability = section.choice<Durability>("durability", kDurabilities).value_or(bus.durability);
  if (bus.durability == Durability::fsync && !has_disk && !draft.data_dir_is_faulty) {
    section.fault(*section.value("durability"),
                  "durability is 'fsync' and there is no 'data_dir' to keep the log in: write "
                  "'data_dir: PATH' at the top of the file, or durability: memory");
  }
  if (bus.durability == Durability::memory) {
    for (const std::string_view key : {"retain", "segment", "on_full"}) {
      refuse_key(section, key, "a bus in memory keeps no log; 'data_dir' makes buses durable");
    }
    return bus;
  }
  read_retain(section, bus);
  read_segment(section, draft, bus);
  segment_at = section.value("segment");
  bus.on_full = section.choice<OnFull>("on_full", kOnFull).value_or(bus.on_full);
  return bus;
}

// Why no log can be kept in that directory, or an empty text. A directory that is not there is not
// made: it may be the place of a disk that is not mounted.
std::string data_dir_fault(const std::string& path, const std::string& given) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return std::strerror(errno);
    return fmt::format("does not exist: make it with mkdir -m 700 '{}'", given);
  }
  const uid_t own = ::geteuid();
  if (S_ISLNK(status.st_mode) && status.st_uid != own && status.st_uid != 0) {
    return "is a link that another user made";
  }
  if (::stat(path.c_str(), &status) != 0) return std::strerror(errno);
  if (!S_ISDIR(status.st_mode)) return "is no directory";
  if (status.st_uid != own && own != 0) return "belongs to another user";
  if ((status.st_mode & S_IWOTH) != 0) {
    return fmt::format("can be written by everybody: chmod 700 '{}'", given);
  }
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) return std::strerror(errno);
  return "";
}

void look_at_data_dir(const Section& root, const std::string& path, Reading& reading) {
  const YamlNode& at = *root.value("data_dir");
  const std::string given = shown(at.text);
  const std::string fault = data_dir_fault(path, given);
  struct stat status {};
  if (!fault.empty()) {
    reading.fault(at, fmt::format("data_dir '{}' {}", given, fault));
  } else if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IXOTH)) != 0) {
    reading.warn(at, fmt::format("data_dir '{}' can be read by everybody and will hold the events: "
                                 "chmod 700 '{}'",
                                 given, given));
  }
}

void read_disk(const Section& root, CatalogDraft& draft) {
  const auto disk = root.section("disk", "'disk'", kDiskKeys);
  if (!disk) return;
  if (root.key("data_dir") == nullptr) {
    return refuse_key(root, "disk", "it is about the disk of 'data_dir', which is not set");
  }
  DiskSpec& spec = draft.catalog.disk;
  const DiskSpec defaults = spec;
  spec.soft = disk->size("soft", 1, kRetainBytesMost).value_or(0);
  spec.hard = disk->size("hard", 1, kRetainBytesMost).value_or(0);
  if (spec.soft != 0 && spec.hard > spec.soft) {
    disk->fault(
        *disk->value("hard"),
        fmt::format("hard is '{}' and soft '{}': accepting slows below soft and stops below "
                    "hard, which must be the smaller one",
                    shown(disk->value("hard")->text), shown(disk->value("soft")->text)));
  }
  if (draft.disk_bytes != 0 && spec.hard >= draft.disk_bytes) {
    disk->fault(*disk->value("hard"),
                fmt::format("hard is '{}' and the file system of data_dir is no larger than {}: "
                            "nothing would ever be accepted",
                            shown(disk->value("hard")->text), format_size(draft.disk_bytes)));
  }
  // Where one is written, the other follows.
  if (spec.soft == 0) spec.soft = std::max(defaults.soft, spec.hard);
  if (spec.hard == 0) spec.hard = std::min(defaults.hard, spec.soft / 2);
}

// 0 where it cannot be told.
std::uint64_t file_system_bytes(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return 0;
  return std::uint64_t{status.f_blocks} * status.f_frsize;
}

}  // namespace

void read_data_dir(const Section& root, CatalogDraft& draft) {
  if (const auto path = root.text("data_dir")) {
    draft.catalog.data_dir = *path;
    if (draft.look_at_files) {
      look_at_data_dir(root, *path, draft.reading);
      draft.disk_bytes = file_system_bytes(*path);
      draft.catalog.disk.soft = std::min(kSoftMost, draft.disk_bytes / kSoftOfDisk);
      draft.catalog.disk.hard = draft.catalog.disk.soft / 2;
    }
  }
  draft.data_dir_is_faulty = root.key("data_dir") != nullptr && draft.catalog.data_dir.empty();
  read_disk(root, draft);
}

void read_buses(const Section& root, CatalogDraft& draft) {
  draft.catalog.buses.push_back(
      {.name = "default",
       .durability = draft.catalog.data_dir.empty() ? Durability::memory : Durability::fsync});
  draft.catalog.buses.front().segment_bytes =
      default_segment(draft.catalog.buses.front(), draft.disk_bytes);
  draft.bus_at.push_back(nullptr);
  draft.segment_at.push_back(nullptr);
  const YamlNode* node = root.value("buses");
  if (node == nullptr) return;
  for (const NamedNode& named : read_names(draft.reading, *node, "buses", bus_name_fault)) {
    const YamlNode* segment_at = nullptr;
    BusSpec bus = read_bus_spec(named, draft, segment_at);
    if (bus.name == "default") {
      draft.catalog.buses.front() = std::move(bus);
      draft.bus_at.front() = named.key;
      draft.segment_at.front() = segment_at;
    } else {
      draft.catalog.buses.push_back(std::move(bus));
      draft.bus_at.push_back(named.key);
      draft.segment_at.push_back(segment_at);
    }
  }
  if (draft.catalog.buses.size() > kBusesMax) {
    draft.reading.fault(*node, fmt::format("{} buses, at most {} are possible",
                                           draft.catalog.buses.size(), kBusesMax));
    draft.catalog.buses.resize(kBusesMax);
  }
}

}  // namespace weir
