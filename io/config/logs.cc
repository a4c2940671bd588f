// Durable buses against the rest of the configuration: whether their segments hold the largest
// event, and whether anything else lies in the directory that is theirs.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "io/config/draft.h"

namespace weir {
namespace {

constexpr std::uint64_t kPageBytes = 4 * kKiB;
constexpr std::uint64_t kSegmentsLeast = 4;
// What the largest event needs besides its bytes: headers of segment and record, names.
constexpr std::uint64_t kEventOverhead = 64 * kKiB;

// Of all that may come to the bus: from its sources, or from anywhere when it is a target.
std::uint64_t largest_event(const Catalog& catalog, BusId bus) {
  const bool is_target = std::ranges::any_of(catalog.targets, [&](const TargetSpec& target) {
    return target.kind == TargetKind::bus && target.to_bus == bus;
  });
  std::uint64_t largest = 0;
  for (const SourceSpec& source : catalog.sources) {
    if (source.bus == bus || is_target) largest = std::max(largest, source.event_bytes_limit);
  }
  return largest;
}

void check_segment(const Section& root, CatalogDraft& draft, std::size_t index) {
  BusSpec& bus = draft.catalog.buses[index];
  const std::uint64_t largest =
      largest_event(draft.catalog, BusId(static_cast<std::uint16_t>(index)));
  const std::uint64_t needed =
      (largest + kEventOverhead + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (bus.segment_bytes >= needed) return;
  if (const YamlNode* at = draft.segment_at[index]) {
    draft.reading.fault(*at,
                        fmt::format("segment of bus '{}' is {} and must hold the largest event "
                                    "there, {} by its limit: write {} or more, or lower "
                                    "limits.event",
                                    bus.name, format_size(bus.segment_bytes), format_size(largest),
                                    format_size(needed)));
    return;
  }
  bus.segment_bytes = needed;
  if (bus.segment_bytes * kSegmentsLeast <= bus.retain.bytes_max) return;
  const YamlNode* at = draft.bus_at[index];
  draft.reading.fault(
      at != nullptr ? *at : *root.key("data_dir"),
      fmt::format("retain.size of bus '{}' is {} and must hold {} segments with the "
                  "largest event there, {} by its limit: write {} or more, or lower "
                  "limits.event",
                  bus.name, format_size(bus.retain.bytes_max), kSegmentsLeast, format_size(largest),
                  format_size(needed * kSegmentsLeast)));
}

// As the file system has it where that may be asked.
std::filesystem::path whole_path(const CatalogDraft& draft, const std::string& path) {
  std::error_code error;
  if (draft.look_at_files) {
    auto canonical = std::filesystem::weakly_canonical(path, error);
    if (!error) return canonical;
  }
  auto absolute = std::filesystem::absolute(path, error);
  return (error ? std::filesystem::path(path) : absolute).lexically_normal();
}

class DirectoryCheck {
 public:
  explicit DirectoryCheck(CatalogDraft& draft)
      : draft_(draft), directory_(whole_path(draft, draft.catalog.data_dir)) {
    if (!directory_.has_filename()) directory_ = directory_.parent_path();  // "data/"
  }
  void check(const YamlNode& at, const std::string& path, const std::string& who) {
    if (path.empty()) return;
    const std::filesystem::path whole = whole_path(draft_, path);
    const auto [end, rest] =
        std::mismatch(directory_.begin(), directory_.end(), whole.begin(), whole.end());
    if (end != directory_.end()) return;
    draft_.reading.fault(at, fmt::format("{} uses '{}', which is inside of data_dir '{}': that is "
                                         "the router's alone, choose another place",
                                         who, shown(path), shown(draft_.catalog.data_dir)));
  }

 private:
  CatalogDraft& draft_;
  std::filesystem::path directory_;
};

void check_paths(CatalogDraft& draft) {
  DirectoryCheck directory(draft);
  const Catalog& catalog = draft.catalog;
  for (std::size_t i = 0; i < catalog.targets.size(); ++i) {
    const TargetSpec& target = catalog.targets[i];
    const std::string who = fmt::format("target '{}'", target.name);
    directory.check(*draft.targets[i].key, target.path, who);
    if (target.kind != TargetKind::unix_socket) continue;
    directory.check(*draft.targets[i].key, target.endpoint.host, who);
  }
  for (std::size_t i = 0; i < catalog.sources.size(); ++i) {
    const SourceSpec& source = catalog.sources[i];
    const std::string who = fmt::format("source '{}'", source.name);
    if (source.kind == SourceKind::file) directory.check(*draft.source_at[i], source.path, who);
    if (source.kind == SourceKind::unix_socket) {
      directory.check(*draft.source_at[i], source.listen.host, who);
    }
    directory.check(*draft.source_at[i], source.rejects, "the rejects of " + who);
  }
}

}  // namespace

void check_logs(const Section& root, CatalogDraft& draft) {
  if (draft.catalog.data_dir.empty() || !draft.reading.faults.empty()) return;
  check_paths(draft);
  for (std::size_t i = 0; i < draft.catalog.buses.size() && i < draft.segment_at.size(); ++i) {
    if (draft.catalog.buses[i].durability == Durability::fsync) check_segment(root, draft, i);
  }
}

}  // namespace weir
