// Catalog: what a configuration declares, checked and complete: buses, sources, rules, targets.
// Plain values; who reads a file into it is io/config, who runs it is core/cell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/secret.h"
#include "core/base/units.h"
#include "core/port/port.h"
#include "core/rule/compile_limits.h"
#include "core/wire/input_spec.h"

namespace weir {

enum class Durability : std::uint8_t {
  memory,  // gone with the process
  fsync    // in the log, accepted once the disk has it
};
// What a durable bus does once it holds `retain.size` and no record may go yet.
enum class OnFull : std::uint8_t { refuse, drop_oldest };

struct RetainSpec {
  Nanoseconds time = 24h;               // records no target needs are kept so long,
  std::uint64_t bytes_max = 50 * kGiB;  // and the log of the bus is never larger
};

struct BusSpec {
  std::string name;
  Durability durability = Durability::memory;
  RetainSpec retain = {};
  std::uint64_t segment_bytes = 256 * kMiB;  // of each file of the log, a multiple of 4 KiB
  OnFull on_full = OnFull::refuse;
};

// Free space of the file system of `data_dir`: below `soft` accepting slows, below `hard` it stops.
// 0: by the size of the file system.
struct DiskSpec {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

enum class SourceKind : std::uint8_t { tcp, unix_socket, file, standard_input, http };
enum class SourceFormat : std::uint8_t { automatic, ndjson, flow_log, cloudtrail };

// Wraps each bare record as the `detail` of an EventBridge event.
struct EnvelopeSpec {
  std::string source;
  std::string detail_type;
  std::vector<std::string> resources;
};

// What a source of kind `http` has beside its address. Its requests name the bus themselves.
struct HttpSourceSpec {
  std::vector<Secret> tokens;                // any of them lets a request in; none: all may
  std::uint64_t body_bytes_max = 16 * kMiB;  // of a request, inflated
  std::optional<TlsServerSpec> tls = std::nullopt;
  bool strict_bus = false;  // PutEvents: an entry for a bus that is not there fails
};

struct SourceSpec {
  std::string name;
  SourceKind kind = SourceKind::tcp;
  Endpoint listen;            // tcp, unix_socket, http; port 0: any free one
  std::string path;           // file: a path or a glob
  bool follow = false;        // file: go on at the end, through rotation
  bool allow_public = false;  // tcp, http: may listen beyond loopback
  HttpSourceSpec http = {};   // http
  SourceFormat format = SourceFormat::automatic;
  std::string fields;  // flow_log: the layout where lines bring no header; empty: default
  BusId bus{0};        // http: requests say which
  bool acks = false;   // tcp, unix_socket: tells the sender which lines are safe
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

enum class TargetKind : std::uint8_t {
  tcp,
  unix_socket,
  file,
  standard_output,
  discard,
  url,  // HTTP or HTTPS
  bus   // another bus of this process
};
enum class BatchFormat : std::uint8_t { ndjson, json_array, raw, cloudevents_batch };
enum class WhenFull : std::uint8_t {
  block,  // stops the sources
  shed,   // drops the target's newest events
  lag     // leaves them in the log and reads them there later: durable buses only
};
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

// When tries end, as in EventBridge's retry policy; whichever comes first.
struct RetrySpec {
  std::uint32_t retries_max = 185;  // after the first attempt
  Nanoseconds age_max = 24h;        // since acceptance
  friend bool operator==(const RetrySpec&, const RetrySpec&) = default;
};

// Where an event goes whose tries have ended.
struct DeadLetterSpec {
  enum class Kind : std::uint8_t {
    store,   // the built-in store of `data_dir`
    target,  // another target
    none     // nowhere: dropped and counted
  };
  Kind kind = Kind::none;
  TargetId target{};      // Kind::target: index into Catalog::targets
  std::string name = {};  // of that one
  friend bool operator==(const DeadLetterSpec&, const DeadLetterSpec&) = default;
};

// Names of members from the top of an event down: `detail.order.id`. Empty: not asked for.
using FieldPath = std::vector<std::string>;

struct RateSpec {
  std::uint32_t requests = 0;  // 0: no limit
  Nanoseconds per = 1s;
  friend bool operator==(const RateSpec&, const RateSpec&) = default;
};

// What a target of kind `url` has beside its endpoint, whose `tls` says whether it is HTTPS.
struct HttpSpec {
  std::string authority;  // "example.com:8443" or "example.com": the Host header
  Secret path;            // origin-form with the query, "/" at least; may carry a token
  Secret authorization;   // value of that header; empty: none
  std::vector<std::pair<std::string, Secret>> headers;  // in the order of the file
  std::vector<Secret> signing_keys;  // Standard Webhooks, raw bytes: one signature for each
  bool gzip = false;
  std::uint32_t concurrency = 1;  // requests under way; above 1 their order is not kept
  RateSpec rate;
  Nanoseconds timeout = 10s;  // of one attempt, connecting included
  friend bool operator==(const HttpSpec&, const HttpSpec&) = default;
};

struct TargetSpec {
  std::string name;
  TargetKind kind = TargetKind::discard;
  Endpoint endpoint = {};  // tcp, unix_socket, url
  std::string path = {};   // file
  std::string arn = {};    // that rules of the API may name it by; `*` stands for any text
  RotateSpec rotate = {};  // file
  HttpSpec http = {};      // url
  BusId to_bus = {};       // bus: where its events go
  bool acks = false;       // tcp, unix_socket: settled by the peer's ack lines
  BatchSpec batch = {};
  BatchFormat format = BatchFormat::ndjson;
  WhenFull when_full = WhenFull::block;
  std::uint64_t buffer_bytes = 16 * kMiB;  // all that may wait for this target
  RetrySpec retry = {};
  DeadLetterSpec dead_letter = {};
  InputSpec input = {};           // what it gets instead of the event
  FieldPath order_by = {};        // one batch under way for each value of this field
  std::vector<BusId> buses = {};  // whose rules name it, ascending
  // Beside each of `buses`: the rule there that names it; empty where there are several.
  std::vector<std::string> only_rules = {};
  std::string_view rule_of(BusId bus) const {
    for (std::size_t i = 0; i < only_rules.size(); ++i) {
      if (buses[i] == bus) return only_rules[i];
    }
    return {};
  }
};

struct PipelineSpec {
  std::uint32_t threads = 0;  // 0: one for each processor this process may use
  bool pin = true;
  Nanoseconds drain_limit = 30s;  // how long a stop may take
};

struct Catalog {
  std::string account = "000000000000";
  std::string region = "us-east-1";
  std::string data_dir;  // empty: none, and every bus is a memory bus
  DiskSpec disk;
  std::vector<BusSpec> buses;  // [0] is `default`
  std::vector<SourceSpec> sources;
  std::vector<RuleSpec> rules;  // in the order of the file, rule files after
  std::vector<TargetSpec> targets;
  PipelineSpec pipeline;
  CompileLimits rule_limits;  // of each bus
};

}  // namespace weir
