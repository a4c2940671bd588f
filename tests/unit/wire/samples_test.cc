// Every real sample: flow logs of many layouts, CloudTrail files as S3 holds them, wrappers.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/wire/detect.h"
#include "core/wire/flow_log.h"
#include "core/wire/record_splitter.h"
#include "tests/unit/wire/sample_data.h"

namespace weir {
namespace {

using nlohmann::json;
using testing::files_of;
using testing::lines_of;
using testing::PaddedLine;
using testing::read_sample;
using testing::sample_folder;

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words{""};
  for (const char c : line) {
    if (c == ' ') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

void check_line(const FlowLogLayout& layout, std::string_view line) {
  const PaddedLine padded(line);
  FlowLogValues values;
  ASSERT_EQ(layout.split(padded.view(), values), RefuseReason::none) << line;
  std::string out(layout.json_size_bound(line.size()), ' ');
  char* end = layout.render_json(padded.view(), out.data());
  const json parsed = json::parse(out.data(), end);
  const std::vector<std::string> words = words_of(line);
  std::size_t present = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const FlowLogField& field = layout.fields()[i];
    if (words[i] == "-") continue;
    ++present;
    const json& value = parsed.at(field.name);
    EXPECT_EQ(value.is_string() ? value.get<std::string>() : value.dump(), words[i]);
    EXPECT_EQ(value.is_number_integer(), field.type == FlowLogType::integer) << field.name;
  }
  EXPECT_EQ(parsed.size(), present);
}

TEST(Samples, EveryFlowLogLineSplitsAndRenders) {
  const auto folder = sample_folder();
  if (!folder) GTEST_SKIP() << "the sample data is not here";
  std::size_t files = 0;
  std::size_t records = 0;
  for (const auto& path : files_of(*folder / "flow-logs")) {
    if (path.extension() != ".log") continue;
    const std::string text = read_sample(path);
    EXPECT_EQ(detect_format(text, true).format, StreamFormat::flow_log) << path;
    const std::vector<std::string_view> lines = lines_of(text);
    ASSERT_TRUE(FlowLogLayout::is_header(lines.at(0))) << path;
    const FlowLogLayout layout = FlowLogLayout::from_header(lines[0]).value();
    ++files;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      EXPECT_FALSE(FlowLogLayout::is_header(lines[i]));
      check_line(layout, lines[i]);
      ++records;
    }
  }
  EXPECT_EQ(files, 10U);
  EXPECT_EQ(records, 37U);
}

std::vector<std::string> records_of(std::string_view text, std::size_t chunk_bytes,
                                    RecordMode mode) {
  RecordSplitter splitter(1U << 20U, mode);
  std::vector<std::string> records;
  for (std::size_t at = 0; at < text.size(); at += chunk_bytes) {
    splitter.feed(text.substr(at, chunk_bytes));
    while (true) {
      const RecordSplitter::Item item = splitter.next();
      if (item.kind == RecordSplitter::Kind::more) break;
      EXPECT_EQ(item.kind, RecordSplitter::Kind::line);
      records.emplace_back(item.line);
    }
  }
  EXPECT_EQ(splitter.finish().kind, RecordSplitter::Kind::more);
  return records;
}

TEST(Samples, EveryCloudTrailRecordComesOutWhole) {
  const auto folder = sample_folder();
  if (!folder) GTEST_SKIP() << "the sample data is not here";
  std::size_t records = 0;
  for (const auto& path : files_of(*folder / "cloudtrail" / "s3-objects")) {
    const std::string text = read_sample(path);
    EXPECT_EQ(detect_format(text.substr(0, 4096), false).format, StreamFormat::records);
    const json file = json::parse(text);
    const std::vector<std::string> split = records_of(text, 1U << 16U, RecordMode::json);
    EXPECT_EQ(split, records_of(text, 977, RecordMode::json));
    ASSERT_EQ(split.size(), file["Records"].size()) << path;
    for (std::size_t i = 0; i < split.size(); ++i) {
      EXPECT_EQ(json::parse(split[i]), file["Records"][i]);
    }
    records += split.size();

    // The same file printed for people.
    const std::vector<std::string> pretty = records_of(file.dump(2), 4096, RecordMode::json);
    ASSERT_EQ(pretty.size(), split.size());
    for (std::size_t i = 0; i < pretty.size(); ++i) {
      EXPECT_EQ(pretty[i].find('\n'), std::string::npos);
      EXPECT_EQ(json::parse(pretty[i]), file["Records"][i]);
    }
  }
  EXPECT_EQ(records, 2900U);
}

TEST(Samples, JsonLinesPassThroughTheSplitterUnchanged) {
  const auto folder = sample_folder();
  if (!folder) GTEST_SKIP() << "the sample data is not here";
  const std::string text = read_sample(*folder / "cloudtrail" / "events.jsonl.gz");
  EXPECT_EQ(detect_format(text.substr(0, 4096), false).format, StreamFormat::ndjson);
  const std::vector<std::string_view> lines = lines_of(text);
  const std::vector<std::string> split = records_of(text, 5000, RecordMode::json);
  ASSERT_EQ(split.size(), 3313U);
  for (std::size_t i = 0; i < split.size(); ++i) ASSERT_EQ(split[i], lines[i]);
}

TEST(Samples, DigestsHoldNoRecords) {
  const auto folder = sample_folder();
  if (!folder) GTEST_SKIP() << "the sample data is not here";
  const std::string text = read_sample(*folder / "cloudtrail" / "digest-example.json");
  EXPECT_EQ(detect_format(text, true).format, StreamFormat::records);
  EXPECT_TRUE(records_of(text, 10, RecordMode::json).empty());
}

TEST(Samples, CloudWatchWrappersGiveFlowLogLines) {
  const auto folder = sample_folder();
  if (!folder) GTEST_SKIP() << "the sample data is not here";
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  std::size_t records = 0;
  for (const std::string_view name :
       {"otel-cloudwatch-subscription.json", "kentik-cloudwatch-logevent.json"}) {
    const std::string text = read_sample(*folder / "flow-logs" / name);
    EXPECT_EQ(detect_format(text, true).format, StreamFormat::wrapped_flow_log) << name;
    for (const std::string& line : records_of(text, 33, RecordMode::flow_log)) {
      check_line(layout, line);
      ++records;
    }
  }
  EXPECT_EQ(records, 3U);
}

}  // namespace
}  // namespace weir
