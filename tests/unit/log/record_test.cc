#include "core/log/record.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/log/record_encoder.h"
#include "core/log/segment.h"
#include "tests/unit/log/log_fixture.h"

namespace weir::log_test {
namespace {

struct Encoded {
  std::string bytes;
  std::uint64_t offset = 0;
};

class RecordTest : public ::testing::Test {
 protected:
  // As the log would, in pieces of some size.
  std::string encode(std::uint64_t number, std::size_t bytes, std::uint64_t offset,
                     std::size_t piece = 1 << 20) {
    Block* block = blocks_.make(number, bytes);
    block->log_sequence = number;
    const std::uint64_t length = encoder_.lay_out(*block);
    encoder_.begin({.segment_id = kId, .offset = offset, .durable_below = number - 1});
    std::string out(length, '?');
    for (std::size_t at = 0; !encoder_.done();) {
      at += encoder_.copy(std::span(out).subspan(at, std::min(piece, out.size() - at)));
    }
    block->refs.reset(1);
    block->release();
    return out;
  }
  RecordError decode(const std::string& bytes, std::uint64_t offset, std::uint64_t id = kId) {
    std::uint64_t needed = 0;
    return decode_record(bytes, {id, offset}, view_, needed);
  }
  static constexpr std::uint64_t kId = 0x1234567890abcdef;
  BlockMaker blocks_;
  Names names_;
  RecordEncoder encoder_{names_};
  RecordView view_;
};

TEST_F(RecordTest, ReadsBackWhatWasWritten) {
  for (const std::size_t bytes : {20U, 300U, 4000U, 5000U, 60000U}) {
    const std::string record = encode(7, bytes, 8192);
    EXPECT_EQ(record.size() % kPageBytes, 0U);
    EXPECT_EQ(record, encode(7, bytes, 8192, 4096));
    ASSERT_EQ(decode(record, 8192), RecordError::none);
    expect_block(view_);
    EXPECT_EQ(view_.header.durable_below, 6U);
    EXPECT_EQ(view_.header.received_ns, 7000);
    EXPECT_EQ(RecordView::at<FileMark>(view_.file_marks, 0).offset, 700U);
    SourceImage source;
    ASSERT_TRUE(decode_source(view_.source_images.at(0), source));
    EXPECT_EQ(source.envelope_source, "my.app");
    EXPECT_EQ(source.detail_type, "Order");
    EXPECT_EQ(source.resources, (std::vector<std::string_view>{"arn:one", "arn:two"}));
    EXPECT_EQ(source.region, "eu-west-1");
  }
}

TEST_F(RecordTest, DecodesInItsOwnPlaceOnly) {
  const std::string record = encode(3, 300, 8192);
  EXPECT_EQ(decode(record, 8192), RecordError::none);
  EXPECT_EQ(decode(record, 4096), RecordError::foreign);           // moved
  EXPECT_EQ(decode(record, 8192, kId + 1), RecordError::foreign);  // of another segment
  EXPECT_EQ(decode(record, 8192, 0), RecordError::none);           // of a segment not known
  EXPECT_EQ(decode(std::string(kPageBytes, '\0'), 8192), RecordError::blank);
}

TEST_F(RecordTest, EveryFlippedBitIsFound) {
  std::string record = encode(5, 9000, 4096);
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    record[bit / 8] = static_cast<char>(record[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_NE(decode(record, 4096), RecordError::none) << "bit " << bit;
    record[bit / 8] = static_cast<char>(record[bit / 8] ^ (1 << (bit % 8)));
  }
  EXPECT_EQ(decode(record, 4096), RecordError::none);
}

TEST_F(RecordTest, AsksForNoMoreThanAHeaderOfThisPlaceSays) {
  const std::string record = encode(5, 9000, 4096);
  std::uint64_t needed = 0;
  EXPECT_EQ(
      decode_record(std::string_view(record).substr(0, kPageBytes), {kId, 4096}, view_, needed),
      RecordError::short_);
  EXPECT_EQ(needed, record.size());
  std::string huge = record;
  const std::uint32_t length = kRecordBytesMax + 1;
  std::memcpy(huge.data() + 12, &length, sizeof(length));
  EXPECT_EQ(decode_record(huge, {kId, 4096}, view_, needed), RecordError::foreign);
}

TEST_F(RecordTest, LengthsBehindASoundChecksumAreNotTrustedEither) {
  // As an attacker who can write files would do it: the header is changed, the checksum made right.
  const std::string sound = encode(5, 300, 4096);
  for (std::size_t field = offsetof(RecordHeader, text_bytes);
       field <= offsetof(RecordHeader, name_bytes); field += 4) {
    for (const std::uint32_t value : {0U, 1U, 7U, 4096U, 0x7fffffffU, 0xffffffffU}) {
      std::string bytes = sound;
      std::uint32_t old = 0;
      std::memcpy(&old, bytes.data() + field, sizeof(old));
      if (old == value) continue;
      std::memcpy(bytes.data() + field, &value, sizeof(value));
      std::uint64_t needed = 0;
      EXPECT_NE(decode_record(bytes, {kId, 4096}, view_, needed, {.ignore_checksum = true}),
                RecordError::none)
          << field << " " << value;
    }
  }
}

TEST(SegmentHeader, EveryFlippedBitIsFoundAndOtherVersionsAreToldApart) {
  std::string page(kPageBytes, '?');
  const SegmentHeader written{
      .segment_id = 5, .first_sequence = 17, .created_ns = 3, .segment_bytes = 1024, .bus = "x/y"};
  encode_segment_header(written, page);
  SegmentHeader header;
  std::uint32_t version = 0;
  ASSERT_EQ(decode_segment_header(page, header, version), SegmentHeaderError::none);
  EXPECT_EQ(header.segment_id, 5U);
  EXPECT_EQ(header.first_sequence, 17U);
  EXPECT_EQ(header.bus, "x/y");
  for (std::size_t bit = 0; bit < page.size() * 8; ++bit) {
    page[bit / 8] = static_cast<char>(page[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(decode_segment_header(page, header, version), SegmentHeaderError::damaged);
    page[bit / 8] = static_cast<char>(page[bit / 8] ^ (1 << (bit % 8)));
  }
}

TEST(SegmentName, SortsAsItsNumber) {
  EXPECT_EQ(segment_name(17), "00000000000000000017.seg");
  EXPECT_EQ(parse_segment_name(segment_name(17)), 17U);
  EXPECT_LT(segment_name(99), segment_name(100));
  for (const char* other : {"17.seg", "0000000000000000001x.seg", "00000000000000000017.sag",
                            "000000000000000000017.seg", "99999999999999999999.seg", ""}) {
    EXPECT_FALSE(parse_segment_name(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace weir::log_test
