// RecordSplitter: records out of the wrappers that AWS puts around them, each as one line, without
// holding a tree of the whole.
//
// It takes, one after the other and in any mix, with or without anything between them:
//   {"Records":[{...},{...}]}            a CloudTrail file in S3: its records
//   [{...},{...}]                        a JSON array: its elements
//   {"messageType":...,"logEvents":[{"message":"..."}]}   a CloudWatch Logs subscription: its
//                                        messages, unescaped; a CONTROL_MESSAGE holds none
//   a CloudTrail digest                  skipped and counted
//   {...}                                any other object: itself, or, in flow-log mode, the text
//                                        of its `message` (Firehose's {"message":"..."})
// Line ends between the tokens of a record become spaces, every other byte stays. Whether a record
// is sound JSON is for the matcher to find; here only strings and braces count.
//
// Use: feed(chunk), then next() until it says `more`; at the end of the stream finish(). Chunks may
// be cut anywhere. A record that is cut by chunks waits in a carry buffer (at most the record
// limit), which is the only memory.
//
// Errors: a record over the limit is refused too_large and passed over. Where the text is no JSON,
// one malformed is reported and reading goes on at the next line that begins with { or [ (a nested
// object is indented or in the line, so it is never taken for a record). An end inside a value is
// truncated.
//
// Threads: one at a time.
// Source: "CloudTrail log file examples" and "CloudTrail digest file structure" in the CloudTrail
// user guide; "Subscription filters" in the CloudWatch Logs user guide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/block/block.h"

namespace weir {

enum class RecordMode : std::uint8_t {
  json,     // records are JSON objects
  flow_log  // records are flow-log lines inside JSON strings
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): grouped for the reader, one a stream
class RecordSplitter {
 public:
  enum class Kind : std::uint8_t { more, line, refused };
  struct Item {
    Kind kind = Kind::more;
    RefuseReason reason = RefuseReason::none;  // refused
    std::string_view line;                     // line: valid until the next call
  };
  struct Counts {
    std::uint64_t digests = 0;           // objects passed over because they hold no records
    std::uint64_t control_messages = 0;  // CloudWatch's probes
  };

  RecordSplitter(std::size_t record_bytes_limit, RecordMode mode);

  // The chunk stays untouched until next() has said `more`.
  void feed(std::string_view chunk);
  Item next();
  // No more input: `refused` if it ended inside a value, else `more`. Ready for a new stream then.
  Item finish();

  const Counts& counts() const { return counts_; }

 private:
  enum class State : std::uint8_t {
    top,           // between values
    lost,          // after an error, until a line begins with { or [
    key_or_close,  // in an object
    key,
    colon,
    value,
    value_string,
    value_nested,
    value_scalar,
    after_value,
    element_or_close,  // in an array of records
    element_string,
    element_nested,
    element_scalar,
    after_element
  };
  enum class Key : std::uint8_t { other, records, log_events, message_type };
  enum class Scan : std::uint8_t { more, done, broken };

  // One step of the state machine at chunk_[at_]; an Item other than `more` is handed out.
  Item step();
  Item step_top(char c);
  void step_lost(char c);
  Item step_object(char c);
  Item step_value(char c);
  Item step_array(char c);
  Item step_scan();

  void take(char c);  // the byte at hand is done with
  Scan skip_string();
  Scan skip_nested();
  Scan skip_nested_block(const char* block);
  Scan skip_nested_byte(char c);
  Scan skip_scalar();
  void enter_nested(State state);
  void enter_string(State state);
  void enter_array(bool wrapped, bool messages);
  void end_key();
  Item end_object();
  Item broken();
  bool may_hold_line_end();
  bool over_limit(std::size_t end) const;

  void begin_capture();
  void keep_piece();                     // the capture goes on in the next chunk
  Item end_capture(bool needs_message);  // it ends before at_
  Item unwrap(std::string_view object, bool needs_message);

  const std::size_t limit_;
  const RecordMode mode_;
  Counts counts_;

  std::string_view chunk_;
  std::size_t at_ = 0;
  State state_ = State::top;
  bool line_start_ = true;     // the byte before chunk_[at_] ended a line
  std::size_t bom_bytes_ = 0;  // of a byte order mark at the start of the stream

  // The object or array at hand.
  Key key_ = Key::other;
  std::string small_;        // a key or the messageType, as far as they matter
  bool holds_none_ = false;  // a digest: passed over
  bool is_wrapper_ = false;  // its records were taken out
  bool control_ = false;     // a CONTROL_MESSAGE
  bool array_wrapped_ = false;
  bool array_messages_ = false;

  // Scanning a value.
  std::uint64_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;  // the next byte is taken as it is

  // Capturing a record: carry_ + chunk_[capture_, at_).
  bool capturing_ = false;
  std::size_t capture_ = 0;
  std::string carry_;
  bool too_large_ = false;
  bool line_ends_ = false;  // there are some to replace
  std::string message_;
};

}  // namespace weir
