#include "core/ingest/ack_lines.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string written(AckLines& lines) {
  std::string out;
  lines.write(out);
  return out;
}

TEST(AckLines, OnlyTheNewestAckIsWrittenAndOnlyOnce) {
  AckLines lines;
  EXPECT_FALSE(lines.pending());
  lines.done(3);
  lines.done(0);
  lines.done(4);
  EXPECT_TRUE(lines.pending());
  EXPECT_EQ(written(lines), "{\"ack\":7}\n");
  EXPECT_FALSE(lines.pending());
  EXPECT_EQ(written(lines), "");
}

TEST(AckLines, ErrorsStandBeforeTheAckThatCoversThem) {
  AckLines lines;
  lines.refused(2, RefuseReason::malformed, 16);
  lines.refused(9, RefuseReason::too_large, 0);
  lines.done(5);
  EXPECT_EQ(written(lines),
            "{\"error\":\"malformed at byte 17\",\"line\":2}\n"
            "{\"error\":\"too_large\",\"line\":9}\n"
            "{\"ack\":5}\n");
}

TEST(AckLines, ABurstOfErrorsGoesOutInPiecesWithoutOvertakingAcks) {
  AckLines lines;
  constexpr std::uint64_t kLines = 10'000;
  for (std::uint64_t line = 1; line <= kLines; ++line) {
    lines.refused(line, RefuseReason::not_object, 0);
  }
  lines.done(kLines + 1);
  std::uint64_t told = 0;
  std::uint64_t acked = 0;
  for (int writes = 0; lines.pending(); ++writes) {
    ASSERT_LT(writes, 1000);
    const std::string out = written(lines);
    EXPECT_LE(out.size(), AckLines::kWriteBytesMax);
    for (std::size_t at = 0; at < out.size(); at = out.find('\n', at) + 1) {
      const std::string line = out.substr(at, out.find('\n', at) - at);
      if (line.starts_with("{\"ack\":")) {
        acked = std::stoull(line.substr(7));
        EXPECT_EQ(acked, lines.pending() ? told : kLines + 1);
      } else {
        EXPECT_EQ(line,
                  "{\"error\":\"not_object at byte 1\",\"line\":" + std::to_string(++told) + "}");
      }
    }
  }
  EXPECT_EQ(told, kLines);
  EXPECT_EQ(acked, kLines + 1);
}

TEST(AckLines, SaysWhatBelongsToNoLine) {
  AckLines lines;
  lines.say("the \"disk\" is full");
  EXPECT_TRUE(lines.pending());
  EXPECT_EQ(written(lines), "{\"error\":\"the \\\"disk\\\" is full\"}\n");
  EXPECT_FALSE(lines.pending());
}

}  // namespace
}  // namespace weir
