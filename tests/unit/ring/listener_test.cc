// Listening sockets: real ports, stale unix sockets, and faults that name the remedy.
#include "io/run/listener.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

#include "tests/unit/ring/ring_fixture.h"

namespace weir {
namespace {

std::string fault_of(const Endpoint& endpoint) {
  const auto opened = Listener::open(endpoint);
  return opened.ok() ? "" : opened.error().message;
}

Endpoint tcp(const std::string& host, std::uint16_t port) {
  return {Endpoint::Kind::tcp, host, port, ""};
}

TEST(ListenerTcp, ZeroTakesAFreePort) {
  const auto listener = Listener::open(tcp("127.0.0.1", 0));
  ASSERT_TRUE(listener.ok());
  EXPECT_NE(0, (*listener)->endpoint().port);
  EXPECT_EQ("127.0.0.1", (*listener)->endpoint().host);
}

TEST(ListenerTcp, TakesNames) {
  const auto listener = Listener::open(tcp("localhost", 0));
  ASSERT_TRUE(listener.ok()) << listener.error().message;
  EXPECT_NE(0, (*listener)->endpoint().port);
}

TEST(ListenerTcp, APortInUseIsNamedWithTheRemedy) {
  const auto first = Listener::open(tcp("127.0.0.1", 0));
  ASSERT_TRUE(first.ok());
  const std::string port = std::to_string((*first)->endpoint().port);
  const std::string fault = fault_of((*first)->endpoint());
  EXPECT_NE(std::string::npos, fault.find("tcp 127.0.0.1:" + port)) << fault;
  EXPECT_NE(std::string::npos, fault.find("in use")) << fault;
  EXPECT_NE(std::string::npos, fault.find("ss -ltnp")) << fault;
}

TEST(ListenerTcp, AddressesOfOthersAndNonsenseAreRefused) {
  EXPECT_NE(std::string::npos, fault_of(tcp("192.0.2.1", 0)).find("no such address"));
  EXPECT_NE(std::string::npos, fault_of(tcp("no-such-host.invalid", 0)).find("name"));
}

TEST(ListenerTcp, TheCongestionControlMustExist) {
  Endpoint endpoint = tcp("127.0.0.1", 0);
  endpoint.congestion = "no-such-thing";
  EXPECT_NE(std::string::npos, fault_of(endpoint).find("congestion"));
}

TEST(ListenerUnix, MakesAndRemovesItsSocket) {
  const TemporaryDirectory directory;
  const std::string path = directory / "s";
  struct stat status {};
  {
    const auto listener = Listener::open({Endpoint::Kind::unix_socket, path, 0, ""});
    ASSERT_TRUE(listener.ok()) << listener.error().message;
    EXPECT_EQ(0, ::stat(path.c_str(), &status));
    EXPECT_NE(std::string::npos,
              fault_of({Endpoint::Kind::unix_socket, path, 0, ""}).find("another process"));
  }
  EXPECT_NE(0, ::stat(path.c_str(), &status));
}

TEST(ListenerUnix, ReplacesAStaleSocketButNothingElse) {
  const TemporaryDirectory directory;
  const std::string path = directory / "s";
  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(0, ::bind(stale, reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  ::close(stale);
  EXPECT_EQ("", fault_of({Endpoint::Kind::unix_socket, path, 0, ""}));

  const std::string file = directory / "file";
  std::ofstream(file) << "precious";
  EXPECT_NE(std::string::npos,
            fault_of({Endpoint::Kind::unix_socket, file, 0, ""}).find("no socket"));
  struct stat status {};
  EXPECT_EQ(0, ::stat(file.c_str(), &status));
}

TEST(ListenerUnix, PathFaults) {
  EXPECT_NE(std::string::npos, fault_of({Endpoint::Kind::unix_socket, "/no/such/dir/s", 0, ""})
                                   .find("directory does not exist"));
  EXPECT_NE(std::string::npos,
            fault_of({Endpoint::Kind::unix_socket, std::string(300, 'a'), 0, ""}).find("107"));
}

}  // namespace
}  // namespace weir
