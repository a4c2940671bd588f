#include "tools/run/errands.h"

#include <utility>

namespace weir {

bool Errands::run(const std::function<void()>& work) {
  Errand errand{.work = &work};
  std::unique_lock lock(mutex_);
  if (closed_) return false;
  waiting_.push_back(&errand);
  changed_.wait(lock, [&] { return errand.state != Errand::State::waiting; });
  return errand.state == Errand::State::done;
}

void Errands::serve() {
  for (;;) {
    Errand* errand = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) return;
      errand = waiting_.front();
      waiting_.pop_front();
    }
    (*errand->work)();
    {
      const std::lock_guard lock(mutex_);
      errand->state = Errand::State::done;
    }
    changed_.notify_all();
  }
}

void Errands::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (Errand* errand : std::exchange(waiting_, {})) errand->state = Errand::State::refused;
  }
  changed_.notify_all();
}

}  // namespace weir
