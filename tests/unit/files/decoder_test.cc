// Plain, gzip and zstd: many members, every cut, every damage, any division into pieces.
#include "io/files/decoder.h"

#include <cstdlib>

#include "tests/unit/files/files_fixture.h"

namespace weir {
namespace {

using DecoderFiles = FilesFixture;

struct Decoded {
  std::string bytes;
  DecodeOutcome outcome = DecodeOutcome::going_on;
  std::string damage;
  std::uint64_t offset = 0;
};

Decoded decode(std::string_view bytes, std::size_t piece) {
  Decoded result;
  Decoder decoder([&](std::span<const char> out) {
    result.bytes.append(out.data(), out.size());
    return true;
  });
  while (!bytes.empty() && result.outcome == DecodeOutcome::going_on) {
    const std::string_view now = bytes.substr(0, piece);
    // In memory of exactly its size, so that the sanitizer sees any reading beyond.
    const std::vector<char> exact(now.begin(), now.end());
    result.outcome = decoder.feed(exact);
    bytes.remove_prefix(now.size());
  }
  if (result.outcome == DecodeOutcome::going_on) result.outcome = decoder.finish();
  result.damage = decoder.damage();
  result.offset = decoder.damage_offset();
  return result;
}

TEST_F(DecoderFiles, PlainPassesAsItIs) {
  for (const std::string_view text :
       {"", "\x1f", "(", "P", "{}\n", "P*M", "\x28\xb5\x2f", "PQRSTUVW\n", "\x1fx"}) {
    for (const std::size_t piece : {1U, 2U, 100U}) {
      const Decoded result = decode(text, piece);
      EXPECT_EQ(DecodeOutcome::going_on, result.outcome);
      EXPECT_EQ(text, result.bytes);
    }
  }
}

TEST_F(DecoderFiles, ManyMembersInPiecesOfAnySize) {
  const std::string first = lines(300, 1);
  const std::string second = lines(500, 2);
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    const std::string packed = compressed(first, compression) + compressed("", compression) +
                               compressed(second, compression);
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U, 1000U, 100000U}) {
      const Decoded result = decode(packed, piece);
      EXPECT_EQ(DecodeOutcome::going_on, result.outcome) << result.damage;
      EXPECT_EQ(first + second, result.bytes) << "pieces of " << piece;
    }
  }
}

TEST_F(DecoderFiles, LargeAndWellCompressibleFiles) {
  std::string text;
  while (text.size() < 5'000'000) text += "the same line again and again and again\n";
  text += lines(50000);
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    const std::string packed = compressed(text, compression);
    for (const std::size_t piece : {61U, 4099U, 262144U}) {
      const Decoded result = decode(packed, piece);
      EXPECT_EQ(DecodeOutcome::going_on, result.outcome) << result.damage;
      EXPECT_TRUE(text == result.bytes) << "pieces of " << piece;
    }
  }
}

TEST_F(DecoderFiles, CutAnywhereGivesWhatComesBeforeAndAnError) {
  const std::string text = lines(40);
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    const std::string packed = compressed(text, compression);
    for (std::size_t size = 5; size < packed.size(); ++size) {
      const Decoded result = decode(std::string_view(packed).substr(0, size), 16);
      EXPECT_EQ(DecodeOutcome::damaged, result.outcome) << "cut at " << size;
      EXPECT_NE(std::string::npos, result.damage.find("cut off inside")) << result.damage;
      EXPECT_EQ(size, result.offset);
      EXPECT_TRUE(text.starts_with(result.bytes));
    }
  }
}

TEST_F(DecoderFiles, ACutMemberYieldsMostOfItsBytes) {
  const std::string text = lines(20000);
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    const std::string whole = compressed(text, compression);
    const std::string packed = whole + whole.substr(0, whole.size() - 4);
    const Decoded result = decode(packed, 5000);
    EXPECT_EQ(DecodeOutcome::damaged, result.outcome);
    EXPECT_GT(result.bytes.size(), text.size() + text.size() / 2);
    EXPECT_TRUE((text + text).starts_with(result.bytes));
  }
}

TEST_F(DecoderFiles, EveryFlippedByteIsSurvivedAndMostAreFound) {
  const std::string text = lines(60);
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    const std::string packed = compressed(text, compression);
    for (std::size_t i = 0; i < packed.size(); ++i) {
      std::string bad = packed;
      bad[i] = static_cast<char>(bad[i] ^ 0x55);
      const Decoded result = decode(bad, 100);
      // Bytes without a meaning (a gzip header's time and system) may change; the text may not.
      if (result.outcome == DecodeOutcome::going_on && i >= 4) {
        EXPECT_EQ(text, result.bytes) << "byte " << i;
      }
    }
  }
}

TEST_F(DecoderFiles, AWrongChecksumIsFound) {
  const std::string text = lines(60);
  std::string packed = compressed(text, Compression::gzip);
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);
  Decoded result = decode(packed, 1000);
  EXPECT_EQ(DecodeOutcome::damaged, result.outcome);
  EXPECT_NE(std::string::npos, result.damage.find("checksum")) << result.damage;
  packed = compressed(text, Compression::gzip);
  packed.back() = static_cast<char>(packed.back() ^ 1);  // the length
  EXPECT_EQ(DecodeOutcome::damaged, decode(packed, 1000).outcome);
  packed = compressed(text, Compression::zstd);
  packed.back() = static_cast<char>(packed.back() ^ 1);
  EXPECT_EQ(DecodeOutcome::damaged, decode(packed, 1000).outcome);
}

TEST_F(DecoderFiles, WhatMayFollowTheLastMember) {
  const std::string text = lines(5);
  const std::string gzip = compressed(text, Compression::gzip);
  const std::string padded = gzip + std::string(1000, '\0');
  EXPECT_EQ(DecodeOutcome::going_on, decode(padded, 7).outcome);
  EXPECT_EQ(text, decode(padded, 7).bytes);
  for (const std::string& junk : {std::string("junk"), std::string("\0x", 2), std::string("\x1fz"),
                                  std::string("\0\x1f\x8b", 3)}) {
    const Decoded result = decode(gzip + junk, 1000);
    EXPECT_EQ(DecodeOutcome::damaged, result.outcome);
    EXPECT_EQ(text, result.bytes);
    EXPECT_GE(result.offset, gzip.size());
  }
  const std::string zstd = compressed(text, Compression::zstd);
  EXPECT_EQ(DecodeOutcome::damaged, decode(zstd + "junk", 1000).outcome);
  EXPECT_EQ(text, decode(zstd + "junk", 1000).bytes);
  // A skippable frame, before and behind.
  const std::string skippable("\x53\x2a\x4d\x18\x03\0\0\0abc", 11);
  EXPECT_EQ(text, decode(skippable + zstd + skippable, 1).bytes);
}

TEST_F(DecoderFiles, ReadsWhatGzipWrites) {
  const std::string text = lines(3000);
  for (const char* level : {"-1", "-6", "-9"}) {
    const std::string file = put("plain.json", text);
    const std::string command = std::string("gzip -f ") + level + " '" + file + "'";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "no gzip here";
    const std::string packed = bytes_of(file + ".gz");  // with a name and a time in its header
    for (const std::size_t piece : {1U, 7U, 1000U, 262144U}) {
      const Decoded result = decode(packed, piece);
      EXPECT_TRUE(text == result.bytes);
      EXPECT_EQ(DecodeOutcome::going_on, result.outcome);
    }
  }
}

TEST_F(DecoderFiles, HeadersWithEverythingInAnyPieces) {
  const std::string text = lines(50);
  const std::string packed = compressed(text, Compression::gzip);
  const std::string body = packed.substr(10);  // our own compressor writes the shortest header
  const std::string start("\x1f\x8b\x08", 3);
  const std::string times("\x01\x02\x03\x04\x02\x03", 6);
  const std::string extra(
      "\x05\x00"
      "extra",
      7);
  const std::string name("name.json\0", 10);
  const std::string comment(std::string(70000, 'c') + '\0');
  const std::string check("\x12\x34", 2);
  const std::vector<std::string> members = {
      start + '\x00' + times + body,
      start + '\x01' + times + body,
      start + '\x1e' + times + extra + name + comment + check + body,
      start + '\x04' + times + std::string(2, '\0') + body,
      start + '\x0a' + times + name + check + body,
      start + '\x10' + times + std::string(1, '\0') + body,
  };
  for (const std::string& member : members) {
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 11U, 64U, 200000U}) {
      const Decoded result = decode(member + member, piece);
      EXPECT_EQ(text + text, result.bytes) << result.damage;
      EXPECT_EQ(DecodeOutcome::going_on, result.outcome);
    }
  }
  for (const std::string& bad :
       {start + '\x20' + times + body, std::string("\x1f\x8b\x07\0", 4) + times + body}) {
    EXPECT_EQ(DecodeOutcome::damaged, decode(bad, 1).outcome);
  }
}

TEST_F(DecoderFiles, TwentyThousandEmptyMembers) {
  const std::string empty = compressed("", Compression::gzip);
  std::string packed;
  for (int i = 0; i < 20000; ++i) packed += empty;
  packed += compressed("end\n", Compression::gzip);
  EXPECT_EQ("end\n", decode(packed, 65536).bytes);
}

TEST_F(DecoderFiles, TheTakerMayStop) {
  const std::string packed = compressed(lines(50000), Compression::gzip);
  int calls = 0;
  Decoder decoder([&](std::span<const char>) { return ++calls < 2; });
  EXPECT_EQ(DecodeOutcome::stopped, decoder.feed(packed));
  EXPECT_EQ(2, calls);
}

}  // namespace
}  // namespace weir
