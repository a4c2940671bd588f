// What is known about one target from outside: counters and gauges that its Writer keeps and any
// thread may read. At every moment the Writer is at rest, matched = delivered + shed + dropped +
// pending.
// What a lagging target has not yet taken from the log has not reached its door. What waited here
// for it when the process ended stays pending, because the log still has it.
//
// Lifetime: shared by the Writer and whoever reports; a target whose address changes keeps its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/sync/counter.h"
#include "core/sync/snapshot.h"

namespace weir {

enum class TargetState : std::uint8_t {
  idle,          // nothing was ever to be sent, or all is settled and closed
  connecting,    // or a file being opened
  connected,     // or a file open
  reconnecting,  // failed; waits before the next try
  retired        // drained and closed for good
};
std::string_view to_string(TargetState state);

// Why an event was given up and went nowhere. Names as they appear in reports are in to_string().
enum class DropReason : std::uint8_t {
  refused,  // the peer will never take it
  retries,  // tried `retries` times again
  age,      // older than `max_age`
  stopped,  // the process ended, or the target went away, before it was delivered
  count_    // number of reasons
};
inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(DropReason::count_);
std::string_view to_string(DropReason reason);

struct TargetCounters {
  // Events.
  Counter matched;    // reached this target's door
  Counter delivered;  // acknowledged by the peer's kernel; written to the file
  Counter shed;       // refused at the door: the budget was used and `when_full` is shed
  Counter dropped;    // given up and kept nowhere
  Counter dropped_by[kDropReasons];
  Counter pending;  // gauge: matched and none of the above yet

  // Of them, those that were read from the log because the target lagged.
  Counter caught_up;
  // Records of the log that were damaged or gone when a lagging target wanted them.
  Counter records_missed;

  Counter
      dead_lettered;  // their tries have ended; they wait in the store, or went to another target
  Counter deferred;   // moved to the store, to be tried again from there
  Counter returned;   // came back from the store; counted in none of the above yet

  // Settled batches and their bytes, delimiters included.
  Counter batches;
  Counter bytes;

  // Gauges.
  Counter buffered_bytes;  // waiting or not acknowledged
  Counter memory_bytes;    // held in chunks
  Counter state;           // a TargetState
  Counter lagging;         // durable buses that it takes from the log, because it was too slow
  Counter oldest_ns;       // monotonic time when the oldest waiting event was accepted; 0: none
  Counter held;            // 1 while the target's full budget stops the Writer (`when_full: block`)

  // Trouble.
  Counter refused;           // by the peer (`acks: true`): dead letters, or dropped
  Counter connects;          // connections made, files opened
  Counter connect_failures;  // refused, unreachable, not openable
  Counter disconnects;       // connections that broke with something still to come or not
  Counter resent_bytes;      // sent a second time after a disconnect
  Counter write_errors;      // of files
  Counter rotations;         // finished files

  // HTTP.
  Counter requests;          // sent, repeats included
  Counter request_failures;  // not answered with success for all records
  Counter records_failed;    // records that are to be sent again
  Counter timeouts;          // requests without an answer in time
  Counter bisected;          // batches that were halved to find the record at fault

  // The last error in words, empty if none; stays after recovery.
  Snapshot<std::string> last_error{std::make_shared<const std::string>()};
};

}  // namespace weir
