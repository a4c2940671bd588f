// The program as such: help, version, and what a mistyped command line is answered with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/process.h"

namespace weir::e2e {
namespace {

using testing::HasSubstr;

struct Answer {
  int exit_code;
  std::string output;
  std::string errors;
};

Answer weir(const std::vector<std::string>& arguments) {
  const TempDir directory;
  const int exit_code = run_to_end(directory, "weir", arguments);
  return {exit_code, read_file(directory.file("weir.out")), read_file(directory.file("weir.err"))};
}

TEST(Usage, HelpHasExamplesAndEveryCommand) {
  const Answer answer = weir({"--help"});
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_EQ(answer.errors, "");
  EXPECT_THAT(answer.output, HasSubstr("Examples:"));
  for (const char* command : {"run", "check", "match", "gen", "sink", "load"}) {
    EXPECT_THAT(answer.output, HasSubstr(std::string("\n  ") + command));
    const Answer help = weir({command, "--help"});
    EXPECT_EQ(help.exit_code, 0) << command;
    EXPECT_THAT(help.output, HasSubstr("Example")) << command;
  }
}

TEST(Usage, Version) {
  const Answer answer = weir({"--version"});
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_TRUE(answer.output.starts_with("weir ")) << answer.output;
}

TEST(Usage, FaultsAreOneLineAndAHint) {
  struct Case {
    std::vector<std::string> arguments;
    std::string errors;
  };
  const std::vector<Case> cases = {
      {{}, "weir: a command is missing\nTry 'weir --help'.\n"},
      {{"mtach"}, "weir: unknown command 'mtach', did you mean 'match'?\nTry 'weir --help'.\n"},
      {{"frobnicate"}, "weir: unknown command 'frobnicate'\nTry 'weir --help'.\n"},
      {{"--verison"},
       "weir: unknown option '--verison', did you mean '--version'?\n"
       "Try 'weir --help'.\n"},
      {{"match", "--rulse", "x", "--rules", "y"},
       "weir: unknown option '--rulse', did you mean '--rules'?\nTry 'weir match --help'.\n"},
      {{"check"}, "weir: CONFIG is required\nTry 'weir check --help'.\n"},
      {{"check", "a", "b"}, "weir: unknown argument 'b'\nTry 'weir check --help'.\n"},
      {{"match"}, "weir: --rules is required\nTry 'weir match --help'.\n"},
  };
  for (const Case& one : cases) {
    const Answer answer = weir(one.arguments);
    EXPECT_EQ(answer.exit_code, 2) << one.errors;
    EXPECT_EQ(answer.output, "") << one.errors;
    EXPECT_EQ(answer.errors, one.errors);
  }
  for (const char* threads : {"0", "-1", "x", "1.5", "100000000000"}) {
    EXPECT_EQ(weir({"match", "--rules", "x", "--threads", threads}).exit_code, 2) << threads;
  }
}

}  // namespace
}  // namespace weir::e2e
