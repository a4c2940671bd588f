#include "io/config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "io/config/availability.h"
#include "io/config/draft.h"
#include "io/config/source_text.h"
#include "io/config/yaml_tree.h"

namespace weir {
namespace {

// yaml-cpp reads some 10 MB/s at worst; large rule sets belong into rule files, which are JSON.
constexpr std::size_t kConfigBytesMax = 4 * kMiB;
constexpr std::size_t kFaultsMax = 100;  // more would help nobody
constexpr std::uint64_t kThreadsMost = 1024;

constexpr std::array<std::string_view, 11> kRootKeys = {
    "sources", "rules",   "targets", "rule_files", "buses", "pipeline",
    "limits",  "account", "region",  "data_dir",   "disk"};
constexpr std::array<std::string_view, 3> kPipelineKeys = {"threads", "pin", "drain"};

void read_identity(const Section& root, Catalog& catalog) {
  if (const auto account = root.text("account")) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (account->size() == 12 && std::ranges::all_of(*account, is_digit)) {
      catalog.account = *account;
    } else {
      root.fault(*root.value("account"),
                 fmt::format("account is '{}', 12 digits are needed, such as \"123456789012\"",
                             shown(root.value("account")->text)));
    }
  }
  if (const auto region = root.text("region")) {
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (region->size() <= 32 && std::ranges::all_of(*region, allowed)) {
      catalog.region = *region;
    } else {
      root.fault(*root.value("region"), fmt::format("region is '{}', a name such as us-east-1 is "
                                                    "needed",
                                                    shown(root.value("region")->text)));
    }
  }
}

void read_pipeline(const Section& root, PipelineSpec& spec) {
  const auto pipeline = root.section("pipeline", "'pipeline'", kPipelineKeys);
  if (!pipeline) return;
  spec.pin = pipeline->flag("pin").value_or(spec.pin);
  spec.drain_limit = pipeline->duration("drain", 0ns, 24h).value_or(spec.drain_limit);
  const YamlNode* threads = pipeline->value("threads");
  if (threads == nullptr || (threads->kind == YamlNode::Kind::scalar && threads->text == "auto")) {
    return;
  }
  const auto count = pipeline->scalar("threads");
  if (count && count->text == "auto") return;
  if (!count) return;
  const bool is_number =
      !count->text.empty() && count->text.front() >= '0' && count->text.front() <= '9';
  if (!is_number) {
    return pipeline->fault(
        *threads, fmt::format("threads is '{}', write auto or a number", shown(threads->text)));
  }
  spec.threads =
      static_cast<std::uint32_t>(pipeline->count("threads", 1, kThreadsMost).value_or(0));
}

void sort_by_place(std::vector<Fault>& faults, const std::string& first_file) {
  std::ranges::stable_sort(faults, [&](const Fault& a, const Fault& b) {
    const bool a_later = a.file != first_file;
    const bool b_later = b.file != first_file;
    if (a_later != b_later) return b_later;
    if (a_later) return false;  // other files stay in the order they were read
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  if (faults.size() <= kFaultsMax) return;
  const std::size_t further = faults.size() - kFaultsMax;
  faults.resize(kFaultsMax);
  faults.push_back({.file = first_file, .message = fmt::format("and {} more", further)});
}

Result<Loaded, std::vector<Fault>> load_source(const SourceText& source,
                                               const LoadOptions& options) {
  const Result<YamlTree, Fault> tree = parse_yaml(source);
  if (!tree) return std::vector{tree.error()};
  Reading reading{source, *tree, options.environment, {}, {}};
  CatalogDraft draft{.reading = reading,
                     .look_at_files = options.look_at_files,
                     .allow_unfinished = options.allow_unfinished,
                     .folder = folder_of(source.name())};
  const YamlNode& top = tree->root_node();
  const Section root(reading, top, top, "the configuration", kRootKeys);
  if (top.kind == YamlNode::Kind::mapping) {
    read_identity(root, draft.catalog);
    read_pipeline(root, draft.catalog.pipeline);
    refuse_unfinished(root, kUnfinishedRootKeys, draft);
    read_data_dir(root, draft);
    read_limits(root, draft);
    read_buses(root, draft);
    read_sources(root, draft);
    read_targets(root, draft);
    read_rules(root, draft);
    read_rule_files(root, draft);
    complete_targets(draft);
    check_logs(root, draft);
    check_together(root, draft);
  }
  sort_by_place(reading.faults, source.name());
  if (!reading.faults.empty()) return std::move(reading.faults);
  sort_by_place(reading.warnings, source.name());
  return Loaded{std::move(draft.catalog), std::move(reading.warnings)};
}

}  // namespace

Result<Loaded, std::vector<Fault>> load_catalog(const std::string& path,
                                                const LoadOptions& options) {
  const Result<SourceText, Fault> source = read_source_text(path, kConfigBytesMax);
  if (!source) return std::vector{source.error()};
  return load_source(*source, options);
}

Result<Loaded, std::vector<Fault>> load_catalog_text(std::string name, std::string text,
                                                     const LoadOptions& options) {
  const SourceText source(std::move(name), std::move(text));
  const std::size_t bad = find_not_text(source.text());
  if (bad != std::string_view::npos) {
    return std::vector{source.fault(bad, "a byte that is not UTF-8 text")};
  }
  return load_source(source, options);
}

}  // namespace weir
