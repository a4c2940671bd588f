#include "tests/reference/generate.h"

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

}  // namespace

std::string Generator::space() {
  return one_in(12) ? (one_in(2) ? " " : "\t ") : "";
}
std::string Generator::quoted(const std::string& json_text) {
  return "\"" + json_text + "\"";
}
std::string Generator::name() {
  return quoted(one_in(3) ? pick(kNames) : std::string(1, "abcef"[random_.below(5)]));
}
std::string Generator::text() {
  return pick(kTexts);
}
std::string Generator::number() {
  return pick(kNumbers);
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
      const bool wildcard = op == "wildcard";
      const auto one = [&] { return quoted(wildcard ? pick(kWildcards) : text()); };
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
      return "{\"wildcard\":" + quoted(pick(kWildcards)) + "}";
    case 6:
      return "{\"exists\":true}";
    case 7:
      return "{\"exists\":false}";
    case 8:
      return "{\"cidr\":" + quoted(pick(kBlocks)) + "}";
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
