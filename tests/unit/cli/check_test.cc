// weir check: exit codes, what goes to which stream, and files that are no configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/e2e/process.h"

namespace weir::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Check : public testing::Test {
 protected:
  int check(const std::string& path, const ProcessOptions& options = {}) {
    const int exit_code = run_to_end(directory_, "check", {"check", path}, options);
    output_ = read_file(directory_.file("check.out"));
    errors_ = read_file(directory_.file("check.err"));
    return exit_code;
  }
  std::string write(const std::string& name, std::string_view text) {
    write_file(directory_.file(name), text);
    return directory_.file(name);
  }

  TempDir directory_;
  std::string output_;
  std::string errors_;
};

TEST_F(Check, SoundIsZero) {
  const std::string path = write("weir.yaml",
                                 "sources: {in: {tcp: \"127.0.0.1:${WEIR_TEST_PORT}\"}}\n"
                                 "rules: {r: {pattern: {a: [1]}, targets: [out]}}\n"
                                 "targets: {out: {discard: true}}\n");
  EXPECT_EQ(check(path, {.input = {}, .environment = {"WEIR_TEST_PORT=7000"}}), 0);
  EXPECT_EQ(output_, path + ": sound; 1 source, 1 rule, 1 target, 1 bus\n");
  EXPECT_EQ(errors_, "");
  EXPECT_EQ(check(path), 2);
  EXPECT_EQ(errors_, path +
                         ":1:21: source 'in': tcp: the environment variable 'WEIR_TEST_PORT' is "
                         "not set\n");
}

TEST_F(Check, RulesThatAreTooCostlyTogetherAreTwo) {
  const std::string rest =
      "sources: {in: {stdin: true}}\ntargets: {out: {discard: true}}\nrules:\n"
      "  r: {pattern: {a: [{wildcard: \"*b*c*\"}]}, targets: [out]}\n"
      "  s: {pattern: {a: [{wildcard: \"*d*e*\"}]}, targets: [out]}\n";
  const std::string path = write("weir.yaml", rest + "limits: {wildcard_pieces: 1}\n");
  EXPECT_EQ(check(path), 2);
  EXPECT_EQ(errors_, path +
                         ":5:3: rule s: at 'a': too costly: the wildcards on this field have more "
                         "than 1 pieces behind their first (raise limits.wildcard_pieces)\n");
  EXPECT_EQ(check(write("weir.yaml", rest + "limits: {wildcard_pieces: 2}\n")), 0);
}

TEST_F(Check, WarningsAreZeroToo) {
  const std::string path = write("weir.yaml",
                                 "sources: {in: {stdin: true}}\n"
                                 "rules: {r: {pattern: {a: [1]}, targets: [out]}}\n"
                                 "targets:\n  out: {discard: true}\n  spare: {discard: true}\n");
  EXPECT_EQ(check(path), 0);
  EXPECT_THAT(output_, HasSubstr("; 1 warning\n"));
  EXPECT_EQ(errors_, path + ":5:3: warning: target 'spare' is used by no rule\n");
}

TEST_F(Check, FaultsAreTwo) {
  const std::string path = write("weir.yaml",
                                 "sources: {in: {tpc: \"127.0.0.1:1\"}}\n"
                                 "rules: {r: {pattern: {a: [{nope: 1}]}, targets: [ot]}}\n"
                                 "targets: {out: {discard: true}}\n");
  EXPECT_EQ(check(path), 2);
  EXPECT_EQ(output_, "");
  EXPECT_THAT(errors_, HasSubstr(path + ":1:11: source 'in': needs one of tcp, unix, file, "
                                        "stdin or http\n"));
  EXPECT_THAT(errors_, HasSubstr(path + ":1:16: unknown key 'tpc' in source 'in', did you mean "
                                        "'tcp'?\n"));
  EXPECT_THAT(errors_, HasSubstr(path + ":2:28: rule 'r': pattern: at 'a': "));
  EXPECT_THAT(errors_, HasSubstr(path + ":2:50: rule 'r': targets: target 'ot' does not exist, did "
                                        "you mean 'out'?\n"));
}

TEST_F(Check, FilesOfSourcesAndTargetsAreLookedAt) {
  const std::string text = write("text", "");
  const std::string path =
      write("weir.yaml", "sources:\n  a: {file: " + directory_.file("missing") +
                             "}\n  b: {file: " + directory_.path() + "}\n  c: {file: " + text +
                             "}\ntargets:\n  x: {file: " + directory_.path() +
                             "}\n  y: {file: " + text + "/y}\n");
  EXPECT_EQ(check(path), 2);
  EXPECT_THAT(errors_, HasSubstr(":2:13: source 'a': the file '"));
  EXPECT_THAT(errors_, HasSubstr(":3:13: source 'b': '"));
  EXPECT_THAT(errors_, HasSubstr(":6:13: target 'x': '"));
  EXPECT_THAT(errors_, HasSubstr(":7:13: target 'y': '"));
  EXPECT_THAT(errors_, testing::Not(HasSubstr("source 'c'")));
}

TEST_F(Check, RuleFiles) {
  ASSERT_EQ(::mkdir(directory_.file("rules").c_str(), 0700), 0);
  write("rules/a.json", "{\"one\": {\"a\": [1]}, \"two words\": \"{\\\"a\\\": [2]}\"}\n");
  write("rules/b.json",
        "{\"Rules\": [{\"Name\": \"three\", \"EventPattern\": \"{\\\"a\\\":[3]}\", \"State\": "
        "\"ENABLED\"}, {\"Name\": \"off\", \"EventPattern\": \"{\\\"a\\\":[4]}\", \"State\": "
        "\"DISABLED\"}]}\n");
  const std::string head =
      "sources: {in: {stdin: true}}\ntargets: {out: {discard: true}}\nrule_files:\n";
  EXPECT_EQ(check(write("weir.yaml", head + "  - {path: rules/*.json, targets: [out]}\n")), 0);
  EXPECT_THAT(output_, HasSubstr("1 source, 3 rules, 1 target, 1 bus\n"));
  EXPECT_EQ(check(write("weir.yaml", head + "  - rules/a.json\n")), 0);
  EXPECT_THAT(errors_, HasSubstr(":4:5: warning: the rules of 'rules/a.json' have no target, they "
                                 "only count"));
  EXPECT_EQ(check(write("weir.yaml", head + "  - rules/none.json\n")), 2);
  EXPECT_THAT(errors_, HasSubstr(":4:5: rule_files: '"));
  EXPECT_EQ(check(write("weir.yaml", head + "  - weir.yaml\n")), 2);
  EXPECT_THAT(errors_, HasSubstr("a configuration is no rule file of its own"));
  EXPECT_EQ(check(write("weir.yaml", head + "  - rules/a.json\nrules: {one: {pattern: {a: [1]}}}")),
            2);
  EXPECT_THAT(errors_, HasSubstr("/rules/a.json:1:9: rule 'one' is declared before, at "));
  write("rules/c.json", "{\n  \"bad\": {\"a\": [{\"nope\": 1}]}\n}\n");
  EXPECT_EQ(check(write("weir.yaml", head + "  - rules/c.json\n")), 2);
  EXPECT_THAT(errors_, HasSubstr("/rules/c.json:2:18: rule 'bad': pattern: at 'a': "));
}

TEST_F(Check, FilesThatAreNoConfigurationAreNeverWaitedFor) {
  ASSERT_EQ(::mkfifo(directory_.file("fifo").c_str(), 0600), 0);
  ASSERT_EQ(::truncate(write("hole", "").c_str(), 10LL << 30U), 0);
  write("deep", std::string(100'000, '['));
  write("empty", "");
  for (const std::string& path :
       {directory_.file("fifo"), directory_.file("hole"), directory_.file("deep"),
        directory_.file("empty"), directory_.file("missing"), directory_.path(),
        std::string("/dev/zero"), std::string("/dev/tty")}) {
    EXPECT_EQ(check(path), 2) << path;
    EXPECT_THAT(errors_, StartsWith(path + ":")) << path;
    EXPECT_EQ(output_, "");
  }
}

}  // namespace
}  // namespace weir::e2e
