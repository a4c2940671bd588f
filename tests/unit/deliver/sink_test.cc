#include "core/deliver/sink.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/deliver/file_sink.h"
#include "tests/unit/deliver/writer_fixture.h"

namespace weir {
namespace {

TEST(Backoff, DoublesWithFullJitterUpToThirtySeconds) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    Backoff backoff;
    Nanoseconds most = 100ms;
    for (int i = 0; i < 20; ++i) {
      const Nanoseconds wait = backoff.next(random);
      EXPECT_GE(wait, 1ms);
      EXPECT_LE(wait, most);
      most = std::min(most * 2, Nanoseconds{30s});
    }
    backoff.reset();
    EXPECT_LE(backoff.next(random), Nanoseconds{100ms});
  }
}

TEST(Backoff, SpreadsOverTheWholeRange) {
  Random random(4);
  Nanoseconds least = 1h;
  Nanoseconds most{0};
  for (int i = 0; i < 1000; ++i) {
    Backoff backoff;
    const Nanoseconds wait = backoff.next(random);
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  EXPECT_LT(least, 5ms);
  EXPECT_GT(most, 95ms);
}

TEST(Reporter, LeavesOutAndSaysSo) {
  RecordingHost host;
  Reporter reporter(host, TargetId{1});
  Now now;
  for (int i = 0; i < 4; ++i) reporter.tell(now, WriterHost::Level::warning, "no");
  now.monotonic = now.monotonic + Reporter::kPause;
  reporter.tell(now, WriterHost::Level::warning, "no");
  reporter.tell(now, WriterHost::Level::info, "yes");
  EXPECT_EQ(host.warnings, (std::vector<std::string>{"no", "no (3 more like this left out)"}));
  EXPECT_EQ(host.infos, std::vector<std::string>{"yes"});
}

TEST(SinkToken, SurvivesItsPackingAndKeepsTheTopByteFree) {
  const SinkToken token{
      .sink = 0xfffffU, .generation = 0xffff, .op = SinkOp::rename, .part = 0x3ff};
  EXPECT_EQ(pack(token) >> 56U, 0U);
  EXPECT_EQ(unpack(pack(token)).sink, token.sink);
  EXPECT_EQ(unpack(pack(token)).generation, token.generation);
  EXPECT_EQ(unpack(pack(token)).op, token.op);
  EXPECT_EQ(unpack(pack(token)).part, token.part);
  EXPECT_EQ(pack(token) >> 55U, 0U);  // a TlsPort's
}

TEST(FinishedName, PutsTheTimeBeforeTheExtension) {
  const WallTime at{std::chrono::seconds(1795243367) + 123ms};
  EXPECT_EQ(finished_name("out/big.ndjson", at), "out/big-20261121T064247.123Z.ndjson");
  EXPECT_EQ(finished_name("out/big.ndjson", at, 2), "out/big-20261121T064247.123Z_0002.ndjson");
  EXPECT_EQ(finished_name("out.d/big", at), "out.d/big-20261121T064247.123Z");
  EXPECT_EQ(finished_name(".hidden", at), ".hidden-20261121T064247.123Z");
}

}  // namespace
}  // namespace weir
