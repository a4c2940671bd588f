// Catalog: what a configuration declares, checked and complete: buses, sources, rules, targets.
// Plain values; who reads a file into it is io/config, who runs it is core/cell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/units.h"
#include "core/port/port.h"

namespace weir {

struct BusSpec {
  std::string name;
};

enum class SourceKind : std::uint8_t { tcp, unix_socket, file, standard_input };
enum class SourceFormat : std::uint8_t { automatic, ndjson, flow_log, cloudtrail };

// Wraps each bare record as the `detail` of an EventBridge event.
struct EnvelopeSpec {
  std::string source;
  std::string detail_type;
  std::vector<std::string> resources;
};

struct SourceSpec {
  std::string name;
  SourceKind kind = SourceKind::tcp;
  Endpoint listen;            // tcp, unix_socket; port 0: any free one
  std::string path;           // file: a path or a glob
  bool follow = false;        // file: go on at the end, through rotation
  bool allow_public = false;  // tcp: may listen beyond loopback
  SourceFormat format = SourceFormat::automatic;
  std::string fields;  // flow_log: the layout where lines bring no header; empty: default
  BusId bus{0};
  std::optional<EnvelopeSpec> envelope;
  std::uint64_t event_bytes_limit = kMiB;
  std::string rejects;  // file for refused lines; empty: none
};

struct RuleSpec {
  std::string name;
  BusId bus{0};
  std::string pattern;            // JSON text
  std::vector<TargetId> targets;  // indexes into Catalog::targets, ascending, each once
  std::string place;              // "weir.yaml:12:5", for messages
};

enum class TargetKind : std::uint8_t { tcp, unix_socket, file, standard_output, discard };
enum class BatchFormat : std::uint8_t { ndjson, json_array, raw };
enum class WhenFull : std::uint8_t { block, shed };
enum class Compression : std::uint8_t { none, gzip, zstd };

struct BatchSpec {
  std::uint32_t records_max = 500;
  std::uint64_t bytes_max = 5 * kMiB;
  Nanoseconds wait_max = 100ms;
  friend bool operator==(const BatchSpec&, const BatchSpec&) = default;
};

struct RotateSpec {
  std::uint64_t size = 0;                    // 0: not by size
  Nanoseconds every{0};                      // 0: not by time
  Compression compress = Compression::none;  // of finished files
  friend bool operator==(const RotateSpec&, const RotateSpec&) = default;
};

struct TargetSpec {
  std::string name;
  TargetKind kind = TargetKind::discard;
  Endpoint endpoint;  // tcp, unix_socket
  std::string path;   // file
  RotateSpec rotate;  // file
  BatchSpec batch;
  BatchFormat format = BatchFormat::ndjson;
  WhenFull when_full = WhenFull::block;
  std::uint64_t buffer_bytes = 16 * kMiB;  // all that may wait for this target
};

struct PipelineSpec {
  std::uint32_t threads = 0;  // 0: one for each processor this process may use
  bool pin = true;
  Nanoseconds drain_limit = 30s;  // how long a stop may take
};

struct Catalog {
  std::string account = "000000000000";
  std::string region = "us-east-1";
  std::vector<BusSpec> buses;  // [0] is `default`
  std::vector<SourceSpec> sources;
  std::vector<RuleSpec> rules;  // in the order of the file, rule files after
  std::vector<TargetSpec> targets;
  PipelineSpec pipeline;
};

}  // namespace weir
