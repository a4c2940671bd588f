// ChangeDesk: requests that change rules, on their way from the server's thread to the control
// thread and their answers on the way back.
//
// Threads: ask() and take_answers() the server's; take_requests() and answer() the control
// thread's. Memory: at most kWaitingMax requests, and the answers not taken yet.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/serve/http_exchange.h"
#include "core/sync/channel.h"

namespace weir {

class ChangeDesk {
 public:
  static constexpr std::size_t kWaitingMax = 256;

  struct Request {
    std::uint64_t exchange = 0;
    std::string operation;
    std::string body;
  };
  struct Answer {
    std::uint64_t exchange = 0;
    HttpAnswer answer;
  };

  // `wake_control`: called by ask() once the request can be taken.
  explicit ChangeDesk(std::function<void()> wake_control)
      : wake_control_(std::move(wake_control)) {}

  // False: too many wait already.
  bool ask(Request request) {
    if (!to_control_.push(std::move(request))) return false;
    wake_control_();
    return true;
  }
  std::vector<Request> take_requests() { return take(from_server_); }

  // Then wake the server's thread.
  void answer(Answer answer) { answers_.push_from_any_thread(std::move(answer)); }
  std::vector<Answer> take_answers() {
    if (answers_.size_approx() == 0) return {};
    return take(from_control_);
  }

 private:
  template <typename T>
  static std::vector<T> take(typename Channel<T>::Consumer& from) {
    std::vector<T> all;
    std::array<T, 16> some;
    while (const std::size_t count = from.pop(some)) {
      for (std::size_t i = 0; i < count; ++i) all.push_back(std::move(some[i]));
    }
    return all;
  }
  std::vector<Request> take(Channel<Request>::Consumer& from) { return take<Request>(from); }
  std::vector<Answer> take(Channel<Answer>::Consumer& from) { return take<Answer>(from); }

  const std::function<void()> wake_control_;
  Channel<Request> requests_{kWaitingMax, 1};
  Channel<Answer> answers_{kWaitingMax, 1};
  Channel<Request>::Producer to_control_{requests_};
  Channel<Request>::Consumer from_server_{requests_};
  Channel<Answer>::Consumer from_control_{answers_};
};

}  // namespace weir
