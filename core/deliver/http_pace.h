// HttpPace: when a target may be sent the next request. Three brakes:
//
//     rate     the configured limit, evenly spread, with a tenth of a second's worth at once
//     pause    what the server asked for by Retry-After with 429 or 503
//     gate     while the target takes nothing at all: one request at a time, ever more seldom
//
// and how long a batch that failed waits for its next try.
//
// Threads: the Writer's only.
#pragma once

#include <cstdint>

#include "core/base/random.h"
#include "core/base/units.h"
#include "core/catalog/catalog.h"

namespace weir {

class HttpPace {
 public:
  // The longest wait of the gate: how late the return of a target is noticed.
  static constexpr Nanoseconds kGateMost = 30s;

  void configure(const TargetSpec& spec);

  bool may_send(const Now& now, std::uint32_t in_flight) const;
  void sent(const Now& now);
  // When may_send() can become true by the passing of time.
  MonotonicTime next() const;

  void succeeded(const Now& now);
  void failed(const Now& now, Random& random);
  void pause(MonotonicTime until) { pause_until_ = std::max(pause_until_, until); }

  // When the target last took something.
  MonotonicTime last_success() const { return last_success_; }
  // Since when it has been taking things, as far as it does.
  MonotonicTime up_since() const { return up_since_; }
  bool down() const { return failures_ > gate_after_; }

  // After so many failed attempts, 1 or more: exponential with full jitter. The cap lets all
  // retries of an event together last about as long as its age allows.
  Nanoseconds backoff(std::uint32_t attempts, Random& random) const;

 private:
  std::uint32_t gate_after_ = 1;
  std::uint32_t failures_ = 0;  // since the last success
  Nanoseconds interval_{0};     // between two requests; 0: no limit
  Nanoseconds burst_{0};
  Nanoseconds backoff_most_{15min};
  MonotonicTime next_slot_{Nanoseconds::min()};  // by the rate, without the burst
  MonotonicTime gate_opens_{Nanoseconds::min()};
  MonotonicTime pause_until_{Nanoseconds::min()};
  MonotonicTime last_success_{Nanoseconds::min()};
  MonotonicTime up_since_{Nanoseconds::min()};
};

}  // namespace weir
