#include "core/deliver/http_pace.h"

#include <algorithm>

namespace weir {
namespace {

constexpr Nanoseconds kBackoffFirst = 100ms;
constexpr Nanoseconds kBackoffLeast = 1ms;  // so that nothing spins
constexpr Nanoseconds kBackoffCapLeast = 30s;
constexpr Nanoseconds kBackoffCapMost = 15min;
constexpr Nanoseconds kBurst = 100ms;

Nanoseconds jittered(std::uint32_t failures, Nanoseconds cap, Random& random) {
  constexpr std::uint32_t kDoublingsMax = 14;  // 100 ms * 2^14 is beyond any cap
  const Nanoseconds most =
      std::min(kBackoffFirst * (1U << std::min(failures - 1, kDoublingsMax)), cap);
  const auto choices = static_cast<std::uint64_t>((most - kBackoffLeast).count()) + 1;
  return kBackoffLeast + Nanoseconds{static_cast<std::int64_t>(random.below(choices))};
}

}  // namespace

void HttpPace::configure(const TargetSpec& spec) {
  gate_after_ = spec.http.concurrency;
  const RateSpec& rate = spec.http.rate;
  interval_ = rate.requests == 0 ? 0ns : std::max<Nanoseconds>(rate.per / rate.requests, 1ns);
  burst_ = std::min(kBurst, rate.per);
  // A wait is half of the cap on average.
  const auto tries = static_cast<std::int64_t>(spec.retry.retries_max) + 1;
  backoff_most_ = std::clamp(2 * spec.retry.age_max / tries, kBackoffCapLeast, kBackoffCapMost);
}

bool HttpPace::may_send(const Now& now, std::uint32_t in_flight) const {
  if (down() && (in_flight > 0 || now.monotonic < gate_opens_)) return false;
  if (now.monotonic < pause_until_) return false;
  return interval_ == 0ns || now.monotonic + burst_ >= next_slot_;
}

void HttpPace::sent(const Now& now) {
  if (interval_ > 0ns) next_slot_ = std::max(next_slot_, now.monotonic) + interval_;
}

MonotonicTime HttpPace::next() const {
  MonotonicTime next = pause_until_;
  if (down()) next = std::max(next, gate_opens_);
  if (interval_ > 0ns && next_slot_.since_start > burst_) {
    next = std::max(next, MonotonicTime{next_slot_.since_start - burst_});
  }
  return next;
}

void HttpPace::succeeded(const Now& now) {
  if (down()) up_since_ = now.monotonic;
  failures_ = 0;
  last_success_ = now.monotonic;
}

void HttpPace::failed(const Now& now, Random& random) {
  ++failures_;
  if (down()) {
    gate_opens_ = now.monotonic + jittered(failures_ - gate_after_, kGateMost, random);
  }
}

Nanoseconds HttpPace::backoff(std::uint32_t attempts, Random& random) const {
  return jittered(std::max<std::uint32_t>(attempts, 1), backoff_most_, random);
}

}  // namespace weir
