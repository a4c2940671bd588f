// Numbers, addresses, letters and escapes, each against a plainer way to the same answer.
#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "core/base/random.h"
#include "core/rule/address.h"
#include "core/rule/json_text.h"
#include "core/rule/letter_case.h"
#include "core/rule/number.h"
#include "core/rule/plain_address.h"
#include "tests/reference/values.h"

namespace weir {
namespace {

std::string random_number(Random& random) {
  std::string out = random.below(3) == 0 ? "-" : "";
  const auto digits = [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      out.push_back(static_cast<char>('0' + random.below(10)));
  };
  if (random.below(3) == 0) {
    out += "0";
  } else {
    out.push_back(static_cast<char>('1' + random.below(9)));
    digits(random.below(random.below(4) == 0 ? 20 : 7));
  }
  if (random.below(2) == 0) {
    out += ".";
    digits(1 + random.below(18));
  }
  if (random.below(4) == 0) {
    out += random.below(2) == 0 ? "e" : "E-";
    out += std::to_string(random.below(random.below(3) == 0 ? 340 : 25));
  }
  return out;
}

// The fewest digits that mean this double.
std::string shortest(double value) {
  char text[64];
  const auto [end, failure] =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  EXPECT_EQ(failure, std::errc{});
  return {text, end};
}

TEST(Number, ComparableAndOrderedLikeTheNumbersThemselves) {
  Random random(3);
  std::string previous = "0";
  for (int i = 0; i < 60'000; ++i) {
    const std::string text = random_number(random);
    const auto key = number_key(text);
    ASSERT_EQ(key.has_value(), reference::comparable(text)) << text;
    if (!key) continue;
    const double a = std::strtod(previous.c_str(), nullptr);
    const double b = std::strtod(text.c_str(), nullptr);
    const NumberKey before = number_key(previous).value();
    ASSERT_EQ(a < b, before < *key) << previous << " " << text;
    ASSERT_EQ(a == b, before == *key) << previous << " " << text;
    previous = text;
  }
}

TEST(Number, ShortestFormsOfRandomDoublesAreComparable) {
  Random random(4);
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    char text[64];
    for (const int precision : {17, 16, 15}) {
      std::snprintf(text, sizeof text, "%.*g", precision, value);
      ASSERT_EQ(number_key(text).has_value(), reference::comparable(text)) << text;
    }
  }
}

TEST(Number, ComparableToTheLastDigit) {
  // Digits and places where the ways of reading part: 15 to 18 digits, zeros at both ends, the
  // point anywhere, 32 and 33 bytes, exponents.
  Random random(6);
  for (int i = 0; i < 100'000; ++i) {
    std::string text = random.below(3) == 0 ? "-" : "";
    std::string digits = std::to_string(1 + random.below(9));
    const std::uint64_t more = i % 4 == 0 ? random.below(25) : 13 + random.below(5);
    const std::uint64_t kind = random.below(4);
    for (std::uint64_t d = 0; d < more; ++d) {
      digits += static_cast<char>('0' + (kind == 0 ? 9 * random.below(2) : random.below(10)));
    }
    const std::uint64_t whole = random.below(digits.size() + 1);
    text += whole == 0 ? "0" : digits.substr(0, whole);
    if (whole < digits.size()) {
      text += "." + std::string(random.below(6) == 0 ? random.below(9) : 0, '0');
      text += digits.substr(whole);
      text += std::string(random.below(4) == 0 ? random.below(12) : 0, '0');
    } else if (random.below(4) == 0) {
      text += std::string(random.below(20), '0');
    }
    if (random.below(16) == 0) text += "e-" + std::to_string(random.below(30));
    const auto key = number_key(text);
    ASSERT_EQ(key.has_value(), reference::comparable(text)) << text;
    if (key) {
      ASSERT_EQ(*key, number_key(shortest(std::strtod(text.c_str(), nullptr)))) << text;
    }
  }
}

TEST(Number, PlainNumbersAreReadAlikeBothWays) {
  const std::string letters = "000123456789999...-e ";
  Random random(9);
  std::size_t sound = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text(1, "-0123456789"[random.below(11)]);
    for (std::uint64_t k = random.below(34); k > 0; --k) {
      text += random.below(8) == 0 ? letters[random.below(letters.size())]
                                   : static_cast<char>('0' + random.below(10) * random.below(2));
    }
    PlainNumber a;
    PlainNumber b;
    const bool is_a = read_plain(text, a);
    ASSERT_EQ(is_a, read_plain_bytewise(text, b)) << text;
    if (!is_a) continue;
    ++sound;
    ASSERT_EQ(a.negative, b.negative) << text;
    ASSERT_EQ(std::min(a.count, 18U), std::min(b.count, 18U)) << text;
    if (a.count == 0 || a.count > 17) continue;
    ASSERT_EQ(a.digits, b.digits) << text;
    ASSERT_EQ(a.exponent, b.exponent) << text;
    if (a.count == 17) {
      ASSERT_EQ(a.seventeenth, b.seventeenth) << text;
    }
  }
  EXPECT_GT(sound, 20'000U);
}

TEST(Number, NeighboursOfDoublesWithSixteenAndSeventeenDigits) {
  // The shortest form, and what lies one to three units in the last place beside it.
  Random random(8);
  for (int i = 0; i < 8'000; ++i) {
    const double value = static_cast<double>(random() >> 11U) /
                         static_cast<double>(std::uint64_t{1} << (5 + random.below(55)));
    char text[64];
    for (const int precision : {16, 17}) {
      std::snprintf(text, sizeof text, "%.*g", precision, value);
      if (std::strchr(text, 'e') != nullptr) continue;
      const char last = text[std::strlen(text) - 1];
      for (char digit = static_cast<char>(std::max<int>('0', last - 3));
           digit <= std::min<int>('9', last + 3); ++digit) {
        text[std::strlen(text) - 1] = digit;
        ASSERT_EQ(number_key(text).has_value(), reference::comparable(text)) << text;
      }
    }
  }
}

TEST(Number, EdgesOfTheRange) {
  EXPECT_FALSE(number_key("1e400").has_value());
  EXPECT_FALSE(number_key("-1e400").has_value());
  EXPECT_FALSE(number_key("1e-400").has_value());
  EXPECT_EQ(number_key("1e2"), number_key("100"));
  EXPECT_EQ(number_key("1.50e+1"), number_key("15.000"));
  EXPECT_EQ(number_key("0.0000000000000000000000000000000000000012"), number_key("1.2e-39"));
  EXPECT_EQ(number_key("9007199254740992"), number_key("9007199254740992.0"));
  EXPECT_FALSE(number_key("9007199254740993").has_value());
  EXPECT_TRUE(number_key("9007199254740994").has_value());
  EXPECT_LT(*number_key("9007199254740992"), *number_key("9007199254740994"));
  // Powers of two, where the unit changes, and the digits around them.
  for (const char* text :
       {"9007199254740991", "4503599627370495.5", "4503599627370496.5", "0.50000000000000011",
        "0.49999999999999994", "1.0000000000000002", "0.99999999999999989", "0.9999999999999999",
        "1.0000000000000001", "2.0000000000000004", "1.9999999999999998", "1.9999999999999997"}) {
    EXPECT_EQ(number_key(text).has_value(), reference::comparable(text)) << text;
  }
}

TEST(Number, ZerosAreOne) {
  for (const char* zero : {"0", "-0", "-0.0", "0e5", "0.000", "0E-400", "-0.0e999"}) {
    EXPECT_EQ(number_key(zero), number_key("0")) << zero;
  }
}

TEST(Address, ReadsWhatTheReferenceReads) {
  Random random(5);
  int plain_ones = 0;
  constexpr std::string_view kBytes = "0123456789abcdefABCDEF:.::..1 g";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    const std::uint64_t length = random.below(20);
    for (std::uint64_t k = 0; k < length; ++k) text.push_back(kBytes[random.below(kBytes.size())]);
    if (i % 3 == 0) {
      text.clear();
      for (int k = 0; k < 4; ++k) {
        text += (k > 0 ? "." : "") + std::string(random.below(9) == 0 ? "00" : "") +
                std::to_string(random.below(270));
      }
    }
    if (i % 3 == 1) {
      text.clear();
      const std::uint64_t groups = 6 + random.below(4);
      for (std::uint64_t k = 0; k < groups; ++k) {
        text +=
            (k > 0 ? ":" : "") + (random.below(5) == 0 ? "" : std::to_string(random.below(11000)));
      }
    }
    const auto expected = reference::parse_address(text);
    const auto found = parse_address(text);
    ASSERT_EQ(found.has_value(), expected.has_value()) << text;
    std::uint32_t plain = 0;
    if (parse_plain_v4(text, plain)) {
      ASSERT_TRUE(found && !found->v6) << text;
      ASSERT_EQ(plain, found->low) << text;
      ++plain_ones;
    }
    if (!found) continue;
    ASSERT_EQ(found->v6, expected->size() == 128) << text;
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    for (const bool bit : *expected) {
      high = (high << 1U) | (low >> 63U);
      low = (low << 1U) | (bit ? 1U : 0U);
    }
    ASSERT_EQ(found->low, low) << text;
    ASSERT_EQ(found->high, high) << text;
  }
#ifdef WEIR_WIDE_DIGITS
  EXPECT_GT(plain_ones, 2000);
#endif
}

TEST(LetterCase, FormsOfTheOddOnes) {
  const auto forms = [](std::string_view letter) {
    const auto all = case_forms_of(letter);
    EXPECT_EQ(all.size(), 1U);
    return all.front().lower + " " + all.front().upper;
  };
  EXPECT_EQ(forms("a"), "a A");
  EXPECT_EQ(forms("Z"), "z Z");
  EXPECT_EQ(forms("5"), "5 5");
  EXPECT_EQ(forms("ß"), "ß SS");
  EXPECT_EQ(forms("Σ"), "σ Σ");
  EXPECT_EQ(forms("ς"), "ς Σ");
  EXPECT_EQ(forms("\u212a"), "k \u212a");
  EXPECT_EQ(forms("ı"), "ı I");
  EXPECT_EQ(forms("İ"), "i\u0307 İ");
  EXPECT_EQ(forms("ǅ"), "ǆ Ǆ");
  EXPECT_EQ(forms("ﬁ"), "ﬁ FI");
  EXPECT_EQ(forms("𐐀"), "𐐨 𐐀");
  EXPECT_EQ(forms("😀"), "😀 😀");
}

// What the matching of ignore-case patterns builds on: the first form that fits is the only one.
TEST(LetterCase, NoFormBeginsOrEndsWithTheOther) {
  for (std::uint32_t c = 0; c < 0x110000; ++c) {
    const CaseForms forms = case_forms(c);
    if (forms.lower == forms.upper) continue;
    ASSERT_FALSE(forms.lower.starts_with(forms.upper) || forms.upper.starts_with(forms.lower)) << c;
    ASSERT_FALSE(forms.lower.ends_with(forms.upper) || forms.upper.ends_with(forms.lower)) << c;
  }
}

TEST(JsonText, Unescapes) {
  EXPECT_EQ(unescape_json(R"(a\"\\\/\b\f\n\r\t\u0041)"), "a\"\\/\b\f\n\r\tA");
  EXPECT_EQ(unescape_json(R"(\u0000)"), std::string(1, '\0'));
  EXPECT_EQ(unescape_json(R"(\u00e9\u20AC)"), "é€");
  EXPECT_EQ(unescape_json(R"(\ud83d\ude00)"), "😀");
  EXPECT_EQ(unescape_json(R"(\ud83d)"), "\xED\xA0\xBD");
  EXPECT_EQ(unescape_json(R"(\ude00\ud83d)"), "\xED\xB8\x80\xED\xA0\xBD");
  EXPECT_EQ(unescape_json(R"(\ud83d\ud83d\ude00)"), "\xED\xA0\xBD😀");
}

TEST(JsonText, Utf16Order) {
  EXPECT_TRUE(utf16_less("a", "b"));
  EXPECT_TRUE(utf16_less("a", "a."));
  EXPECT_TRUE(utf16_less("a-", "a."));
  EXPECT_TRUE(utf16_less("😀", "\uffee"));
  EXPECT_FALSE(utf16_less("\uffee", "😀"));
  EXPECT_TRUE(utf16_less("\ud7ff", "😀"));
  EXPECT_FALSE(utf16_less("😀", "😀"));
}

}  // namespace
}  // namespace weir
