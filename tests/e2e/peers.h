// The router's neighbours in end-to-end tests: weir's own sink and load as processes, and raw
// sockets that behave as no well-meant program would.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/process.h"
#include "tools/common/sockets.h"

namespace weir::e2e {

// "127.0.0.1:7001" or "unix:PATH".
struct ListenAt {
  explicit ListenAt(std::string a) : address(std::move(a)) {}
  std::string address;
};

// A `weir sink` of one or several ports. What came is in output(i) once it has ended.
class SinkProcess {
 public:
  SinkProcess(const TempDir& directory, const std::string& name,
              const std::vector<std::string>& options = {}, std::size_t ports = 1);
  SinkProcess(const TempDir& directory, const ListenAt& at, const std::string& name,
              const std::vector<std::string>& options = {});

  Process& process() { return *process_; }
  std::uint16_t port(std::size_t index = 0) const { return ports_.at(index); }
  std::string address(std::size_t index = 0) const;
  // Ends it (it takes what has arrived first) and returns its report.
  Json stop();
  // Waits for the end that its options bring about.
  Json finish();
  int exit_code() const { return exit_code_; }
  std::string output(std::size_t index = 0) const;
  // What is in the file so far.
  std::string received_path(std::size_t index = 0) const;

 private:
  void start(const TempDir& directory, const std::vector<std::string>& listen,
             const std::vector<std::string>& options);

  std::string name_;
  std::string report_;
  std::string output_;
  std::size_t count_ = 1;
  std::vector<std::uint16_t> ports_;
  std::unique_ptr<Process> process_;
  int exit_code_ = kNotEnded;
};

// `weir load --to tcp://127.0.0.1:PORT OPTIONS...` to its end; its report. Fails the test if the
// exit code is another than `exit_code`.
Json load(const TempDir& directory, const std::string& to, const std::vector<std::string>& options,
          int exit_code = 0);
// The same, left running.
std::unique_ptr<Process> start_load(const TempDir& directory, const std::string& name,
                                    const std::string& to, std::vector<std::string> options);
std::string tcp_url(std::uint16_t port);

// One raw connection, blocking.
class Client {
 public:
  explicit Client(std::uint16_t port);
  explicit Client(Fd fd) : fd_(std::move(fd)) {}

  // False if the peer has gone.
  bool send(std::string_view bytes);
  // Each byte in a segment of its own.
  bool send_byte_by_byte(std::string_view bytes);
  std::string receive();      // what comes next; empty at the end or after a reset
  std::string receive_now();  // what has come already; empty if nothing has
  bool ended_by_peer();       // waits for the end of the stream or a reset
  void end() { fd_.reset(); }
  void end_sending();
  void reset();  // an RST instead of an orderly end
  bool open() const { return fd_.open(); }
  std::string name() const;  // its own end, "127.0.0.1:53211"

 private:
  Fd fd_;
};

// A raw listener on a free port of 127.0.0.1.
class Server {
 public:
  Server();
  std::uint16_t port() const { return port_; }
  Client accept();  // waits for a connection

 private:
  Fd fd_;
  std::uint16_t port_ = 0;
};

// A port on which nobody listens just now.
std::uint16_t unused_port();

}  // namespace weir::e2e
