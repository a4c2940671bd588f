// What blocks say of files, and going on from there.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "core/base/random.h"
#include "core/ingest/stream_intake.h"

namespace weir {
namespace {

// Small blocks and a small limit, so that every path is taken by short lines.
constexpr std::uint64_t kLineLimit = 300;

struct Taken {
  std::vector<std::string> lines;  // a refused one stands as "!reason"
  std::vector<FileMark> marks;     // as the Sequencer would complete them
  std::vector<std::size_t> lines_at_mark;
};

// One file through an intake: what a reader does, and what a Router and a Sequencer would see.
class FileRun {
 public:
  explicit FileRun(SourceFormat format) {
    context_.layouts = &layouts_;
    context_.sources.push_back({.format = format, .event_bytes_limit = kLineLimit});
    intake_.open(filler_, context_, SourceId(0), "file");
    intake_.mark_with(file_);
  }
  ~FileRun() { intake_.drop(); }

  // The file in pieces of at most `piece_max` bytes; `seek`: as a reader that can leave bytes out.
  Taken read(std::string_view text, std::size_t piece_max, bool seek, const FileMark* from,
             std::uint64_t seed = 1) {
    Random random(seed);
    lines_ = from != nullptr ? from->lines : 0;
    if (from != nullptr) intake_.resume_at(*from);
    while (!text.empty()) {
      const std::size_t piece = 1 + random.below(std::min(piece_max, text.size()));
      settle(intake_.append(text.substr(0, piece), {}));
      text.remove_prefix(piece);
      if (seek) {
        const std::uint64_t unwanted = std::min<std::uint64_t>(intake_.unwanted(), text.size());
        intake_.leave_out(unwanted);
        text.remove_prefix(unwanted);
      }
      if (random.below(3) == 0) drain();
    }
    while (!intake_.end(false, {})) drain();
    EXPECT_FALSE(intake_.behind_mark());
    drain();
    return taken_;
  }

 private:
  void settle(bool taken) {
    while (!taken) {
      drain();
      taken = intake_.resume({});
    }
  }
  void drain() {
    filler_.flush({});
    std::array<Block*, 16> blocks{};
    const std::size_t count = out_.pop(blocks);
    std::sort(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(count),
              [](const Block* a, const Block* b) { return a->sequence < b->sequence; });
    for (std::size_t i = 0; i < count; ++i) take(*blocks[i]);
  }
  void take(Block& block) {
    std::size_t mark = 0;
    for (std::size_t s = 0; s < block.spans.size(); ++s) {
      const ProducerSpan& span = block.spans[s];
      std::string_view text = block.text().substr(span.begin, span.end - span.begin);
      for (; !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
        taken_.lines.emplace_back(text.substr(0, text.find('\n')));
        ++lines_;
      }
      if (span.refused_after != RefuseReason::none) {
        taken_.lines.push_back("!" + std::string(to_string(span.refused_after)));
        ++lines_;
      }
      if (mark < block.file_marks.size() && block.file_marks[mark].span == s) {
        taken_.marks.push_back(block.file_marks[mark++]);
        taken_.marks.back().lines = lines_;
        taken_.lines_at_mark.push_back(taken_.lines.size());
      }
    }
    EXPECT_EQ(mark, block.file_marks.size());
    block.refs.reset(1);
    block.release();
  }

  BlockPool blocks_{6, 24, 128, 4};
  BlockPool large_{2, 8, kLineLimit + 2, 4};
  SharedCounter sequence_;
  Channel<Block*> sealed_{16, 4};
  Channel<Block*>::Consumer out_{sealed_};
  BlockFiller filler_{{blocks_, large_, sequence_, sealed_}};
  LayoutTable layouts_;
  IntakeContext context_;
  FileMark file_{.inode = 7, .birth_ns = 8, .head_hash = 9, .head_bytes = 10};
  StreamIntake intake_;
  Taken taken_;
  std::uint64_t lines_ = 0;
};

// From every mark of one run another goes on to the same lines that followed there.
void expect_every_mark_to_lead_on(SourceFormat format, const std::string& text) {
  for (const std::size_t piece : {1U, 7U, 50U, 1000U, 100'000U}) {
    const Taken whole = FileRun(format).read(text, piece, false, nullptr, piece);
    ASSERT_FALSE(whole.marks.empty());
    for (std::size_t m = 0; m < whole.marks.size(); ++m) {
      EXPECT_EQ(whole.marks[m].inode, 7U);
      EXPECT_EQ(whole.marks[m].head_hash, 9U);
      for (const bool seek : {false, true}) {
        const Taken rest = FileRun(format).read(text, 1 + piece / 2, seek, &whole.marks[m], m);
        auto first = whole.lines.begin() + static_cast<std::ptrdiff_t>(whole.lines_at_mark[m]);
        // A line that was refused before its end was seen is refused once more.
        if (first != whole.lines.begin() && *(first - 1) == "!too_large" && !rest.lines.empty() &&
            rest.lines[0] == "!too_large" &&
            rest.lines.size() == static_cast<std::size_t>(whole.lines.end() - first) + 1) {
          --first;
        }
        EXPECT_EQ(rest.lines, std::vector<std::string>(first, whole.lines.end()))
            << "pieces of " << piece << ", mark " << m << " at " << whole.marks[m].offset;
      }
    }
  }
}

TEST(FileMarks, OfLinesLeadOn) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    const std::size_t size = i % 17 == 3   ? 700
                             : i % 11 == 5 ? 200
                                           : static_cast<std::size_t>(i % 9);
    text += "{\"n\":" + std::to_string(i) + ",\"x\":\"" + std::string(size, 'x') + "\"}\n";
    if (i % 7 == 0) text += "\r\n";
  }
  expect_every_mark_to_lead_on(SourceFormat::ndjson, text);
  expect_every_mark_to_lead_on(SourceFormat::ndjson, text + "{\"last\":1}");
}

TEST(FileMarks, OfFlowLogsWithAHeaderLeadOn) {
  std::string text = "version account-id action\n";
  for (int i = 0; i < 40; ++i) text += "2 " + std::to_string(100'000'000'000 + i) + " ACCEPT\n";
  expect_every_mark_to_lead_on(SourceFormat::automatic, text);
}

TEST(FileMarks, OfWrappedRecordsCountRecords) {
  std::string text = "{\"Records\":[";
  for (int i = 0; i < 40; ++i) {
    text += (i > 0 ? ",\n{\"n\":" : "{\"n\":") + std::to_string(i) + "}";
  }
  expect_every_mark_to_lead_on(SourceFormat::automatic, text + "]}\n");
}

TEST(FileMarks, StandBehindTheLineTheyCover) {
  const std::string text = "{\"a\":1}\n{\"b\":2}\n{\"half\":";
  const Taken taken = FileRun(SourceFormat::ndjson).read(text, 100, false, nullptr);
  ASSERT_GE(taken.marks.size(), 1U);
  EXPECT_EQ(taken.marks.back().offset, text.size());  // the end of the file ends the last line
  EXPECT_EQ(taken.marks.back().lines, 3U);
}

}  // namespace
}  // namespace weir
