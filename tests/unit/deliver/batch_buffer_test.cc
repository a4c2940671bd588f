#include "core/deliver/batch_buffer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

const Now kNow{.monotonic = {1s}, .wall = {}};

bool take(BatchBuffer& buffer, const char* event, std::uint32_t length) {
  return buffer.take(event, length, 0);
}

class BatchBufferTest : public ::testing::Test {
 protected:
  TargetSpec spec(BatchFormat format, std::uint32_t records_max, std::uint64_t bytes_max) {
    TargetSpec s;
    s.kind = TargetKind::tcp;
    s.format = format;
    s.batch = {.records_max = records_max, .bytes_max = bytes_max, .wait_max = 10ms};
    s.buffer_bytes = kChunkBytes;
    return s;
  }
  // Takes events that stand in a text of lines.
  bool take_lines(const std::string& text) {
    text_ = text;
    bool all = true;
    std::size_t at = 0;
    while (at < text_.size()) {
      const std::size_t end = text_.find('\n', at);
      all = buffer_.take(text_.data() + at, static_cast<std::uint32_t>(end - at), 0) && all;
      at = end + 1;
    }
    buffer_.end_round(kNow, {});
    return all;
  }
  std::string closed_text() {
    std::string text;
    std::uint64_t at = buffer_.base();
    while (at < buffer_.closed()) {
      const auto piece = buffer_.piece(at, buffer_.closed());
      text.append(piece.data(), piece.size());
      at += piece.size();
    }
    return text;
  }

  ChunkPool pool_{4 * kChunkBytes};
  BatchBuffer buffer_{pool_};
  std::string text_;
};

TEST_F(BatchBufferTest, ClosesAtExactlyTheRecordLimit) {
  buffer_.configure(spec(BatchFormat::ndjson, 3, kMiB), kKiB);
  EXPECT_TRUE(take_lines("{}\n{}\n"));
  EXPECT_EQ(closed_text(), "");
  EXPECT_EQ(buffer_.deadline(), kNow.monotonic + 10ms);
  EXPECT_TRUE(take_lines("{}\n{}\n"));
  EXPECT_EQ(closed_text(), "{}\n{}\n{}\n");
  EXPECT_EQ(buffer_.pending(), 4U);
  EXPECT_EQ(buffer_.take_tally().matched, 4U);
}

TEST_F(BatchBufferTest, ClosesAtExactlyTheByteLimitDelimitersIncluded) {
  buffer_.configure(spec(BatchFormat::ndjson, 100, 8), kKiB);
  take_lines("{}\n{}\n");  // 6 bytes
  EXPECT_EQ(closed_text(), "");
  take_lines("{}\n");  // would make 9: the two go first
  EXPECT_EQ(closed_text(), "{}\n{}\n");
  take_lines("{12}\n");  // 3 + 5 = 8: full
  EXPECT_EQ(closed_text(), "{}\n{}\n{}\n{12}\n");
  take_lines("{123456789}\n");  // larger than a batch: alone, at once
  EXPECT_EQ(closed_text(), "{}\n{}\n{}\n{12}\n{123456789}\n");
  buffer_.settle(buffer_.closed());
  EXPECT_EQ(buffer_.take_tally().batches, 3U);
}

TEST_F(BatchBufferTest, WritesOneArrayALine) {
  buffer_.configure(spec(BatchFormat::json_array, 2, kMiB), kKiB);
  take_lines("{}\n{1}\n{2}\n");
  EXPECT_EQ(closed_text(), "[{},{1}]\n");
  buffer_.close_batch();
  EXPECT_EQ(closed_text(), "[{},{1}]\n[{2}]\n");
  buffer_.configure(spec(BatchFormat::json_array, 100, 9), kKiB);
  take_lines("{}\n{}\n{}\n");  // "[{},{}]\n" has 8 bytes, one more record would make 11
  EXPECT_EQ(closed_text(), "[{},{1}]\n[{2}]\n[{},{}]\n");
  EXPECT_EQ(buffer_.end(), 18U + 5U + 3U);
}

TEST_F(BatchBufferTest, WritesRawWithoutDelimiters) {
  buffer_.configure(spec(BatchFormat::raw, 2, kMiB), kKiB);
  take_lines("{}\n{1}\n{2}\n");
  EXPECT_EQ(closed_text(), "{}{1}");
  EXPECT_TRUE(buffer_.is_boundary(5));
  EXPECT_FALSE(buffer_.is_boundary(2));
  EXPECT_EQ(buffer_.boundary_after(0), 5U);
  EXPECT_EQ(buffer_.rewind(4), 0U);
}

TEST_F(BatchBufferTest, CopiesRunsOnlyWhereNothingButALineEndIsBetween) {
  buffer_.configure(spec(BatchFormat::ndjson, 100, kMiB), kKiB);
  const std::string text = "{a}\r\n{b}\n\n{c}\n{d}\n{e}";
  const std::string padded = text + "\n";
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{5}, std::size_t{10}, std::size_t{14}, std::size_t{18}}) {
    EXPECT_TRUE(take(buffer_, padded.data() + at, 3));
  }
  buffer_.end_round(kNow, {});
  buffer_.close_batch();
  EXPECT_EQ(closed_text(), "{a}\n{b}\n{c}\n{d}\n{e}\n");
}

TEST_F(BatchBufferTest, LeavesOutEventsInTheMiddleOfARun) {
  buffer_.configure(spec(BatchFormat::ndjson, 100, kMiB), kKiB);
  const std::string text = "{a}\n{b}\n{c}\n";
  EXPECT_TRUE(take(buffer_, text.data(), 3));
  EXPECT_TRUE(take(buffer_, text.data() + 8, 3));
  buffer_.end_round(kNow, {});
  buffer_.close_batch();
  EXPECT_EQ(closed_text(), "{a}\n{c}\n");
}

TEST_F(BatchBufferTest, RewindsToTheFirstRecordNotWhollyThere) {
  buffer_.configure(spec(BatchFormat::ndjson, 3, kMiB), kKiB);
  take_lines("{1}\n{22}\n{3}\n{4}\n{5}\n{6}\n");
  EXPECT_EQ(buffer_.rewind(3), 0U);  // its line end is missing
  EXPECT_EQ(buffer_.take_tally().delivered, 0U);
  EXPECT_EQ(buffer_.rewind(8), 4U);
  EXPECT_EQ(buffer_.take_tally().delivered, 1U);
  EXPECT_EQ(closed_text(), "{22}\n{3}\n{4}\n{5}\n{6}\n");
  EXPECT_EQ(buffer_.rewind(13), 13U);  // the first batch exactly
  BatchBuffer::Tally tally = buffer_.take_tally();
  EXPECT_EQ(tally.delivered, 2U);
  EXPECT_EQ(tally.batches, 1U);
  EXPECT_EQ(buffer_.rewind(24), 21U);
  EXPECT_EQ(buffer_.pending(), 1U);
  buffer_.settle(25);
  EXPECT_EQ(buffer_.pending(), 0U);
  EXPECT_EQ(pool_.taken(), 0U);
}

// With one chunk and the largest event (1 KiB) the budget is two chunks.
TEST_F(BatchBufferTest, AdmitsExactlyWhatTheBudgetHolds) {
  for (const BatchFormat format :
       {BatchFormat::ndjson, BatchFormat::json_array, BatchFormat::raw}) {
    for (const std::uint32_t records_max : {1U, 7U, 500U}) {
      BatchBuffer buffer(pool_);
      buffer.configure(spec(format, records_max, kMiB), kKiB);
      const std::string event = "{" + std::string(300, '1') + "}";
      const std::string line = event + "\n";
      const std::uint64_t each = event.size() + (format == BatchFormat::raw ? 0 : 1);
      const std::uint64_t per_batch =
          BatchBuffer::kMarkBytes + (format == BatchFormat::json_array ? 2 : 0);
      std::uint64_t admitted = 0;
      while (take(buffer, line.data(), static_cast<std::uint32_t>(event.size()))) ++admitted;
      EXPECT_FALSE(take(buffer, line.data(), static_cast<std::uint32_t>(event.size())));
      const std::uint64_t budget = 2 * Chunk::kPayload;
      const auto used = [&](std::uint64_t events) {
        return events * each + (events + records_max - 1) / records_max * per_batch;
      };
      EXPECT_LE(used(admitted), budget);
      EXPECT_GT(used(admitted + 1) + per_batch, budget);
      EXPECT_EQ(buffer.pending(), admitted);
      buffer.end_round(kNow, {});
      EXPECT_EQ(buffer.memory_bytes(), 2 * kChunkBytes);
      EXPECT_EQ(buffer.closed(), buffer.end());  // a full buffer waits for no more company
    }
  }
}

TEST_F(BatchBufferTest, ShedsTheNewestWhenFull) {
  TargetSpec s = spec(BatchFormat::ndjson, 500, kMiB);
  s.when_full = WhenFull::shed;
  buffer_.configure(s, kKiB);
  const std::string line = "{" + std::string(1000, '1') + "}\n";
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(take(buffer_, line.data(), 1002));
  const BatchBuffer::Tally tally = buffer_.take_tally();
  EXPECT_EQ(tally.matched, 1000U);
  EXPECT_EQ(tally.shed, 1000U - buffer_.pending());
  EXPECT_EQ(buffer_.pending(), (2 * Chunk::kPayload - 2 * BatchBuffer::kMarkBytes) / 1003);
  EXPECT_TRUE(take(buffer_, "{}\n", 2));  // small ones still find a gap
  EXPECT_EQ(buffer_.take_tally().shed, 0U);
}

TEST_F(BatchBufferTest, AnOversizedEventEntersAnUntouchedBudgetOnly) {
  buffer_.configure(spec(BatchFormat::ndjson, 500, kMiB), kKiB);
  const std::string large = "{" + std::string(3 * kMiB, '1') + "}\n";
  const auto length = static_cast<std::uint32_t>(large.size() - 1);
  EXPECT_TRUE(take(buffer_, "{}\n", 2));
  EXPECT_FALSE(take(buffer_, large.data(), length));
  buffer_.end_round(kNow, {});
  buffer_.settle(buffer_.closed());
  EXPECT_TRUE(take(buffer_, large.data(), length));
  EXPECT_FALSE(take(buffer_, "{}\n", 2));
  buffer_.end_round(kNow, {});
  EXPECT_EQ(closed_text(), large);
  buffer_.settle(buffer_.closed());
  EXPECT_EQ(pool_.taken(), 0U);
  EXPECT_TRUE(take(buffer_, "{}\n", 2));
}

TEST_F(BatchBufferTest, DiscardOnlyCounts) {
  TargetSpec s = spec(BatchFormat::ndjson, 2, kMiB);
  s.kind = TargetKind::discard;
  buffer_.configure(s, kKiB);
  take_lines("{}\n{}\n{}\n{}\n{}\n");
  BatchBuffer::Tally tally = buffer_.take_tally();
  EXPECT_EQ(tally.matched, 5U);
  EXPECT_EQ(tally.delivered, 4U);
  EXPECT_EQ(tally.batches, 2U);
  EXPECT_EQ(tally.bytes, 12U);
  EXPECT_EQ(pool_.taken(), 0U);
  s.kind = TargetKind::tcp;
  buffer_.configure(s, kKiB);  // from now on it is a real one
  EXPECT_EQ(buffer_.pending(), 0U);
  take_lines("{7}\n{8}\n");
  EXPECT_EQ(closed_text(), "{7}\n{8}\n");
}

}  // namespace
}  // namespace weir
