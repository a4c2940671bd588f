// The control socket: who may ask, what comes back, and what strangers do to it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "io/control/control_client.h"
#include "io/control/control_server.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Control : public testing::Test {
 protected:
  void SetUp() override {
    // Longer than the address of a unix socket can be.
    std::string name = (std::filesystem::temp_directory_path() / "weir-control-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    folder_ = name + "/" + std::string(150, 'd');
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(root_);
  }
  std::string socket() const { return folder_ + "/control.sock"; }
  void serve() {
    auto opened =
        ControlServer::open(folder_, [](const std::string& request, const ControlEmit& emit) {
          if (request == "fail") return Status(Error{"no \"such\" thing"});
          if (request == "many") {
            for (int i = 0; i < 200'000 && emit("line " + std::to_string(i)); ++i) {
            }
            return Status(Done{});
          }
          emit("you said " + request);
          return Status(Done{});
        });
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    server_ = std::move(*opened);
  }
  std::vector<std::string> ask(std::string_view request) {
    std::vector<std::string> lines;
    const ControlStatus status =
        ask_router(folder_, request, [&](std::string_view line) { lines.emplace_back(line); });
    error_ = status ? ControlError{} : status.error();
    answered_ = status.ok();
    return lines;
  }

  std::string root_;
  std::string folder_;
  std::unique_ptr<ControlServer> server_;
  ControlError error_;
  bool answered_ = false;
};

TEST_F(Control, AnswersLineByLine) {
  serve();
  EXPECT_THAT(ask("hello"), ElementsAre("you said hello"));
  EXPECT_TRUE(answered_);
  const auto lines = ask("many");
  EXPECT_TRUE(answered_);
  ASSERT_EQ(lines.size(), 200'000U);
  EXPECT_EQ(lines.back(), "line 199999");
  EXPECT_THAT(ask("fail"), IsEmpty());
  EXPECT_FALSE(answered_);
  EXPECT_EQ(error_.kind, ControlError::Kind::failed);
  EXPECT_EQ(error_.message, "no \\\"such\\\" thing");
}

TEST_F(Control, IsPrivateAndGoesWithTheRouter) {
  ask("x");
  EXPECT_EQ(error_.kind, ControlError::Kind::not_running);
  serve();
  struct stat status {};
  ASSERT_EQ(::lstat(socket().c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(socket()));
  ask("x");
  EXPECT_EQ(error_.kind, ControlError::Kind::not_running);
  serve();
  EXPECT_THAT(ask("again"), ElementsAre("you said again"));
}

TEST_F(Control, ReplacesALeftSocketAndNothingElse) {
  serve();
  // As a kill leaves it.
  std::filesystem::rename(socket(), folder_ + "/old");
  server_.reset();
  std::filesystem::rename(folder_ + "/old", socket());
  ask("x");
  EXPECT_EQ(error_.kind, ControlError::Kind::not_running);
  serve();
  EXPECT_THAT(ask("hello"), ElementsAre("you said hello"));
  server_.reset();
  std::ofstream(socket()) << "mine";
  const auto refused =
      ControlServer::open(folder_, [](const auto&, const auto&) { return Status(Done{}); });
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("is no socket"));
  EXPECT_TRUE(std::filesystem::is_regular_file(socket()));
}

int connect_to(const std::string& folder) {
  const int directory = ::open(folder.c_str(), O_PATH | O_DIRECTORY);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ("/proc/self/fd/" + std::to_string(directory) + "/control.sock")
      .copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(directory);
  return fd;
}

TEST_F(Control, StandsSilentAndEndlessClients) {
  serve();
  const int silent = connect_to(folder_);
  const int endless = connect_to(folder_);
  const std::string bytes(4U << 20U, 'x');  // no line end: refused at the limit
  std::thread writer([&] { ::send(endless, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
  const int gone = connect_to(folder_);
  ::send(gone, "many\n", 5, 0);
  ::close(gone);  // before it has read anything
  EXPECT_THAT(ask("hello"), ElementsAre("you said hello"));
  writer.join();
  server_->stop();  // does not wait for them
  ::close(silent);
  ::close(endless);
}

TEST_F(Control, AStopCutsAnswersOff) {
  serve();
  const int slow = connect_to(folder_);
  ::send(slow, "many\n", 5, 0);  // and never reads
  char first = 0;
  ASSERT_EQ(::recv(slow, &first, 1, 0), 1);
  server_->stop();
  ::close(slow);
}

}  // namespace
}  // namespace weir
