// PutEvents: from a request's body to the envelopes that targets see, one a line, and back to the
// result of each entry.
//
//     {"Entries":[{"Source":"shop","DetailType":"order","Detail":"{\"a\":1}"}]}
//     {"version":"0","id":"...","detail-type":"order","source":"shop","account":"...","time":"...",
//      "region":"...","resources":[],"detail":{"a":1}}
//
// The bytes of Detail stay as they came, but for line ends between its values, which become spaces:
// an event is a line.
//
// Threads: the server's. Memory: what one request needs, kept for the next. Errors: of the whole
// request, then nothing is taken; or of one entry, then the others go on.
// Source: "PutEvents" in the EventBridge API reference; texts of errors as recorded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/api_model.h"
#include "core/api/aws_input.h"
#include "core/base/units.h"
#include "core/wire/render.h"

namespace weir {

struct PutEventsLimits {
  std::size_t entries_max = 10;
  std::uint64_t request_bytes_max = kMiB;  // as the service counts them
};

// What one call brings beside its body. Ids are those of event_id(id_seed, id_sequence, entry).
struct PutEventsCall {
  WallTime now;
  std::uint64_t id_seed = 0;
  std::uint64_t id_sequence = 0;
  bool strict_bus = false;  // an unknown bus fails the entry
};

// What became of one entry.
struct PutEventsResult {
  EventIdText id{};
  std::string_view error_code = {};  // empty: none
  std::string error_message = {};
  // Where its line is, if it has one.
  std::uint32_t part = 0;
  std::uint32_t line = 0;  // from 1; 0: none
};

// The lines of one bus.
struct PutEventsPart {
  BusId bus;
  std::string name;  // of the bus
  std::string lines;
  std::uint32_t count = 0;
};

struct PutEventsBatch {
  std::vector<PutEventsPart> parts;
  std::vector<PutEventsResult> results;  // by entry
  std::uint64_t unknown_bus = 0;         // entries for buses that are not there
};

class PutEventsReader {
 public:
  explicit PutEventsReader(const PutEventsLimits& limits) : limits_(limits) {}

  // An error: nothing is taken.
  std::optional<AwsError> read(std::string_view body, const ApiModel& model,
                               const PutEventsCall& call, PutEventsBatch& out);

 private:
  struct Entry {
    const JsonNode* source = nullptr;
    const JsonNode* detail_type = nullptr;
    const JsonNode* detail = nullptr;
    const JsonNode* bus = nullptr;
    const JsonNode* time = nullptr;
    const JsonNode* resources = nullptr;
  };
  Entry read_entry(const JsonNode& node);
  void check_members(const Entry& entry, std::size_t number, AwsConstraints& constraints);
  // As the service counts it, by what `bytes` says of a string.
  std::uint64_t size_of(const Entry& entry, std::uint64_t (*bytes)(const JsonNode*)) const;
  bool too_large() const;  // all entries together
  bool check_entry(const Entry& entry, PutEventsResult& result);
  bool take_detail(const JsonNode& detail);
  PutEventsPart& part_of(std::string_view name, BusId bus, PutEventsBatch& out) const;
  void write(const Entry& entry, const ApiModel& model, WallTime now, const EventIdText& id,
             std::string& out) const;

  const PutEventsLimits limits_;
  AwsInput input_;
  std::vector<Entry> entries_;
  std::string detail_;  // of the entry under way
};

// {"FailedEntryCount":0,"Entries":[{"EventId":"..."}]}
std::string put_events_answer(const PutEventsBatch& batch);

}  // namespace weir
