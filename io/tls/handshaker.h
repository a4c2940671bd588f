// Handshaker: opens TLS on connected sockets, on a thread of its own. A handshake costs a
// millisecond of arithmetic and several round trips; neither belongs on the thread that moves
// events. The thread also reads certificate files and keeps sessions, so that a connection to a
// server that is known already is taken up again.
//
// Threads: ask() and take() from any thread, each for its own client; wakers are called from the
// background thread. Nothing runs until the first ask(). Lifetime: longer than the TlsPorts.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/units.h"
#include "core/port/port.h"
#include "io/tls/tls_session.h"

namespace weir {

class Handshaker {
 public:
  static constexpr std::chrono::milliseconds kLimit{10'000};  // for one handshake

  // Who asks: takes the answers.
  struct Client {
    explicit Client(Waker& its_waker) : waker(its_waker) {}
    struct Answer {
      std::uint64_t question = 0;
      std::int64_t error = 0;  // 0, or negative
      std::unique_ptr<TlsSession> session;
    };
    Waker& waker;
    // Under the Handshaker's lock.
    std::vector<Answer> answers;
    bool gone = false;
  };

  Handshaker() = default;
  ~Handshaker();
  Handshaker(const Handshaker&) = delete;
  Handshaker& operator=(const Handshaker&) = delete;

  // The socket is only used until the answer comes; it stays the caller's, open until then.
  void ask(std::shared_ptr<Client> client, std::uint64_t question, int socket,
           const Endpoint& endpoint);
  std::vector<Client::Answer> take(Client& client);
  // The client does not want its answers any more.
  void leave(Client& client);

 private:
  struct Work {
    std::shared_ptr<Client> client;
    std::uint64_t question = 0;
    int socket = -1;
    Endpoint endpoint;
    std::unique_ptr<TlsSession> session;
    std::string unsent;
    std::int64_t error = 0;
    bool done = false;
    std::chrono::steady_clock::time_point limit;
  };
  struct Known {  // one for each kind of TLS that was asked for
    TlsSpec spec;
    SslContext context;
    std::mutex mutex;
    std::map<std::string, SslSession> sessions;  // by "host:port"
  };
  void run();
  void begin(Work& work);
  void advance(Work& work);
  static void move_bytes(Work& work);
  void answer(Work& work);
  Known* known(const TlsSpec& spec);
  static int keep_session(SSL* ssl, SSL_SESSION* session);

  std::mutex mutex_;
  std::vector<Work> asked_;
  int wake_fd_ = -1;
  bool stop_ = false;
  std::thread thread_;
  std::vector<std::unique_ptr<Known>> known_;  // the thread's; never taken away
};

}  // namespace weir
