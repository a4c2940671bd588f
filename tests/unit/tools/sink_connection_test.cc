#include "tools/sink/sink_connection.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

constexpr std::int64_t kNow = 1000;

struct Receiver {
  SinkPort port;
  SinkConnection connection;
  Receiver() { connection.port = &port; }
  void take(std::string_view chunk, bool read_stamps = true) {
    if (!chunk.empty()) take_chunk(connection, chunk, kNow, read_stamps);
  }
};

const std::string kRecords =
    "{\"weir_seq\":0,\"weir_ts\":100,\"a\":1}\n"
    "{\"id\":\"x\",\"detail\":{\"weir_seq\":1,\"weir_ts\":200}}\n"
    "not a record\n"
    "[{\"weir_seq\":2,\"weir_ts\":300},{\"weir_seq\":3,\"weir_ts\":400,\"b\":2}]\n"
    "\n"
    "{\"weir_seq\":4,\"weir_ts\":500}\n";

TEST(SinkConnection, ReadsTheSameAtEverySplit) {
  for (std::size_t split = 0; split <= kRecords.size(); ++split) {
    Receiver receiver;
    receiver.take(std::string_view(kRecords).substr(0, split));
    receiver.take(std::string_view(kRecords).substr(split));
    take_end(receiver.connection);
    const SinkPort& port = receiver.port;
    ASSERT_EQ(port.records, 6U) << split;
    ASSERT_EQ(port.bytes, kRecords.size());
    ASSERT_EQ(port.stamped, 5U) << split;
    ASSERT_EQ(port.unstamped, 2U) << split;
    ASSERT_EQ(port.check.totals().distinct, 5U);
    ASSERT_EQ(port.check.first_fault(), "");
    ASSERT_EQ(port.latency.max(), 900U);
    ASSERT_EQ(port.partial_lines, 0U);
  }
}

TEST(SinkConnection, ReadsTheSameByteByByte) {
  Receiver receiver;
  for (const char& c : kRecords) receiver.take({&c, 1});
  EXPECT_EQ(receiver.port.stamped, 5U);
  EXPECT_EQ(receiver.port.records, 6U);
  EXPECT_EQ(receiver.port.check.totals().missing, 0U);
}

TEST(SinkConnection, CountsWithoutReadingStamps) {
  Receiver receiver;
  receiver.take(kRecords, false);
  EXPECT_EQ(receiver.port.records, 6U);
  EXPECT_EQ(receiver.port.stamped + receiver.port.unstamped, 0U);
}

TEST(SinkConnection, AStampInAStringDoesNotCountTwice) {
  Receiver receiver;
  receiver.take("{\"weir_seq\":0,\"weir_ts\":1,\"copy\":{\"weir_seq\":7,\"weir_ts\":1}}\n");
  EXPECT_EQ(receiver.port.stamped, 1U);
  EXPECT_EQ(receiver.port.check.totals().missing, 0U);
}

TEST(SinkConnection, CountsALineThatNeverEnded) {
  Receiver receiver;
  receiver.take("{\"weir_seq\":0,\"weir_ts\":1}\n{\"weir_se");
  take_end(receiver.connection);
  EXPECT_EQ(receiver.port.partial_lines, 1U);
  EXPECT_EQ(receiver.port.records, 1U);
}

TEST(SinkConnection, HoldsNoMoreThanTheHeadOfALineWithoutEnd) {
  Receiver receiver;
  const std::string piece(1 << 20, 'x');
  receiver.take("{\"weir_seq\":0,\"weir_ts\":1,\"a\":\"");
  for (int i = 0; i < 20; ++i) receiver.take(piece);
  EXPECT_LE(receiver.connection.head.size(), kHeadBytesMax);
  receiver.take("\"}\n");
  EXPECT_EQ(receiver.port.stamped, 1U);
  EXPECT_TRUE(receiver.connection.head.empty());
}

}  // namespace
}  // namespace weir
