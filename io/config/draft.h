// What the readers of the parts of one configuration share (internal to io/config).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/catalog/catalog.h"
#include "io/config/section.h"

namespace weir {

inline constexpr std::uint64_t kEventBytesMost = 64 * kMiB;  // what `limits: {event}` may be

// What of a target can only be judged once all parts are known.
struct TargetDraft {
  const YamlNode* key = nullptr;        // that declared it
  const YamlNode* when_full = nullptr;  // values, where they stand
  const YamlNode* dead_letter = nullptr;
  std::string dead_letter_name = {};    // its value; empty where it is faulty
  const YamlNode* retry_key = nullptr;  // `retries` or `max_age`, the first that stands
  bool is_used = false;                 // by a rule, or for another's dead letters
};

struct CatalogDraft {
  Reading& reading;
  bool look_at_files = true;
  bool allow_unfinished = false;
  std::string folder =
      {};  // of the configuration file, where rule files are looked for; "" or "x/"
  Catalog catalog = {};
  std::uint64_t event_bytes_limit = kMiB;  // for sources without their own

  // The keys that declared the entries of the catalog's lists, same indexes. bus 0 has none where
  // the file does not name it.
  std::vector<const YamlNode*> bus_at = {};
  std::vector<const YamlNode*> source_at = {};
  std::vector<const YamlNode*> segment_at =
      {};  // by bus: its `segment`; null where none is written
  std::vector<TargetDraft> targets = {};
  std::unordered_map<std::string, TargetId> targets_by_name = {};
  std::unordered_map<std::string, std::string> rules_by_name = {};  // the place of each
  bool data_dir_is_faulty = false;  // it stands and there is a fault about it already
  std::uint64_t disk_bytes = 0;     // of the file system of data_dir; 0: not known
};

// Each reads one part of `root`; they are called in this order.
void read_data_dir(const Section& root, CatalogDraft& draft);
void read_limits(const Section& root, CatalogDraft& draft);
void read_buses(const Section& root, CatalogDraft& draft);
void read_sources(const Section& root, CatalogDraft& draft);
void read_targets(const Section& root, CatalogDraft& draft);
void read_rules(const Section& root, CatalogDraft& draft);
void read_rule_files(const Section& root, CatalogDraft& draft);
// What follows from rules and buses for each target: the buses it takes from, what it does when it
// is full, where its dead letters go.
void complete_targets(CatalogDraft& draft);
// What only shows once all parts are known.
void check_together(const Section& root, CatalogDraft& draft);
// Logs against the disk they lie on and the events they must hold, and paths that lie among them.
void check_logs(const Section& root, CatalogDraft& draft);
// Targets that lead back to themselves, by way of buses or as each other's dead letters.
void check_cycles(CatalogDraft& draft);

// The bus that `section` names under `bus`; `default` where it names none.
BusId read_bus(const Section& section, CatalogDraft& draft);
// The targets listed in `node`, ascending.
std::vector<TargetId> read_rule_targets(const YamlNode& node, const std::string& what,
                                        CatalogDraft& draft);
// "target 'ot' does not exist, did you mean 'out'?"
std::string unknown_target(const Scalar& name, const CatalogDraft& draft);

// What a source of kind `http` has.
void read_http_source(const Section& section, CatalogDraft& draft, SourceSpec& spec);

// What a target of kind `url` has; what settles, retries and orders the events of any target.
void read_url_target(const Section& section, CatalogDraft& draft, TargetSpec& spec);
void read_delivery(const Section& section, TargetSpec& spec, TargetDraft& target);

// Parts that sources and targets have in common.
// `key`: under which the address stands.
std::optional<Endpoint> read_tcp(const Section& section, bool listens,
                                 std::string_view key = "tcp");
std::optional<Endpoint> read_unix(const Section& section);
void read_congestion(const Section& section, bool is_tcp, Endpoint& endpoint);
// The one of `kinds` that stands in `section`; a fault and nothing for none or several.
std::optional<std::string_view> read_kind(const Section& section,
                                          std::span<const std::string_view> kinds);
// A switch such as `stdin: true`.
void read_switch(const Section& section, std::string_view key);
// A fault where one of `keys` stands that this build does not do yet.
void refuse_unfinished(const Section& section, std::span<const std::string_view> keys,
                       const CatalogDraft& draft);
// A fault where `key` stands although it has no meaning there.
void refuse_key(const Section& section, std::string_view key, std::string_view reason);

// Whether a file can be written there; a fault or a warning at `at` where not.
void look_at_output(const Section& section, const YamlNode& at, const std::string& path);
// Whether a path is a glob, as glob(7) has it.
bool is_glob(std::string_view path);
std::string normal_path(const std::string& path);
// A path as seen from the directory of the configuration.
std::string in_folder(const std::string& folder, const std::string& path);
// The folder of a file: "" or "x/".
std::string folder_of(const std::string& path);

}  // namespace weir
