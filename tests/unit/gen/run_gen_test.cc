#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>

#include "tools/gen/gen_command.h"

namespace weir {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Pipe() {
    close_read();
    close_write();
  }
  int write_end() const { return ends_[1]; }
  void close_read() { close_end(0); }
  void close_write() { close_end(1); }
  std::string read_all() {
    std::string text;
    std::array<char, 4096> piece;
    ssize_t count = 0;
    while ((count = ::read(ends_[0], piece.data(), piece.size())) > 0) {
      text.append(piece.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

std::size_t count_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(RunGen, WritesWhatWasAskedFor) {
  Pipe pipe;
  std::string text;
  std::thread reader([&] { text = pipe.read_all(); });
  const GenArguments arguments{.kind = "flow-logs", .count = 10000, .fields = "", .header = true};
  EXPECT_EQ(run_gen(arguments, pipe.write_end()), 0);
  pipe.close_write();
  reader.join();
  EXPECT_EQ(count_lines(text), 10001U);
  EXPECT_TRUE(text.starts_with("version account-id "));
}

TEST(RunGen, NothingIsFineToo) {
  Pipe pipe;
  EXPECT_EQ(run_gen({.kind = "orders", .count = 0, .fields = ""}, pipe.write_end()), 0);
  pipe.close_write();
  EXPECT_EQ(pipe.read_all(), "");
}

TEST(RunGen, AReaderThatGoesAwayIsNoFailure) {
  Pipe pipe;
  pipe.close_read();
  EXPECT_EQ(run_gen({.kind = "orders", .count = 1000000, .fields = ""}, pipe.write_end()), 0);
}

TEST(RunGen, AFullDiskIsAFailure) {
  const int full = ::open("/dev/full", O_WRONLY);
  if (full < 0) GTEST_SKIP() << "/dev/full is not here";
  EXPECT_EQ(run_gen({.kind = "orders", .count = 1000, .fields = ""}, full), 1);
  ::close(full);
}

TEST(RunGen, RefusesBadArguments) {
  EXPECT_EQ(run_gen({.kind = "nonsense", .count = 1, .fields = ""}, -1), 2);
  EXPECT_EQ(run_gen({.kind = "orders", .count = 1, .fields = "", .header = true}, -1), 2);
  EXPECT_EQ(run_gen({.kind = "flow-logs", .count = 1, .fields = "what"}, -1), 2);
}

TEST(RunGen, KeepsTheRateAndTheNumber) {
  Pipe pipe;
  const GenArguments arguments{.kind = "flow-logs", .count = 40, .rate = 2000, .fields = ""};
  EXPECT_EQ(run_gen(arguments, pipe.write_end()), 0);
  pipe.close_write();
  EXPECT_EQ(count_lines(pipe.read_all()), 40U);
}

}  // namespace
}  // namespace weir
