// NotifyingStage: a stage, and whom to wake when it has done something: the threads that poll the
// stages behind it, and those that wait for what it gives back.
#pragma once

#include <utility>
#include <vector>

#include "core/port/port.h"
#include "core/port/stage.h"

namespace weir {

class NotifyingStage final : public Stage {
 public:
  NotifyingStage(Stage& inner, std::vector<Waker*> wakers)
      : inner_(inner), wakers_(std::move(wakers)) {}

  std::size_t poll(const Now& now) override {
    const std::size_t work = inner_.poll(now);
    if (work > 0) {
      for (Waker* waker : wakers_) waker->wake();
    }
    return work;
  }
  MonotonicTime next_deadline() const override { return inner_.next_deadline(); }

 private:
  Stage& inner_;
  const std::vector<Waker*> wakers_;
};

}  // namespace weir
