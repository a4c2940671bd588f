#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "tools/common/histogram.h"
#include "tools/common/newlines.h"
#include "tools/common/numbers.h"
#include "tools/common/report.h"
#include "tools/common/sockets.h"
#include "tools/common/stamp.h"

namespace weir {
namespace {

TEST(Histogram, KeepsQuantilesWithinOnePercentOfTheSortedValues) {
  Random random(7);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = random() >> (20 + random.below(44));  // of every magnitude
    values.push_back(value);
    histogram.record(static_cast<std::int64_t>(value));
  }
  std::sort(values.begin(), values.end());
  for (const double fraction : {0.001, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const double exact =
        static_cast<double>(values[static_cast<std::size_t>(fraction * 100'000) - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(fraction)), exact, exact * 0.01 + 1);
  }
  EXPECT_EQ(histogram.quantile(1.0), values.back());
  EXPECT_EQ(histogram.max(), values.back());
  EXPECT_EQ(histogram.count(), 100'000U);
}

TEST(Histogram, TakesEveryValueThatATimeCanHave) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0U);
  histogram.record(-5);
  histogram.record(0);
  histogram.record(std::numeric_limits<std::int64_t>::max(), 3);
  EXPECT_EQ(histogram.count(), 5U);
  EXPECT_EQ(histogram.quantile(0.4), 0U);
  EXPECT_EQ(histogram.quantile(0.5),
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  Histogram other;
  other.record(1000);
  other.merge(histogram);
  EXPECT_EQ(other.count(), 6U);
  EXPECT_EQ(other.max(), histogram.max());
}

TEST(Newlines, CountsAtEveryLengthAndAlignment) {
  Random random(3);
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += random.below(9) == 0 ? '\n' : 'x';
  for (std::size_t begin = 0; begin < 70; ++begin) {
    for (const std::size_t length : {0U, 1U, 63U, 64U, 65U, 1000U, 16'320U, 16'384U, 39'000U}) {
      const std::string_view part = std::string_view(text).substr(begin, length);
      const auto expected = static_cast<std::uint64_t>(std::count(part.begin(), part.end(), '\n'));
      ASSERT_EQ(count_newlines(part), expected) << begin << " " << length;
    }
  }
  const std::string all(100'000, '\n');  // more than a byte can count, in every lane
  EXPECT_EQ(count_newlines(all), 100'000U);
}

TEST(Newlines, FindsTheEndOfTheNthLine) {
  std::uint64_t found = 0;
  EXPECT_EQ(offset_after_lines("a\nbb\nccc", 2, found), 5U);
  EXPECT_EQ(found, 2U);
  EXPECT_EQ(offset_after_lines("a\nbb\nccc", 3, found), 8U);
  EXPECT_EQ(found, 2U);
  EXPECT_EQ(offset_after_lines("", 1, found), 0U);
}

TEST(Numbers, ReadWell) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(human_bytes(812), "812 B");
  EXPECT_EQ(human_bytes(337'400'000), "337.4 MB");
  EXPECT_EQ(human_duration(1'200'000), "1.2 ms");
}

TEST(Stamp, ReadsBackWhatItWrote) {
  for (const Stamp& stamp :
       {Stamp{0, 0, 0}, Stamp{3, 17, 123456789},
        Stamp{kConnectionsMax - 1, kSequenceMask, 9'000'000'000'000'000'000}}) {
    std::string text(kStampBytesMax + 1, '?');
    char* const end = write_stamp(text.data(), stamp);
    ASSERT_LE(static_cast<std::size_t>(end - text.data()), kStampBytesMax);
    *end = '}';
    const std::size_t at = find_stamp(text, 0);
    ASSERT_EQ(at, 1U);
    const auto read = parse_stamp(std::string_view(text).substr(at));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->connection, stamp.connection);
    EXPECT_EQ(read->sequence, stamp.sequence);
    EXPECT_EQ(read->time_ns, stamp.time_ns);
  }
}

TEST(Stamp, IsFoundInsideAnEnvelopeAndRefusedWhenDamaged) {
  const std::string line = R"({"id":"x","detail":{"weir_seq":5,"weir_ts":6,"a":1}})";
  const std::size_t at = find_stamp(line, 0);
  ASSERT_NE(at, std::string_view::npos);
  EXPECT_EQ(parse_stamp(std::string_view(line).substr(at))->sequence, 5U);
  EXPECT_EQ(find_stamp(R"({"a":1})", 0), std::string_view::npos);
  for (const char* bad :
       {"", "\"weir_seq\":", "\"weir_seq\":x,", "\"weir_seq\":5", "\"weir_seq\":5}",
        "\"weir_seq\":5,\"weir_ts\":", "\"weir_seq\":5,\"weir_ts\":6"}) {
    EXPECT_FALSE(parse_stamp(bad).has_value()) << bad;
  }
}

TEST(Addresses, AreReadStrictly) {
  EXPECT_EQ(to_string(*parse_tcp_address("127.0.0.1:7000")), "tcp 127.0.0.1:7000");
  EXPECT_EQ(to_string(*parse_tcp_address("[::1]:7000")), "tcp [::1]:7000");
  EXPECT_EQ(to_string(*parse_tcp_address(":7000")), "tcp 127.0.0.1:7000");
  EXPECT_EQ(to_string(*parse_address_url("tcp://localhost:1")), "tcp localhost:1");
  EXPECT_EQ(to_string(*parse_address_url("unix:///tmp/x")), "unix /tmp/x");
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                          "127.0.0.1:7000x", "::1:7000"}) {
    EXPECT_FALSE(parse_tcp_address(bad).ok()) << bad;
  }
  for (const char* bad : {"127.0.0.1:1", "http://127.0.0.1:1", "unix://", "tcp://"}) {
    EXPECT_FALSE(parse_address_url(bad).ok()) << bad;
  }
}

TEST(Sockets, ListenOnAFreePortAndConnect) {
  Endpoint endpoint = *parse_tcp_address("127.0.0.1:0");
  const auto listener = listen_on(endpoint);
  ASSERT_TRUE(listener.ok());
  EXPECT_NE(endpoint.port, 0);
  EXPECT_TRUE(connect_to(endpoint).ok());
  Endpoint taken = endpoint;
  const auto second = listen_on(taken);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find(to_string(endpoint)), std::string::npos);
}

TEST(Sockets, ReplaceAStaleUnixSocketButNotALiveOne) {
  Endpoint endpoint;
  endpoint.kind = Endpoint::Kind::unix_socket;
  endpoint.host = testing::TempDir() + "weir-unit-" + std::to_string(getpid());
  {
    const auto first = listen_on(endpoint);
    ASSERT_TRUE(first.ok());
    EXPECT_FALSE(listen_on(endpoint).ok());
  }
  EXPECT_FALSE(connect_to(endpoint).ok());  // the file is still there, nobody serves it
  EXPECT_TRUE(listen_on(endpoint).ok());
  unlink(endpoint.host.c_str());
}

TEST(Reports, KeepTheOrderOfTheirKeysAndAnswerForTheFile) {
  const std::string path = testing::TempDir() + "weir-report-" + std::to_string(getpid());
  ASSERT_TRUE(write_report(path, Report{{"z", 1}, {"a", "\xff"}}).ok());
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_LT(text.find("\"z\""), text.find("\"a\""));
  unlink(path.c_str());
  EXPECT_FALSE(write_report("/nonexistent/report.json", Report::object()).ok());
}

}  // namespace
}  // namespace weir
