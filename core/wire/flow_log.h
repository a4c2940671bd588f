// FlowLogLayout: which fields a VPC flow-log line has, in which order, and how to take such a line
// apart or turn it into JSON. LayoutTable keeps one copy of each layout for the whole process.
//
// A line is text, its fields separated by one space, `-` where a field does not apply. The layout
// is not in the line (`version` is only the highest version among the chosen fields): it comes from
// the header line, from the configuration, or is the default of version 2. As an event a line is a
// flat JSON object with the log's own field names, integers as numbers, absent fields left out.
//
// Threads: a layout is immutable and shared by all; LayoutTable::intern from any thread.
// Lifetime: interned layouts live as long as the table, which outlives every stage.
// Errors: a bad layout is an Error for people; a bad line is a RefuseReason.
// Source: "Flow log records" in the Amazon VPC user guide (versions 2 to 10) and "Transit Gateway
// Flow Log records" in the transit gateway guide (version 6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/block/block.h"
#include "core/sync/intern_table.h"
#include "core/wire/byte_mask.h"

namespace weir {

enum class FlowLogType : std::uint8_t { text, integer };

struct FlowLogField {
  std::string name;
  FlowLogType type = FlowLogType::text;  // fields we do not know are text
};

inline constexpr std::size_t kFlowLogFieldsMax = 64;

// The values of one line, in the layout's order. An absent field (`-`) is empty.
using FlowLogValues = std::array<std::string_view, kFlowLogFieldsMax>;

class FlowLogLayout {
 public:
  // Position of a field that the envelope or a count needs; -1 where the layout has no such field.
  struct Known {
    int account_id = -1;
    int interface_id = -1;
    int region = -1;
    int end = -1;
    int log_status = -1;
  };

  // The 14 fields of version 2, in AWS's default order.
  static FlowLogLayout default_v2();
  // Field names separated by spaces or commas, plain or as AWS writes a format: `${version}`.
  static Result<FlowLogLayout> from_names(std::string_view names);
  // The first line of a flow-log file; a CR at the end does not matter.
  static Result<FlowLogLayout> from_header(std::string_view line);
  // True for a line of field names: every word looks like a name and most are published ones. No
  // data line of any layout is one.
  static bool is_header(std::string_view line);

  std::span<const FlowLogField> fields() const { return fields_; }
  std::size_t field_count() const { return fields_.size(); }
  const Known& known() const { return known_; }
  // The names, separated by single spaces: the header line, and what tells layouts apart.
  const std::string& header() const { return header_; }

  // Takes a line (without LF; a CR at its end is not part of it) apart and checks it. The values
  // are views into the line; quotes, backslashes and control bytes in them are plain text. Up to
  // kWirePadding bytes behind the line are read.
  // Refuses with bad_fields (a field too few or too many, an empty one, an integer field that is
  // not a JSON integer of at most 19 digits) or not_utf8.
  [[nodiscard]] RefuseReason split(std::string_view line, FlowLogValues& values) const;

  // A line that split() accepts, as a JSON object without a line end. Writes at most
  // json_size_bound(line.size()) bytes at `out`, some of them behind the returned end. Reads up to
  // kWirePadding bytes behind the line.
  char* render_json(std::string_view line, char* out) const;
  std::size_t json_size_bound(std::size_t line_bytes) const;

 private:
  struct Key {
    std::uint32_t offset = 0;  // of `,"name":` or `,"name":"` in key_text_
    std::uint32_t length = 0;
    bool quoted = false;
  };

  explicit FlowLogLayout(std::vector<FlowLogField> fields);
  RefuseReason split_long(std::string_view line, FlowLogValues& values) const;
  char* render_careful(std::string_view line, char* out) const;

  std::vector<FlowLogField> fields_;
  std::string header_;
  Known known_;
  std::uint64_t integer_fields_ = 0;  // bit i: field i is an integer
  std::vector<Key> keys_;
  std::string key_text_;  // padded, so that keys are copied in fixed steps
  std::size_t key_bytes_ = 0;
};

// One copy of each layout, found by its header. Bounded: a peer that sends ever new headers gets an
// error, not memory.
class LayoutTable {
 public:
  explicit LayoutTable(std::size_t layouts_max = 1024);
  LayoutTable(const LayoutTable&) = delete;
  LayoutTable& operator=(const LayoutTable&) = delete;

  const FlowLogLayout* default_v2() const { return default_v2_; }
  Result<const FlowLogLayout*> intern(FlowLogLayout layout);
  // from_header() and intern() in one.
  Result<const FlowLogLayout*> intern_header(std::string_view line);

 private:
  std::size_t layouts_max_;
  InternTable<FlowLogLayout> layouts_;
  const FlowLogLayout* default_v2_;
};

}  // namespace weir
