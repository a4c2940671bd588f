#include "tests/e2e/oracle.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <list>
#include <random>
#include <unordered_set>

namespace weir::e2e {
namespace {

constexpr std::string_view kHead = "{\"id\":";

// The number that stands at the head of an event's line.
bool read_id(std::string_view line, std::uint64_t& id) {
  if (!line.starts_with(kHead)) return false;
  line.remove_prefix(kHead.size());
  return std::from_chars(line.data(), line.data() + line.size(), id).ec == std::errc();
}

struct Arrived {
  std::unordered_set<std::uint64_t> ids;
  std::string fault;
};

Arrived read_arrived(const Oracle& oracle, const std::string& path) {
  Arrived arrived;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::uint64_t id = 0;
    if (!read_id(line, id) || id >= oracle.sent() || line != oracle.event(id)) {
      arrived.fault = "was never sent: " + line.substr(0, 200);
      return arrived;
    }
    arrived.ids.insert(id);
  }
  return arrived;
}

}  // namespace

std::string Oracle::event(std::uint64_t id) const {
  std::minstd_rand random(static_cast<unsigned>(seed_ * 7919 + id * 31 + 1));
  std::string event(kHead);
  event += std::to_string(id);
  event += ",\"text\":\"";
  const std::size_t length = random() % (random() % 8 == 0 ? 700 : 60);
  for (std::size_t i = 0; i < length; ++i) event += static_cast<char>('a' + random() % 26);
  return event + "\"}";
}

bool Oracle::Sender::send(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    ids_.push_back(oracle_.next_);
    bytes += oracle_.event(oracle_.next_++);
    bytes += '\n';
  }
  return client_.send(bytes);
}

void Oracle::Sender::listen() {
  for (std::string bytes = client_.receive_now(); !bytes.empty(); bytes = client_.receive_now()) {
    hear(bytes);
  }
}

bool Oracle::Sender::finish() {
  client_.end_sending();
  for (std::string bytes = client_.receive(); !bytes.empty(); bytes = client_.receive()) {
    hear(bytes);
  }
  return acked_ == ids_.size();
}

void Oracle::Sender::hear(const std::string& bytes) {
  part_ += bytes;
  for (std::size_t end = part_.find('\n'); end != std::string::npos; end = part_.find('\n')) {
    const std::string line = part_.substr(0, end);
    part_.erase(0, end + 1);
    const Json said = Json::parse(line, nullptr, false);
    if (said.is_object() && said.contains("error")) {
      errors_.push_back(said["error"].get<std::string>());
      EXPECT_FALSE(said.contains("line")) << "a sound line was refused: " << line;
      continue;
    }
    const bool sound = said.is_object() && said.contains("ack") &&
                       said["ack"].get<std::uint64_t>() > acked_ &&
                       said["ack"].get<std::uint64_t>() <= ids_.size();
    EXPECT_TRUE(sound) << line;
    if (!sound) return;
    const auto ack = said["ack"].get<std::uint64_t>();
    for (; acked_ < ack; ++acked_) oracle_.acknowledged_.insert(ids_[acked_]);
  }
}

std::string Oracle::judge(const std::string& path) const {
  const Arrived arrived = read_arrived(*this, path);
  if (!arrived.fault.empty()) return arrived.fault;
  std::size_t missing = 0;
  std::uint64_t first = 0;
  for (const std::uint64_t id : acknowledged_) {
    if (arrived.ids.contains(id)) continue;
    if (missing++ == 0) first = id;
  }
  if (missing == 0) return "";
  return std::to_string(missing) + " of " + std::to_string(acknowledged_.size()) +
         " acknowledged events are missing in " + path + ", the first is " + std::to_string(first);
}

bool Oracle::complete(const std::string& path) const {
  const Arrived arrived = read_arrived(*this, path);
  return arrived.fault.empty() && std::ranges::all_of(acknowledged_, [&](std::uint64_t id) {
           return arrived.ids.contains(id);
         });
}

Receiver::Receiver(std::string path) : path_(std::move(path)), file_(path_) {
  Endpoint endpoint;
  endpoint.kind = Endpoint::Kind::tcp;
  endpoint.host = "127.0.0.1";
  auto listener = listen_on(endpoint);
  EXPECT_TRUE(listener.ok());
  if (!listener) return;
  listener_ = std::move(*listener);
  port_ = endpoint.port;
  thread_ = std::thread([this] { work(); });
}

Receiver::~Receiver() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Receiver::work() {
  std::list<Connection> connections;
  while (!stopping_) {
    std::vector<pollfd> ready = {{listener_.get(), POLLIN, 0}};
    for (const Connection& connection : connections) {
      ready.push_back({connection.fd.get(), POLLIN, 0});
    }
    if (::poll(ready.data(), ready.size(), 20) <= 0) continue;
    std::size_t index = 1;
    for (auto at = connections.begin(); at != connections.end(); ++index) {
      const bool goes_on = ready[index].revents == 0 || take(*at);
      at = goes_on ? std::next(at) : connections.erase(at);
    }
    if (ready[0].revents == 0) continue;
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (fd.open()) connections.push_back({.fd = std::move(fd), .part = {}});
  }
}

// False: the connection has ended, or is to be cut.
bool Receiver::take(Connection& connection) {
  std::array<char, 65536> bytes;
  const ssize_t got = ::recv(connection.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return true;
  if (got <= 0) return false;
  connection.part.append(bytes.data(), static_cast<std::size_t>(got));
  const std::size_t end = connection.part.rfind('\n');
  if (end == std::string::npos) return true;
  const std::string_view whole = std::string_view(connection.part).substr(0, end + 1);
  connection.lines += static_cast<std::uint64_t>(std::ranges::count(whole, '\n'));
  file_ << whole << std::flush;
  connection.part.erase(0, end + 1);
  if (cut_every_ != 0 && connection.lines >= cut_every_) return false;  // unacknowledged
  const std::string ack = "{\"ack\":" + std::to_string(connection.lines) + "}\n";
  return ::send(connection.fd.get(), ack.data(), ack.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(ack.size());
}

}  // namespace weir::e2e
