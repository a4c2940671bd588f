// Where numbers end: the fast way agrees with the careful one.
#include "core/event/json_number.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/random.h"

namespace weir {
namespace {

// Of the number that `text` begins with, with the next token right behind `text`.
void expect_agreement(const std::string& text) {
  const std::string padded = text + "," + std::string(64, ' ');
  const char* p = padded.data();
  ASSERT_EQ(number_end(p, *p, static_cast<std::uint32_t>(text.size())), number_end_slow(p)) << text;
}

TEST(NumberEnd, SoundAndUnsoundSpellings) {
  for (const std::string text :
       {"0", "-0", "7", "-7", "10", "0.5", "-0.5", "12.25", "1e5", "1E+5", "-1.5e-10", "0e0",
        "123456789012345678901234567890", "1234567890123456789012345678901",
        "12345678901234567890123456789012", "-123456789012345.678901234567890123",
        "1.2345678901234567890123456789012345"}) {
    const std::string padded = text + "," + std::string(64, ' ');
    const char* p = padded.data();
    const auto gap = static_cast<std::uint32_t>(text.size());
    EXPECT_EQ(number_end(p, *p, gap), p + gap) << text;
    // White space before the next token.
    const std::string spaced = text + " \t," + std::string(64, '1');
    p = spaced.data();
    EXPECT_EQ(number_end(p, *p, gap + 2), p + gap) << text;
  }
  for (const std::string text : {"-",     "01",
                                 "-01",   "00",
                                 "1.",    "-1.",
                                 "1.2.3", "1..2",
                                 "1-2",   "--1",
                                 "-.5",   "1e",
                                 "1e+",   "1.e5",
                                 "0x1",   "1a",
                                 "1_0",   "12:3",
                                 "00.5",  "-00",
                                 "1.2e",  "9999999999999999999999999x"}) {
    const std::string padded = text + "," + std::string(64, ' ');
    const char* p = padded.data();
    EXPECT_EQ(number_end(p, *p, static_cast<std::uint32_t>(text.size())), nullptr) << text;
  }
}

TEST(NumberEnd, RandomSpellings) {
  const std::string letters = "00123456789999..--eE+x ";
  Random random(3);
  for (int round = 0; round < 200'000; ++round) {
    std::string text(1, "-0123456789"[random.below(11)]);
    for (std::uint64_t i = random.below(40); i > 0; --i) {
      text += random.below(3) != 0 ? static_cast<char>('0' + random.below(10))
                                   : letters[random.below(letters.size())];
    }
    while (text.size() > 1 && text.back() == ' ') text.pop_back();
    expect_agreement(text);
  }
}

}  // namespace
}  // namespace weir
