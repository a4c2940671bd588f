// Every interleaving of a sleeper and its producers, one call at a time: no hand-off may be left
// behind a sleeping thread, whatever the order. (What the processor reorders inside a call is for
// the fences; sync_test.cc runs them on real threads.)
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/sync/channel.h"
#include "core/sync/sleep_gate.h"

namespace weir {
namespace {

// A sleeper and two producers over the real SleepGate and Channel; step(actor) makes one call.
class World {
 public:
  static constexpr std::size_t kProducers = 2;
  static constexpr int kItems = 2;  // of each producer

  // `asks`: whether the sleeper asks still_asleep() before it waits, as it must.
  explicit World(bool asks) : asks_(asks) {
    for (std::size_t i = 0; i < kProducers; ++i) {
      producers_.push_back(std::make_unique<Channel<int>::Producer>(channel_));
    }
  }

  bool can_step(std::size_t actor) const {
    if (actor < kProducers) return sent_[actor] < kItems || owes_wake_[actor];
    if (asleep_) return wakes_ > 0;
    return received_ < static_cast<int>(kProducers) * kItems;
  }

  void step(std::size_t actor) {
    if (actor == kProducers) return step_sleeper();
    if (!owes_wake_[actor]) {
      EXPECT_TRUE(producers_[actor]->push(1));
      ++sent_[actor];
      owes_wake_[actor] = true;
    } else {
      if (gate_.needs_wake()) ++wakes_;
      owes_wake_[actor] = false;
    }
  }

  bool finished() const { return received_ == static_cast<int>(kProducers) * kItems; }

 private:
  enum class Step : std::uint8_t { poll, prepare, take_wakes, look_again, wait, leave };

  void step_sleeper() {
    if (asleep_) {
      asleep_ = false;
      --wakes_;
      next_ = Step::leave;
      return;
    }
    switch (next_) {
      case Step::poll:
        wakes_ = 0;  // a ring's poll takes the wake-ups with the other completions
        next_ = take() ? Step::poll : Step::prepare;
        return;
      case Step::prepare:
        gate_.prepare();
        next_ = Step::take_wakes;
        return;
      case Step::take_wakes:
        wakes_ = 0;
        next_ = Step::look_again;
        return;
      case Step::look_again:
        next_ = take() ? Step::leave : Step::wait;
        return;
      case Step::wait:
        if (asks_ && !gate_.still_asleep()) {
          next_ = Step::leave;
        } else if (wakes_ > 0) {  // the kernel keeps a wake-up that came before the sleep
          --wakes_;
          next_ = Step::leave;
        } else {
          asleep_ = true;
        }
        return;
      case Step::leave:
        gate_.awake();
        next_ = Step::poll;
        return;
    }
  }

  bool take() {
    std::array<int, 8> out{};
    const std::size_t count = consumer_.pop(out);
    received_ += static_cast<int>(count);
    return count > 0;
  }

  Channel<int> channel_{16, kProducers};
  std::vector<std::unique_ptr<Channel<int>::Producer>> producers_;
  Channel<int>::Consumer consumer_{channel_};
  SleepGate gate_;
  std::array<int, kProducers> sent_{};
  std::array<bool, kProducers> owes_wake_{};
  const bool asks_;
  int wakes_ = 0;
  int received_ = 0;
  bool asleep_ = false;
  Step next_ = Step::poll;
};

struct Choice {
  std::vector<std::size_t> options;
  std::size_t taken = 0;
};

// Runs one schedule: follows `path`, then always takes the first actor that can go, noting what
// else could have been chosen. The depth is bounded, so that idle polling does not go on for ever.
bool run_schedule(std::vector<Choice>& path, std::size_t depth_max, bool asks) {
  World world(asks);
  for (std::size_t depth = 0; !world.finished(); ++depth) {
    std::vector<std::size_t> options;
    for (std::size_t actor = 0; actor <= World::kProducers; ++actor) {
      // Beyond the bound the rest runs in a fixed order, producers first.
      if (depth >= depth_max && !options.empty()) break;
      if (world.can_step(actor)) options.push_back(actor);
    }
    if (options.empty()) return false;  // all wait: a hand-off was left behind
    if (depth == path.size()) path.push_back({options, 0});
    world.step(path[depth].options[path[depth].taken]);
  }
  return true;
}

// The number of schedules that were run, and whether one of them left a hand-off behind.
struct Search {
  std::uint64_t schedules = 0;
  bool left_behind = false;
};

Search search(std::size_t depth_max, bool asks) {
  Search search;
  std::vector<Choice> path;
  for (;;) {
    ++search.schedules;
    if (!run_schedule(path, depth_max, asks)) {
      search.left_behind = true;
      return search;
    }
    // The next schedule in depth-first order.
    while (!path.empty() && path.back().taken + 1 == path.back().options.size()) path.pop_back();
    if (path.empty()) return search;
    ++path.back().taken;
  }
}

TEST(Interleavings, NoHandOffIsLeftBehindASleeper) {
  const Search all = search(13, true);
  EXPECT_FALSE(all.left_behind) << "schedule " << all.schedules;
  EXPECT_GT(all.schedules, 10000U);
}

// That the search would see it: the second look may take the only wake-up.
TEST(Interleavings, ASleeperThatDoesNotAskAgainIsFound) {
  EXPECT_TRUE(search(13, false).left_behind);
}

}  // namespace
}  // namespace weir
