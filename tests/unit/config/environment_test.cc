#include "io/config/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace weir {
namespace {

std::optional<std::string> variable(const std::string& name) {
  if (name == "A") return "1";
  if (name == "_LONG_2") return "long value";
  if (name == "NESTED") return "${A}";
  return std::nullopt;
}

std::string replaced(std::string_view written) {
  const auto result = substitute(written, Substitution::plain_text, variable);
  return result ? result->text : result.error().message;
}

TEST(Environment, ReplacesNames) {
  EXPECT_EQ(replaced("x${A}y${_LONG_2}"), "x1ylong value");
  EXPECT_EQ(replaced("$A $ {A} a$"), "$A $ {A} a$");
  EXPECT_EQ(replaced("$${A} $$${A}"), "${A} $${A}");
  EXPECT_EQ(replaced("${NESTED}"), "${A}") << "a value is never looked at again";
}

TEST(Environment, SaysWhatIsWrong) {
  EXPECT_EQ(replaced("${B}"), "the environment variable 'B' is not set");
  for (const char* bad : {"${", "${}", "${A", "${1}", "${A-b}", "${A:-x}"}) {
    EXPECT_EQ(replaced(bad),
              "'${' without a variable's name, write ${NAME}, or $${ for a plain '${'")
        << bad;
  }
}

TEST(Environment, OffsetsLeadBack) {
  const auto result = substitute("ab${_LONG_2}cd${A}e", Substitution::plain_text, variable);
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->text, "ablong valuecd1e");
  EXPECT_EQ(result->written_offset(1), 1U);
  EXPECT_EQ(result->written_offset(5), 2U);    // inside the value: its variable
  EXPECT_EQ(result->written_offset(12), 12U);  // c
  EXPECT_EQ(result->written_offset(15), 18U);  // e
  EXPECT_EQ(result->without_values("bad: long value!"), "bad: ${_LONG_2}!");
}

TEST(Environment, TheProcessHasOne) {
  ASSERT_EQ(::setenv("WEIR_TEST_VARIABLE", "here", 1), 0);
  EXPECT_EQ(process_environment()("WEIR_TEST_VARIABLE"), "here");
  EXPECT_EQ(process_environment()("WEIR_TEST_NO_SUCH_VARIABLE"), std::nullopt);
}

TEST(JsonGrammar, Numbers) {
  for (const char* good : {"0", "-0", "1", "10", "1.5", "1e3", "1E+3", "-1.25e-7", "300.0"}) {
    EXPECT_TRUE(is_json_number(good)) << good;
  }
  for (const char* bad : {"", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1 ", "NaN", "--1",
                          "1.2.3", "1_0", "\xd9\xa1"}) {
    EXPECT_FALSE(is_json_number(bad)) << bad;
  }
}

}  // namespace
}  // namespace weir
