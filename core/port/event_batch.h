// EventBatch: events on their way to or from the EventStore, with what is known about each. One
// buffer for all their bytes, so that a batch costs a few allocations, however many events.
//
// Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/units.h"

namespace weir {

using EntryId = std::uint64_t;  // of an entry of the store, from 1, never used twice; 0: not yet

enum class EntryKind : std::uint8_t {
  retry,       // to be tried again at `due`
  dead_letter  // its tries have ended; stays until somebody redrives or drops it
};

// Which limit ended the tries, in EventBridge's words: see to_string().
enum class Exhausted : std::uint8_t {
  none,     // a permanent error
  retries,  // MaximumRetryAttempts
  age       // MaximumEventAgeInSeconds
};
std::string_view to_string(Exhausted condition);

// One event as the store keeps it. The texts belong to the batch it comes from, or to the caller
// who adds it to one. Times are the SteadyClock's.
struct StoredEvent {
  EntryId id = 0;
  EntryKind kind = EntryKind::dead_letter;
  std::string_view target = {};  // the name of the target that did not take it
  std::string_view from =
      {};  // the target whose dead letter it is, on its way to `target`; or empty
  std::string_view letter = {};     // what became of it there: append_dead_letter(), no event
  std::string_view bus = {};        // the name of the bus it was accepted on
  std::string_view event = {};      // as it would be sent, without delimiter
  std::string_view event_id = {};   // of its envelope; the same on every repeat
  std::string_view rules = {};      // that sent it there, one name a line; may be empty
  std::string_view order_key = {};  // of `order_by`; empty: none
  std::string_view error_code = {};
  std::string_view error_message = {};
  std::uint32_t attempts = 0;
  Exhausted exhausted = Exhausted::none;
  std::uint8_t hops = 0;  // buses it has come through
  WallTime accepted = {};
  WallTime age_from = {};  // what `max_age` counts from: 0: `accepted`, else when it was redriven
  WallTime first_attempt = {};  // 0: none yet
  WallTime last_attempt = {};
  WallTime due = {};  // of a retry; 0: at once
};

class EventBatch {
 public:
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  // What it holds in memory, more or less.
  std::size_t bytes() const { return text_.size() + entries_.size() * sizeof(Entry); }
  void clear();

  // Copies the texts; of the error message kErrorBytesMax.
  void add(const StoredEvent& event);
  // Valid until the next add() or clear().
  StoredEvent at(std::size_t index) const;
  // For those who number them.
  void set_id(std::size_t index, EntryId id) { entries_[index].fixed.id = id; }

  static constexpr std::size_t kErrorBytesMax = 1024;

 private:
  static constexpr std::size_t kTexts = 10;
  struct Entry {
    StoredEvent fixed;  // its views are empty
    std::size_t begin = 0;
    std::uint32_t lengths[kTexts] = {};
  };
  std::string text_;
  std::vector<Entry> entries_;
};

}  // namespace weir
