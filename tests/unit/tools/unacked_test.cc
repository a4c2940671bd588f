#include "tools/load/unacked.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/random.h"
#include "tools/common/newlines.h"

namespace weir {
namespace {

const Unacked::Acked kNobody = [](std::int64_t, std::uint64_t) {};

TEST(Unacked, SaysWhenTheAcknowledgedRecordsWereDue) {
  Unacked unacked;
  unacked.push("a\nb\n", 2, false, 10);
  unacked.push("c\n", 1, true, 20);
  while (!unacked.to_send().empty()) unacked.sent(unacked.to_send().size());
  std::string seen;
  const auto note = [&](std::int64_t due_ns, std::uint64_t records) {
    seen += std::to_string(records) + "@" + std::to_string(due_ns) + " ";
  };
  EXPECT_TRUE(unacked.ack(1, note));
  EXPECT_TRUE(unacked.ack(1, note));
  EXPECT_TRUE(unacked.ack(3, note));
  EXPECT_EQ(seen, "1@10 1@10 1@20 ");
  EXPECT_EQ(unacked.waiting(), 0U);
}

TEST(Unacked, RefusesAcksOfWhatWasNeverSent) {
  Unacked unacked;
  unacked.push("aa\nbb\ncc\n", 3, false, 0);
  EXPECT_FALSE(unacked.ack(1, kNobody));
  unacked.sent(4);  // of bb only the first byte: the peer may have refused it already
  EXPECT_EQ(unacked.begun(), 2U);
  EXPECT_FALSE(unacked.ack(3, kNobody));
  EXPECT_TRUE(unacked.ack(2, kNobody));
  EXPECT_FALSE(unacked.ack(1, kNobody));
  EXPECT_EQ(unacked.to_send(), "b\ncc\n");
}

// A peer that takes whole lines and acknowledges some, breaks at random: it has every record in the
// end, in order but for repeats.
TEST(Unacked, AfterEveryBreakNothingIsLeftOut) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    Unacked unacked;
    constexpr std::uint64_t kRecords = 200;
    std::uint64_t made = 0;
    std::uint64_t base = 0;  // acknowledged before this connection
    std::string arrived;     // on this connection
    std::uint64_t next = 0;  // record that the peer has not seen yet
    for (int step = 0; step < 100'000 && (made < kRecords || unacked.waiting() > 0); ++step) {
      if (made < kRecords && random.below(4) == 0) {
        std::string piece;
        const std::uint64_t records = std::min<std::uint64_t>(1 + random.below(9), kRecords - made);
        for (std::uint64_t i = 0; i < records; ++i) piece += std::to_string(made + i) + "\n";
        unacked.push(piece, records, true, 0);
        made += records;
      }
      if (!unacked.to_send().empty()) {
        const std::string_view bytes =
            unacked.to_send().substr(0, 1 + random.below(unacked.to_send().size()));
        arrived += bytes;
        unacked.sent(bytes.size());
      }
      const std::uint64_t lines = count_newlines(arrived);
      if (random.below(3) == 0 && lines > 0) {
        const std::uint64_t acked = unacked.acked() - base;
        ASSERT_TRUE(unacked.ack(base + acked + random.below(lines - acked + 1), kNobody));
      }
      if (random.below(20) != 0 && step < 99'000) continue;
      // What has arrived is the records from `base` on, without a gap.
      std::uint64_t expected = base;
      for (std::size_t at = 0, end = 0; (end = arrived.find('\n', at)) != std::string::npos;
           at = end + 1) {
        ASSERT_EQ(arrived.substr(at, end - at), std::to_string(expected++)) << "seed " << seed;
      }
      ASSERT_LE(base, next);
      next = std::max(next, expected);
      unacked.rewind();
      base = unacked.acked();
      arrived.clear();
    }
    EXPECT_EQ(unacked.acked(), kRecords) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir
