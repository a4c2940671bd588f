#include "core/http/body_inflater.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <string>

#include "core/http/gzip_body.h"

namespace weir {
namespace {

using Coding = BodyInflater::Coding;
using Outcome = BodyInflater::Outcome;

std::string gzip(std::string_view text) {
  GzipBody body;
  std::string out(GzipBody::bound(text.size()), '\0');
  out.resize(body.compress(text, out));
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string sample() {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "{\"n\":" + std::to_string(i * 7919) + "}\n";
  return text;
}

TEST(BodyInflater, Inflates) {
  BodyInflater inflater;
  std::string out = "old";
  const std::string text = sample();
  EXPECT_EQ(inflater.inflate(Coding::gzip, gzip(text), text.size(), out), Outcome::done);
  EXPECT_EQ(out, text);
  EXPECT_EQ(inflater.inflate(Coding::zstd, zstd(text), text.size(), out), Outcome::done);
  EXPECT_EQ(out, text);
}

TEST(BodyInflater, TakesSeveralMembersAndFrames) {
  BodyInflater inflater;
  std::string out;
  EXPECT_EQ(inflater.inflate(Coding::gzip, gzip("a") + gzip("") + gzip("b"), 10, out),
            Outcome::done);
  EXPECT_EQ(out, "ab");
  EXPECT_EQ(inflater.inflate(Coding::zstd, zstd("a") + zstd("") + zstd("b"), 10, out),
            Outcome::done);
  EXPECT_EQ(out, "ab");
  std::string empty;
  for (int i = 0; i < 20000; ++i) empty += gzip("");
  EXPECT_EQ(inflater.inflate(Coding::gzip, empty, 10, out), Outcome::done);
  EXPECT_EQ(out, "");
}

TEST(BodyInflater, HoldsTheLimitWhileInflating) {
  BodyInflater inflater;
  std::string out;
  const std::string zeros(64 * 1024 * 1024, '\0');
  for (const auto& [coding, bomb] :
       {std::pair{Coding::gzip, gzip(zeros)}, std::pair{Coding::zstd, zstd(zeros)}}) {
    EXPECT_EQ(inflater.inflate(coding, bomb, 1 << 20, out), Outcome::over_limit);
    EXPECT_LE(out.size(), 1U << 20U);
  }
  const std::string text = sample();
  EXPECT_EQ(inflater.inflate(Coding::gzip, gzip(text), text.size() - 1, out), Outcome::over_limit);
  EXPECT_EQ(inflater.inflate(Coding::zstd, zstd(text), text.size() - 1, out), Outcome::over_limit);
}

TEST(BodyInflater, RefusesDamage) {
  BodyInflater inflater;
  std::string out;
  const std::string text = sample().substr(0, 4000);
  for (const auto& [coding, whole] :
       {std::pair{Coding::gzip, gzip(text)}, std::pair{Coding::zstd, zstd(text)}}) {
    EXPECT_EQ(inflater.inflate(coding, "", 1 << 20, out), Outcome::damaged);
    EXPECT_EQ(inflater.inflate(coding, "hello", 1 << 20, out), Outcome::damaged);
    EXPECT_EQ(inflater.inflate(coding, whole + "junk", 1 << 20, out), Outcome::damaged);
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
      ASSERT_EQ(inflater.inflate(coding, whole.substr(0, cut), 1 << 20, out), Outcome::damaged)
          << cut;
    }
    EXPECT_EQ(inflater.inflate(coding, whole, 1 << 20, out), Outcome::done) << "after all that";
  }
  for (const std::size_t from_end : {1U, 5U}) {  // the size and the checksum
    std::string wrong = gzip(text);
    wrong[wrong.size() - from_end] ^= 1;
    EXPECT_EQ(inflater.inflate(Coding::gzip, wrong, 1 << 20, out), Outcome::damaged) << from_end;
  }
  std::string flags = gzip(text);
  flags[3] = static_cast<char>(0x80);
  EXPECT_EQ(inflater.inflate(Coding::gzip, flags, 1 << 20, out), Outcome::damaged);
}

TEST(BodyInflater, KnowsItsCodings) {
  EXPECT_EQ(BodyInflater::coding_of(""), Coding::identity);
  EXPECT_EQ(BodyInflater::coding_of("Identity"), Coding::identity);
  EXPECT_EQ(BodyInflater::coding_of("GZIP"), Coding::gzip);
  EXPECT_EQ(BodyInflater::coding_of("zstd"), Coding::zstd);
  EXPECT_EQ(BodyInflater::coding_of("gzip, gzip"), Coding::unknown);
  EXPECT_EQ(BodyInflater::coding_of("br"), Coding::unknown);
}

}  // namespace
}  // namespace weir
