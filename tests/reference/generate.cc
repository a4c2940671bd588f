#include "tests/reference/generate.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>

namespace weir::reference {
namespace {

constexpr const char* kNames[] = {
    "a",          "a",       "b",       "b",  "c",        "e",      "f", "a.b", "b.c",
    "",           "\\u0061", "$or",     "é",  "e\\u0301", "prefix", "-", "a-",  "longer_name",
    "longer_nam", "😀",       "\\uffee", "a.", ".b",       "a\\\"b"};
constexpr const char* kTexts[] = {"",
                                  "a",
                                  "b",
                                  "ab",
                                  "aab",
                                  "abab",
                                  "abc",
                                  "A",
                                  "aB",
                                  "AB",
                                  "ABC",
                                  "xab",
                                  "prod",
                                  "xprod",
                                  "x-prod",
                                  "PROD",
                                  "*",
                                  "a*b",
                                  "\\\\",
                                  "a\\\\b",
                                  "\\u0061b",
                                  "\\\"ab",
                                  "ab\\\"",
                                  "a\\nb",
                                  "\\u0000",
                                  "true",
                                  "null",
                                  "5",
                                  "300",
                                  "1e2",
                                  "straße",
                                  "STRASSE",
                                  "strasse",
                                  "ß",
                                  "SS",
                                  "ss",
                                  "K",
                                  "k",
                                  "\\u212a",
                                  "İ",
                                  "i̇",
                                  "i",
                                  "I",
                                  "ı",
                                  "σ",
                                  "ς",
                                  "Σ",
                                  "ǅ",
                                  "ǆ",
                                  "Ǆ",
                                  "é",
                                  "É",
                                  "e\\u0301",
                                  "😀",
                                  "\\ud83d\\ude00",
                                  "\\ud800",
                                  "\\udc00",
                                  "𐐀",
                                  "𐐨",
                                  "10.0.0.1",
                                  "010.0.0.1",
                                  "10.0.0.2",
                                  "10.0.1.1",
                                  "16.0.0.0",
                                  "::1",
                                  "0:0:0:0:0:0:0:1",
                                  "::ffff:0a00:0001",
                                  "a00:1::5",
                                  "A00:1::5",
                                  "999.1.1.1",
                                  "12:30",
                                  ":",
                                  "1.2.3",
                                  "::ffff:10.0.0.1",
                                  "255.255.255.255",
                                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                  "a long text of more than sixteen bytes",
                                  "a long text of more than sixteen Bytes",
                                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"};
constexpr const char* kWildcards[] = {
    "*",       "a*",    "*a",         "*a*",     "a*b",     "*b*a*",     "*ab*",
    "*ab*ab*", "a*b*c", "*-prod",     "x*prod",  "*a*b",    "ab*ab",     "**",
    "a**",     "\\\\*", "\\\\*\\\\*", "a\\\\*b", "*\\\\**", "\\\\\\\\*", "\\\\x",
    "a\\\\",   "*ß*",   "*aab*a*",    "aa*aa*b", "*a*a*a*", "*\\u0000*", "*sixteen*bytes",
    "",        "abc"};
constexpr const char* kNumbers[] = {"0",
                                    "-0",
                                    "0.0",
                                    "-0.0e5",
                                    "0e5",
                                    "1",
                                    "5",
                                    "5.0",
                                    "50e-1",
                                    "0.5e1",
                                    "300",
                                    "300.0",
                                    "3.0e2",
                                    "3E+2",
                                    "30000e-2",
                                    "-5",
                                    "-5.5",
                                    "0.1",
                                    "1e-1",
                                    "100e-3",
                                    "0.10",
                                    "9007199254740992",
                                    "9007199254740993",
                                    "12345678901234567890",
                                    "1.2345678901234567890e19",
                                    "1e309",
                                    "1E309",
                                    "1e-400",
                                    "5e-324",
                                    "4.9e-324",
                                    "1e23",
                                    "100000000000000000000000",
                                    "100000000000000000000001",
                                    "95000000000000000000000",
                                    "9.5e22",
                                    "1.7976931348623157e308",
                                    "-1.7976931348623157e308",
                                    "0.29999999999999998",
                                    "0.3",
                                    "100000000000000000000",
                                    "1e20",
                                    "10000001",
                                    "123456789012345",
                                    "1234567890123456",
                                    "0.1000000000000000055511151231257827",
                                    "2.2250738585072014e-308",
                                    "999999999999999999",
                                    "-1e1",
                                    "6",
                                    "7",
                                    "4.999999999999999",
                                    "1e22",
                                    "1e1",
                                    "10"};
constexpr const char* kBlocks[] = {"10.0.0.0/8",
                                   "10.0.0.77/24",
                                   "10.0.0.1/31",
                                   "0.0.0.0/0",
                                   "::/0",
                                   "a00:1::/32",
                                   "::1/127",
                                   "10.0.0.1/32",
                                   "::1/128",
                                   "::ffff:0a00:0000/24",
                                   "10.0.0.0/+08",
                                   "10.0.0.0/8//",
                                   "10.0.0.0",
                                   "/8",
                                   "10.0.0.0/x",
                                   "host/8",
                                   "255.255.255.254/31",
                                   "ffff::/1",
                                   "10.0.0.0/8/8",
                                   "10.0.0.0/-1"};
// What made-up texts and wildcards are put together from: letters whose cases are odd, and few
// enough others to meet again.
constexpr const char* kLetters[] = {
    "a", "b",       "A",       "B",       "ab",  "ß", "ẞ",  "S", "s",    "ſ",
    "K", "k",       "i",       "I",       "İ",   "ı", "i̇",  "ŉ", "ǰ",    "ʼN",
    "ǅ", "ǆ",       "Σ",       "ς",       "σ",   "ﬁ", "FI", "ﬀ", "ᾳ",    "ΑΙ",
    "ᾼ", "\\u1e9e", "\\u212a", "\\u00e9", "É",   "😀", "𐐀",  "𐐨", "Ⱥ",    "ⱥ",
    "Ɐ", "ɐ",       "\\ud800", "\\udc00", "\\n", ".", ":",  "1", "\\\"", "/"};
constexpr const char* kWildcardParts[] = {"a", "b",     "ab",       "*", "*", "*",
                                          "*", "\\\\*", "\\\\\\\\", "é", "a", "\\u002a"};

}  // namespace

std::string Generator::space() {
  return one_in(12) ? (one_in(2) ? " " : "\t ") : "";
}
std::string Generator::quoted(const std::string& json_text) {
  return "\"" + json_text + "\"";
}
std::string Generator::name() {
  if (one_in(12)) return quoted(made_up_name());
  return quoted(one_in(3) ? pick(kNames) : std::string(1, "abcef"[random_.below(5)]));
}
std::string Generator::text() {
  if (one_in(8)) return made_up_text();
  return one_in(12) ? made_up_address() : pick(kTexts);
}
std::string Generator::number() {
  return one_in(4) ? made_up_number() : pick(kNumbers);
}
std::string Generator::wildcard() {
  if (!one_in(3)) return pick(kWildcards);
  std::string out;
  for (std::uint64_t parts = random_.below(9); parts > 0; --parts) out += pick(kWildcardParts);
  return out;
}
std::string Generator::block() {
  if (!one_in(3)) return pick(kBlocks);
  return made_up_address() + "/" + (one_in(4) ? "+0" : "") + std::to_string(random_.below(130));
}

// Of many children of one parent; long; with dots where names join.
std::string Generator::made_up_name() {
  switch (random_.below(4)) {
    case 0:
      return "f" + std::to_string(random_.below(40));
    case 1:
      return std::string(60 + random_.below(8), 'n');
    case 2: {
      std::string out;
      for (std::uint64_t i = 1 + random_.below(4); i > 0; --i) out += "ab.."[random_.below(4)];
      return out;
    }
    default:
      return pick(kLetters);
  }
}

std::string Generator::made_up_text() {
  std::string out;
  for (std::uint64_t i = random_.below(5); i > 0; --i) out += pick(kLetters);
  return out;
}

std::string Generator::made_up_address() {
  std::string out;
  if (one_in(2)) {
    static constexpr const char* kParts[] = {"10", "010", "0", "00", "1", "255", "16", "256", ""};
    const std::uint64_t parts = one_in(10) ? 3 + 2 * random_.below(2) : 4;
    for (std::uint64_t i = 0; i < parts; ++i) out += (i > 0 ? "." : "") + pick(kParts);
    return out;
  }
  static constexpr const char* kGroups[] = {"0", "0000", "1", "a00", "0A00",  "ffff", "FFFF",
                                            "0", "0",    "",  "1",   "00001", "g"};
  const std::uint64_t gap = random_.below(10);
  const std::uint64_t groups = gap < 8 ? random_.below(9) : 8;
  for (std::uint64_t i = 0; i < groups; ++i) {
    if (i == gap) out += i > 0 ? ":" : "::";
    // Mostly groups that mean something.
    std::string group = kGroups[random_.below(one_in(20) ? 13 : 9)];
    out += group + (i + 1 < groups ? ":" : "");
  }
  return gap == groups || (gap > groups && gap < 8) ? out + "::" : out;
}

// `digits` times ten to the power of `exponent`, in one of the ways to write it.
std::string Generator::respelled(const std::string& digits, std::int64_t exponent) {
  std::string out = digits;
  if (one_in(4)) {
    const std::uint64_t zeros = one_in(20) ? 400 : random_.below(5);
    out.append(zeros, '0');
    exponent -= static_cast<std::int64_t>(zeros);
  }
  const auto size = static_cast<std::int64_t>(out.size());
  if (exponent >= 0 && exponent < 30 && one_in(2)) {
    return out + std::string(static_cast<std::size_t>(exponent), '0') + (one_in(3) ? ".0" : "");
  }
  if (exponent < 0 && exponent > -30 && one_in(2)) {
    if (-exponent >= size) {
      return "0." + std::string(static_cast<std::size_t>(-exponent - size), '0') + out;
    }
    return out.insert(static_cast<std::size_t>(size + exponent), ".");
  }
  if (one_in(2) && size > 1) {
    const auto whole = static_cast<std::int64_t>(1 + random_.below(out.size() - 1));
    out.insert(static_cast<std::size_t>(whole), ".");
    exponent += size - whole;
  }
  static constexpr const char* kMarks[] = {"e", "E"};
  return out + pick(kMarks) + (exponent >= 0 && one_in(3) ? "+" : "") +
         (exponent >= 0 && one_in(6) ? "00" : "") + std::to_string(exponent);
}

// A double, as it prints or one digit beside; powers of two among them, whose neighbours are not
// at equal distance.
std::string Generator::made_up_number() {
  double value = std::ldexp(1.0, static_cast<int>(random_.below(2100)) - 1075);
  if (one_in(2)) value = std::ldexp(1.0, static_cast<int>(random_.below(140)) - 70);
  if (one_in(2)) {
    value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) + random_.below(1 << 20));
  }
  if (one_in(4)) value = static_cast<double>(random_.below(1000)) / 8;
  // Mostly one of a few, so that spellings of one number meet.
  static constexpr std::array kMeeting = {1e23,    9.5e22, 0x1p70, 0x1p-44, 1e22,
                                          5e-324,  0.1,    0.3,    1e-7,    123456789012345680.0,
                                          1.25e24, 4.35,   0x1p53, 1e300,   9007199254740994.0};
  if (!one_in(3)) value = kMeeting[random_.below(kMeeting.size())];
  if (!std::isfinite(value) || value == 0) value = 1;
  std::array<char, 40> text{};
  const auto shortest =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  std::string printed(text.data(), shortest.ptr);
  if (one_in(3)) {
    const auto longer =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific,
                      static_cast<int>(random_.below(19)));
    printed.assign(text.data(), longer.ptr);
  }
  const std::size_t e = printed.find('e');
  std::int64_t exponent = std::stoll(printed.substr(e + 1));
  std::string digits = printed.substr(0, e);
  if (digits.size() > 2) {
    exponent -= static_cast<std::int64_t>(digits.size() - 2);
    digits.erase(1, 1);
  }
  if (one_in(4)) digits.back() = static_cast<char>('0' + random_.below(10));
  while (digits.size() > 1 && digits.front() == '0') digits.erase(0, 1);
  return (one_in(3) ? "-" : "") + respelled(digits, exponent);
}

std::string Generator::argument() {
  if (one_in(40)) return one_in(2) ? number() : "[" + quoted(text()) + "]";
  return quoted(text());
}

std::string Generator::numeric() {
  static constexpr const char* kOne[] = {"=", "<", "<=", ">", ">="};
  static constexpr const char* kLow[] = {">", ">=", "<"};
  static constexpr const char* kHigh[] = {"<", "<=", "="};
  if (one_in(2)) return "[" + quoted(pick(kOne)) + "," + number() + "]";
  const std::string low = one_in(10) ? pick(kOne) : kLow[random_.below(2)];
  const std::string high = one_in(10) ? pick(kHigh) : kHigh[random_.below(2)];
  return "[" + quoted(low) + "," + number() + "," + quoted(high) + "," + number() + "]";
}

std::string Generator::anything_but() {
  static constexpr const char* kInner[] = {"prefix", "suffix", "equals-ignore-case", "wildcard"};
  const auto list = [this](auto make) {
    std::string out = "[";
    const std::uint64_t count = one_in(20) ? 0 : 1 + random_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) out += (i > 0 ? "," : "") + make();
    return out + "]";
  };
  const auto string = [this] { return quoted(text()); };
  const auto digits = [this] { return number(); };
  switch (random_.below(6)) {
    case 0:
      return string();
    case 1:
      return number();
    case 2:
      return list(string);
    case 3:
      return one_in(10) ? "[5,\"a\"]" : list(digits);
    default: {
      const std::string op = pick(kInner);
      const bool is_wildcard = op == "wildcard";
      const auto one = [&] { return quoted(is_wildcard ? wildcard() : text()); };
      const std::string inner = one_in(2) ? one() : list(one);
      return "{" + quoted(op) + ":" + inner + "}";
    }
  }
}

std::string Generator::expression() {
  switch (random_.below(13)) {
    case 0:
      return "{\"prefix\":" + argument() + "}";
    case 1:
      return "{\"suffix\":" + argument() + "}";
    case 2:
      return "{\"equals-ignore-case\":" + argument() + "}";
    case 3:
      return "{\"prefix\":{\"equals-ignore-case\":" + argument() + "}}";
    case 4:
      return "{\"suffix\":{\"equals-ignore-case\":" + argument() + "}}";
    case 5:
      return "{\"wildcard\":" + quoted(wildcard()) + "}";
    case 6:
      return "{\"exists\":true}";
    case 7:
      return "{\"exists\":false}";
    case 8:
      return "{\"cidr\":" + quoted(block()) + "}";
    case 9:
      return "{\"numeric\":" + numeric() + "}";
    case 10:
      return one_in(15) ? "{\"unknown\":\"a\"}" : "{\"exactly\":" + argument() + "}";
    default:
      return "{\"anything-but\":" + anything_but() + "}";
  }
}

std::string Generator::condition() {
  static constexpr const char* kLiterals[] = {"true", "false", "null"};
  std::string out = "[";
  const std::uint64_t count = one_in(60) ? 0 : one_in(30) ? 20 : 1 + random_.below(2);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) out += ",";
    const std::uint64_t kind = random_.below(10);
    out += space() + (kind < 5   ? expression()
                      : kind < 8 ? quoted(text())
                      : kind < 9 ? number()
                                 : pick(kLiterals));
  }
  return out + "]";
}

std::string Generator::fields(int depth) {
  std::string out = "{";
  const std::uint64_t count = one_in(80) ? 0 : 1 + random_.below(depth == 0 ? 3 : 2);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) out += ",";
    if (one_in(9)) {
      out += "\"$or\":[";
      const std::uint64_t alternatives = one_in(10) ? 1 : 2 + random_.below(2);
      for (std::uint64_t k = 0; k < alternatives; ++k)
        out += (k > 0 ? "," : "") + fields(depth + 1);
      out += "]";
      continue;
    }
    out += name() + space() + ":" + space();
    out += depth < 3 && one_in(3) ? fields(depth + 1) : one_in(150) ? "5" : condition();
  }
  return out + "}";
}

std::string Generator::pattern() {
  return space() + fields(0) + space();
}

std::string Generator::pattern_of_one_field() {
  return "{\"a\":" + condition() + "}";
}

std::string Generator::value(int depth) {
  static constexpr const char* kLiterals[] = {"true", "false", "null"};
  const std::uint64_t kind = random_.below(depth < 4 ? 12 : 8);
  if (kind < 5) return quoted(text());
  if (kind < 7) return number();
  if (kind < 8) return pick(kLiterals);
  if (kind < 10) return object(depth + 1);
  std::string out = "[";
  const std::uint64_t count = random_.below(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    out += (i > 0 ? "," : "") + space() + (one_in(2) ? object(depth + 1) : value(depth + 1));
  }
  return out + space() + "]";
}

// A list of scalars, or an object of scalars, far more than events mostly have.
std::string Generator::many_values() {
  const bool list = one_in(2);
  std::string out = list ? "[" : "{";
  for (std::uint64_t i = 25 + random_.below(40); i > 0; --i) {
    if (!list) out += name() + ":";
    out += value(5) + (i > 1 ? "," : "");
  }
  return out + (list ? "]" : "}");
}

std::string Generator::object(int depth) {
  std::string out = "{" + space();
  const std::uint64_t count = random_.below(depth == 0 ? 6 : 4);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) out += space() + ",";
    out += space() + name() + space() + ":" + space() + value(depth);
  }
  return out + space() + "}";
}

std::string Generator::event() {
  if (one_in(25)) {
    if (one_in(2)) return "{" + name() + ":" + many_values() + "," + name() + ":" + value(1) + "}";
    // All at the top, where values wait to be looked at.
    std::string out = "{";
    for (std::uint64_t i = 25 + random_.below(40); i > 0; --i) {
      out += name() + ":" + value(one_in(4) ? 2 : 5) + (i > 1 ? "," : "}");
    }
    return out;
  }
  return space() + object(0) + space();
}

std::string Generator::broken(std::string text) {
  static constexpr std::string_view kBytes =
      "{}[],:\"\\0-.eE+ tfnu\x01\x7f\xc3\xa9\xed\xa0\x80\xff";
  const std::uint64_t changes = 1 + random_.below(3);
  for (std::uint64_t i = 0; i < changes && !text.empty(); ++i) {
    const std::size_t at = random_.below(text.size());
    const char byte = kBytes[random_.below(kBytes.size())];
    switch (random_.below(4)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      case 2:
        text.erase(at, 1);
        break;
      default:
        text.resize(at);
        break;
    }
  }
  return text;
}

}  // namespace weir::reference
