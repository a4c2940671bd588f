#include "io/ring/resolver.h"

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace weir {

struct Resolver::Shared {
  struct Question {
    std::uint64_t question;
    std::string host;
    std::uint16_t port;
  };
  std::mutex mutex;
  std::condition_variable asked;
  std::deque<Question> questions;
  std::vector<Answer> answers;
  bool running = false;
  Waker* waker = nullptr;  // null once the Resolver is gone
};

Resolver::~Resolver() {
  if (shared_ == nullptr) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->waker = nullptr;
  shared_->asked.notify_one();
}

void Resolver::ask(std::uint64_t question, const std::string& host, std::uint16_t port) {
  if (shared_ == nullptr) {
    shared_ = std::make_shared<Shared>();
    shared_->waker = &waker_;
  }
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->running) {
    try {
      std::thread(run, shared_).detach();
      shared_->running = true;
    } catch (const std::system_error&) {  // no thread to be had: fail this one, try again next time
      shared_->answers.push_back({question, -EAGAIN, {}});
      waker_.wake();
      return;
    }
  }
  shared_->questions.push_back({question, host, port});
  shared_->asked.notify_one();
}

std::vector<Resolver::Answer> Resolver::take() {
  if (shared_ == nullptr) return {};
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->answers, {});
}

void Resolver::run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->asked.wait(lock,
                       [&] { return shared->waker == nullptr || !shared->questions.empty(); });
    if (shared->waker == nullptr) return;
    const Shared::Question question = std::move(shared->questions.front());
    shared->questions.pop_front();
    lock.unlock();
    Answer answer{question.question, 0, {}};
    answer.error = resolve_address(question.host, question.port, false, answer.addresses);
    lock.lock();
    if (shared->waker == nullptr) return;
    shared->answers.push_back(std::move(answer));
    shared->waker->wake();  // under the lock, so that the ring cannot go away meanwhile
  }
}

}  // namespace weir
