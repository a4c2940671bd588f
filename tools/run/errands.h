// Errands: work that other threads have done by the control thread, which alone may look at all
// stages, and wait for. The control thread serves them when it looks around.
//
// Threads: run() any but the control thread; serve() and close() the control thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace weir {

class Errands {
 public:
  // Returns once `work` was done; false, and it was not and will not be, when the process ends.
  bool run(const std::function<void()>& work);
  void serve();
  // Turns away whoever waits and whoever comes.
  void close();

 private:
  struct Errand {
    const std::function<void()>* work;
    enum class State { waiting, done, refused } state = State::waiting;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Errand*> waiting_;
  bool closed_ = false;
};

}  // namespace weir
