#include "tests/e2e/peers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <cstring>

namespace weir::e2e {
namespace {

constexpr int kPatienceMs = static_cast<int>(std::chrono::milliseconds(kPatience).count());

void make_blocking(int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

bool readable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return poll(&waiting, 1, kPatienceMs) == 1;
}

Endpoint loopback(std::uint16_t port) {
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port;
  return endpoint;
}

}  // namespace

SinkProcess::SinkProcess(const TempDir& directory, const std::string& name,
                         const std::vector<std::string>& options, std::size_t ports)
    : name_(name), count_(ports) {
  std::vector<std::string> listen;
  for (std::size_t i = 0; i < ports; ++i) {
    listen.emplace_back("--tcp");
    listen.emplace_back("127.0.0.1:0");
  }
  start(directory, listen, options);
}

SinkProcess::SinkProcess(const TempDir& directory, const ListenAt& at, const std::string& name,
                         const std::vector<std::string>& options)
    : name_(name) {
  const bool is_unix = at.address.starts_with("unix:");
  start(directory, {is_unix ? "--unix" : "--tcp", is_unix ? at.address.substr(5) : at.address},
        options);
}

void SinkProcess::start(const TempDir& directory, const std::vector<std::string>& listen,
                        const std::vector<std::string>& options) {
  report_ = directory.file(name_ + ".json");
  output_ = directory.file(name_ + ".received");
  std::vector<std::string> arguments = {"sink",  "--quiet",  "--report",
                                        report_, "--output", output_};
  arguments.insert(arguments.end(), listen.begin(), listen.end());
  arguments.insert(arguments.end(), options.begin(), options.end());
  process_ = std::make_unique<Process>(directory, name_, arguments);
  for (const Listening& place : process_->listening(count_)) ports_.push_back(place.port());
}

std::string SinkProcess::address(std::size_t index) const {
  return "127.0.0.1:" + std::to_string(port(index));
}

Json SinkProcess::stop() {
  process_->signal(SIGTERM);
  return finish();
}

Json SinkProcess::finish() {
  exit_code_ = process_->wait();
  return read_json(report_);
}

std::string SinkProcess::received_path(std::size_t index) const {
  return count_ == 1 ? output_ : output_ + "." + std::to_string(index);
}

std::string SinkProcess::output(std::size_t index) const {
  return read_file(received_path(index));
}

std::string tcp_url(std::uint16_t port) {
  return "tcp://127.0.0.1:" + std::to_string(port);
}

std::unique_ptr<Process> start_load(const TempDir& directory, const std::string& name,
                                    const std::string& to, std::vector<std::string> options) {
  const std::vector<std::string> always = {"load",      "--quiet",
                                           "--to",      to,
                                           "--report",  directory.file(name + ".json"),
                                           "--timeout", std::to_string(kPatience.count()) + "s"};
  options.insert(options.begin(), always.begin(), always.end());
  return std::make_unique<Process>(directory, name, options);
}

Json load(const TempDir& directory, const std::string& to, const std::vector<std::string>& options,
          int exit_code) {
  const auto process = start_load(directory, "load", to, options);
  EXPECT_EQ(process->wait(), exit_code) << process->errors();
  return read_json(directory.file("load.json"));
}

Client::Client(std::uint16_t port) {
  auto connected = connect_to(loopback(port), 5s);
  if (!connected) {
    ADD_FAILURE() << connected.error().message;
    return;
  }
  fd_ = std::move(*connected);
  make_blocking(fd_.get());
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t took = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (took < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(took));
  }
  return true;
}

bool Client::send_byte_by_byte(std::string_view bytes) {
  for (const char& byte : bytes) {
    if (!send({&byte, 1})) return false;
  }
  return true;
}

std::string Client::receive() {
  std::array<char, 65536> buffer{};
  if (!readable(fd_.get())) {
    ADD_FAILURE() << "the peer sends nothing and does not end";
    return {};
  }
  const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

std::string Client::receive_now() {
  std::array<char, 65536> buffer{};
  const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

bool Client::ended_by_peer() {
  while (readable(fd_.get())) {
    std::array<char, 4096> buffer{};
    if (recv(fd_.get(), buffer.data(), buffer.size(), 0) <= 0) return true;
  }
  return false;
}

void Client::end_sending() {
  shutdown(fd_.get(), SHUT_WR);
}

void Client::reset() {
  const linger now{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd_.reset();
}

std::string Client::name() const {
  sockaddr_in in{};
  socklen_t length = sizeof in;
  getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&in), &length);
  return "127.0.0.1:" + std::to_string(ntohs(in.sin_port));
}

Server::Server() {
  Endpoint endpoint = loopback(0);
  auto listener = listen_on(endpoint);
  if (!listener) {
    ADD_FAILURE() << listener.error().message;
    return;
  }
  fd_ = std::move(*listener);
  port_ = endpoint.port;
}

Client Server::accept() {
  if (!readable(fd_.get())) {
    ADD_FAILURE() << "nobody connects";
    return Client(Fd());
  }
  Fd fd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(fd.open()) << std::strerror(errno);
  return Client(std::move(fd));
}

std::uint16_t unused_port() {
  Endpoint endpoint = loopback(0);
  const auto listener = listen_on(endpoint);
  return listener ? endpoint.port : std::uint16_t{0};
}

}  // namespace weir::e2e
