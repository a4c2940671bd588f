#include "core/wire/flow_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "tests/unit/wire/sample_data.h"

namespace weir {
namespace {

using nlohmann::json;
using testing::PaddedLine;

constexpr std::string_view kLine =
    "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 "
    "1418530070 ACCEPT OK";
constexpr std::string_view kNoData =
    "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA";

FlowLogLayout layout_of(std::string_view names) {
  return FlowLogLayout::from_names(names).value();
}

RefuseReason split(const FlowLogLayout& layout, std::string_view line) {
  const PaddedLine padded(line);
  FlowLogValues values;
  return layout.split(padded.view(), values);
}

std::string render(const FlowLogLayout& layout, std::string_view line) {
  const PaddedLine padded(line);
  FlowLogValues values;
  EXPECT_EQ(layout.split(padded.view(), values), RefuseReason::none) << line;
  std::string out(layout.json_size_bound(line.size()), '#');
  char* end = layout.render_json(padded.view(), out.data());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

TEST(FlowLogLayout, DefaultHasTheFourteenFieldsOfVersion2) {
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  EXPECT_EQ(layout.field_count(), 14U);
  EXPECT_EQ(layout.header(),
            "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets "
            "bytes start end action log-status");
  EXPECT_EQ(layout.fields()[0].type, FlowLogType::integer);
  EXPECT_EQ(layout.fields()[1].type, FlowLogType::text);
  EXPECT_EQ(layout.known().account_id, 1);
  EXPECT_EQ(layout.known().end, 11);
  EXPECT_EQ(layout.known().region, -1);
}

TEST(FlowLogLayout, SplitsIntoValues) {
  const PaddedLine line(kLine);
  FlowLogValues values;
  ASSERT_EQ(FlowLogLayout::default_v2().split(line.view(), values), RefuseReason::none);
  EXPECT_EQ(values[0], "2");
  EXPECT_EQ(values[3], "172.31.16.139");
  EXPECT_EQ(values[6], "22");
  EXPECT_EQ(values[13], "OK");
}

TEST(FlowLogLayout, RendersEveryFieldInOrder) {
  EXPECT_EQ(render(FlowLogLayout::default_v2(), kLine),
            R"({"version":2,"account-id":"123456789010","interface-id":"eni-1235b8ca123456789",)"
            R"("srcaddr":"172.31.16.139","dstaddr":"172.31.16.21","srcport":20641,"dstport":22,)"
            R"("protocol":6,"packets":20,"bytes":4249,"start":1418530010,"end":1418530070,)"
            R"("action":"ACCEPT","log-status":"OK"})");
}

TEST(FlowLogLayout, LeavesAbsentFieldsOut) {
  EXPECT_EQ(render(FlowLogLayout::default_v2(), kNoData),
            R"({"version":2,"account-id":"123456789010","interface-id":"eni-1235b8ca123456789",)"
            R"("start":1431280876,"end":1431280934,"log-status":"NODATA"})");
  EXPECT_EQ(render(layout_of("srcaddr dstport"), "- -"), "{}");
  EXPECT_EQ(render(layout_of("srcaddr dstport"), "- 22"), R"({"dstport":22})");
}

TEST(FlowLogLayout, ACarriageReturnAtTheEndIsNotOfTheLine) {
  const std::string with_cr = std::string(kLine) + "\r";
  EXPECT_EQ(render(FlowLogLayout::default_v2(), with_cr),
            render(FlowLogLayout::default_v2(), kLine));
}

TEST(FlowLogLayout, RefusesLinesOfAnotherShape) {
  const FlowLogLayout layout = FlowLogLayout::default_v2();
  const std::string line(kLine);
  for (const std::string& bad :
       {line + " extra", line + " ", " " + line, line.substr(0, line.size() - 3), std::string("2"),
        std::string(" "), std::string("\r"), std::string("- - -"), std::string(13, ' '),
        std::string(200, ' '), std::string(600, ' '), std::string(R"({"version":2})"),
        "2  23456789010" + line.substr(14), "2\t" + line.substr(2)}) {
    EXPECT_EQ(split(layout, bad), RefuseReason::bad_fields) << bad;
  }
  EXPECT_EQ(split(layout, ""), RefuseReason::bad_fields);
}

TEST(FlowLogLayout, RefusesWhatIsNoJsonInteger) {
  const FlowLogLayout layout = layout_of("srcport");
  for (const std::string_view good : {"0", "-", "1", "65535", "9999999999999999999"}) {
    EXPECT_EQ(split(layout, good), RefuseReason::none) << good;
  }
  for (const std::string_view bad : {"+1", "-1", "01", "00", "1.0", "1e3", "0x1", "22a", "a", "--",
                                     "10000000000000000000", "\xd9\xa1", "1\r1", "1\n"}) {
    EXPECT_EQ(split(layout, bad), RefuseReason::bad_fields) << bad;
  }
  EXPECT_EQ(split(layout, std::string(600, '1')), RefuseReason::bad_fields);
}

TEST(FlowLogLayout, RefusesBytesThatAreNotUtf8) {
  const FlowLogLayout layout = layout_of("srcaddr dstport");
  EXPECT_EQ(split(layout, "caf\xc3\xa9 1"), RefuseReason::none);
  EXPECT_EQ(split(layout, "caf\xe9 1"), RefuseReason::not_utf8);
  EXPECT_EQ(split(layout, "caf\xc3 1"), RefuseReason::not_utf8);
  EXPECT_EQ(split(layout, std::string(600, 'x') + "\xe9 1"), RefuseReason::not_utf8);
}

TEST(FlowLogLayout, EscapesTextThatJsonWouldMisread) {
  const FlowLogLayout layout = layout_of("srcaddr dstport action");
  const std::string odd = std::string("a\"b\\c\td\x01\0e\x7f", 12) + "\xc3\xa9";
  const std::string line = odd + " 7 -";
  const PaddedLine padded(line);
  FlowLogValues values;
  ASSERT_EQ(layout.split(padded.view(), values), RefuseReason::none);
  EXPECT_EQ(values[0], odd);  // matched by its true text
  const json parsed = json::parse(render(layout, line));
  EXPECT_EQ(parsed["srcaddr"], odd);
  EXPECT_EQ(parsed["dstport"], 7);
  EXPECT_FALSE(parsed.contains("action"));
}

// Lines of every length around the scanner's word and buffer sizes, in both of its ways.
TEST(FlowLogLayout, EveryLengthSplitsAndRendersAlike) {
  const FlowLogLayout layout = layout_of("srcaddr dstport action");
  for (std::size_t length = 1; length < 1200; ++length) {
    const std::string text(length, 'x');
    const std::string line = text + " 443 end";
    const PaddedLine padded(line);
    FlowLogValues values;
    ASSERT_EQ(layout.split(padded.view(), values), RefuseReason::none) << length;
    ASSERT_EQ(values[0], text);
    ASSERT_EQ(values[1], "443");
    ASSERT_EQ(values[2], "end");
    ASSERT_EQ(render(layout, line),
              R"({"srcaddr":")" + text + R"(","dstport":443,"action":"end"})");
    ASSERT_EQ(split(layout, text + " 44x end"), RefuseReason::bad_fields) << length;
    ASSERT_EQ(split(layout, text + " 443 end "), RefuseReason::bad_fields) << length;
  }
}

TEST(FlowLogLayout, NeverWritesMoreThanItsBound) {
  const FlowLogLayout layout = layout_of("srcaddr dstaddr action");
  for (const std::string& text : {std::string(400, '\x01'), std::string(700, '\x02'),
                                  std::string(1, '"'), std::string(500, 'y')}) {
    const std::string line = text + " - " + text;
    const PaddedLine padded(line);
    const std::size_t bound = layout.json_size_bound(line.size());
    std::string out(bound + 64, '#');
    char* end = layout.render_json(padded.view(), out.data());
    EXPECT_LE(static_cast<std::size_t>(end - out.data()), bound);
    EXPECT_EQ(out.substr(bound), std::string(64, '#'));
    EXPECT_EQ(json::parse(out.data(), end)["action"], text);
  }
}

TEST(FlowLogLayout, RandomLinesComeBackAsTheyWere) {
  Random random(11);
  const FlowLogLayout layout = layout_of("srcaddr dstport unheard-of packets action");
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> words;
    for (const FlowLogField& field : layout.fields()) {
      std::string word;
      const std::size_t length = 1 + random.below(round % 10 == 0 ? 200 : 20);
      if (random.below(6) == 0) {
        word = "-";
      } else if (field.type == FlowLogType::integer) {
        word = std::to_string(random() >> (2 + random.below(62)));
      } else {
        for (std::size_t i = 0; i < length; ++i) {
          const char c = static_cast<char>(random.below(127));
          word += c == ' ' || c == '\n' || c == '\r' ? 'z' : c;
        }
      }
      words.push_back(word);
    }
    const std::string line =
        words[0] + " " + words[1] + " " + words[2] + " " + words[3] + " " + words[4];
    const json parsed = json::parse(render(layout, line));
    for (std::size_t i = 0; i < words.size(); ++i) {
      const FlowLogField& field = layout.fields()[i];
      if (words[i] == "-") {
        EXPECT_FALSE(parsed.contains(field.name));
      } else if (field.type == FlowLogType::integer) {
        EXPECT_EQ(parsed[field.name].dump(), words[i]);
      } else {
        EXPECT_EQ(parsed[field.name], words[i]);
      }
    }
  }
}

TEST(FlowLogLayout, ReadsNamesInEverySpelling) {
  EXPECT_EQ(layout_of("${version} ${srcaddr}").header(), "version srcaddr");
  EXPECT_EQ(layout_of("version,srcaddr, dstaddr").header(), "version srcaddr dstaddr");
  EXPECT_EQ(layout_of(" version\n  srcaddr ").header(), "version srcaddr");
  const FlowLogLayout odd = layout_of("brand-new-field bytes");
  EXPECT_EQ(odd.fields()[0].type, FlowLogType::text);
  EXPECT_EQ(render(odd, "007 7"), R"({"brand-new-field":"007","bytes":7})");
}

TEST(FlowLogLayout, RefusesBadNames) {
  for (const std::string_view bad :
       {"", "  ", "version version", "ver\"sion", "2 3", "-", "${version", "a b\x01"}) {
    EXPECT_FALSE(FlowLogLayout::from_names(bad).ok()) << bad;
  }
  std::string many;
  for (int i = 0; i < 65; ++i) many += "f" + std::to_string(i) + " ";
  EXPECT_FALSE(FlowLogLayout::from_names(many).ok());
  const std::string long_name(500, 'a');
  EXPECT_FALSE(FlowLogLayout::from_names(long_name).ok());
  EXPECT_LT(FlowLogLayout::from_names(long_name).error().message.size(), 300U);
}

TEST(FlowLogLayout, TellsAHeaderFromALine) {
  EXPECT_TRUE(FlowLogLayout::is_header("version account-id interface-id"));
  EXPECT_TRUE(FlowLogLayout::is_header("version srcaddr brand-new-field\r"));
  EXPECT_TRUE(FlowLogLayout::is_header("srcaddr"));
  for (const std::string_view line :
       {kLine, kNoData, std::string_view("version  srcaddr"), std::string_view(""),
        std::string_view(" "), std::string_view("ACCEPT OK"), std::string_view("hello there"),
        std::string_view("GET / HTTP/1.1"), std::string_view("i-0123 eni-12 10.0.0.1"),
        std::string_view("version one two")}) {
    EXPECT_FALSE(FlowLogLayout::is_header(line)) << line;
  }
}

TEST(LayoutTable, KeepsOneOfEachAndIsBounded) {
  LayoutTable table(3);
  const FlowLogLayout* v2 = table.default_v2();
  EXPECT_EQ(table.intern(FlowLogLayout::default_v2()).value(), v2);
  const FlowLogLayout* a = table.intern_header("version srcaddr").value();
  EXPECT_EQ(table.intern_header("version srcaddr\r").value(), a);
  EXPECT_NE(a, v2);
  const FlowLogLayout* b = table.intern_header("srcaddr version").value();
  EXPECT_NE(a, b);
  EXPECT_FALSE(table.intern_header("version").ok());
  EXPECT_EQ(table.intern_header("srcaddr version").value(), b);
  EXPECT_FALSE(table.intern_header("srcaddr srcaddr").ok());
}

}  // namespace
}  // namespace weir
