// Every fault, with its exact place and words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct FaultCase {
  std::string text;
  std::string fault;
};

// One that is sound around the line under test.
std::string with_source(const std::string& body) {
  return "sources: {in: {" + body + "}}\n";
}
std::string with_target(const std::string& body) {
  return "sources: {in: {stdin: true}}\ntargets: {t: {" + body + "}}\n";
}
std::string with_rule(const std::string& body) {
  return "sources: {in: {stdin: true}}\ntargets: {t: {discard: true}}\nrules:\n  r: {" + body +
         "}\n";
}

void expect_each(const std::vector<FaultCase>& cases) {
  for (const FaultCase& one : cases) {
    EXPECT_THAT(faults_of(one.text), ElementsAre(one.fault)) << one.text;
  }
}

TEST(Fault, KeysAndTypes) {
  const std::string sound = "sources: {in: {stdin: true}}\n";
  expect_each({
      {sound + "tragets: {}",
       "weir.yaml:2:1: unknown key 'tragets' in the configuration, did you "
       "mean 'targets'?"},
      {sound + "zzz: 1",
       "weir.yaml:2:1: unknown key 'zzz' in the configuration, known here: sources, rules, "
       "targets, "
       "rule_files, buses, pipeline, limits, account, region, data_dir or disk"},
      {sound + "region: a\nregion: b",
       "weir.yaml:3:1: key 'region' is repeated in the configuration, first in line 2: keep one"},
      {sound + "? [a]\n: b", "weir.yaml:2:3: the configuration: a key is a list, a text is needed"},
      {sound + "<<: {}",
       "weir.yaml:2:1: the configuration: merge keys ('<<') are not supported, write the keys out"},
      {"- a\n",
       "weir.yaml:1:1: the configuration: is a list, a mapping with keys such as 'sources' is "
       "needed"},
      {"just words\n",
       "weir.yaml:1:1: the configuration: is a single value, a mapping with keys such as 'sources' "
       "is needed"},
      {sound + "pipeline: [a]",
       "weir.yaml:2:11: 'pipeline': is a list, a mapping with keys such as 'threads' is needed"},
      {sound + "pipeline:",
       "weir.yaml:2:1: 'pipeline': is empty, a mapping with keys such as "
       "'threads' is needed"},
      {sound + "rules:\n",
       "weir.yaml:2:1: 'rules' is empty: write a rule below it, or leave it "
       "out"},
      {sound + "rules: [a]", "weir.yaml:2:8: 'rules' is a list, a mapping of names is needed"},
      {sound + "account: 12",
       "weir.yaml:2:10: the configuration: account is '12', 12 digits are needed, such as "
       "\"123456789012\""},
      {sound + "region: US East",
       "weir.yaml:2:9: the configuration: region is 'US East', a name "
       "such as us-east-1 is needed"},
      {sound + "region: [a]",
       "weir.yaml:2:9: the configuration: region is a list, a single value is needed"},
      {sound + "é: {}\n",
       "weir.yaml:2:1: unknown key 'é' in the configuration, known here: sources, "
       "rules, targets, rule_files, buses, pipeline, limits, account, region, data_dir or disk"},
      {sound + "limits: {event: é}",
       "weir.yaml:2:17: 'limits': event is 'é', a size such as 64KiB, 4MiB or 1GiB is needed"},
  });
}

TEST(Fault, LimitsOfRules) {
  const std::string source = "sources: {in: {stdin: true}}\n";
  const std::string rule =
      "\nrules: {r: {pattern: {$or: [{a: [1]}, {b: [1]}, {c: [1]}]}, targets: [t]}}\n"
      "targets: {t: {discard: true}}\n";
  expect_each({
      {source + "limits: {or_combination: 2}",
       "weir.yaml:2:10: unknown key 'or_combination' in 'limits', did you mean 'or_combinations'?"},
      {source + "limits: {or_combinations: 0}",
       "weir.yaml:2:27: 'limits': or_combinations is '0', a whole number from 1 to 1000000 is "
       "needed"},
      {source + "limits: {pattern: 1GiB}",
       "weir.yaml:2:19: 'limits': pattern is '1GiB', from 1B to 64MiB is possible"},
      {source + "limits: {or_combinations: 2}" + rule,
       "weir.yaml:3:28: rule 'r': pattern: too costly: the alternatives of $or multiply to more "
       "than 2 combinations (raise limits.or_combinations)"},
  });
  EXPECT_TRUE(load_text(source + "limits: {or_combinations: 3}" + rule).ok());
}

TEST(Fault, ColumnsCountCharacters) {
  EXPECT_THAT(faults_of("sources: {in: {stdin: true}}\nlimits: {event: éé, evnt: 1}"),
              ElementsAre("weir.yaml:2:17: 'limits': event is 'éé', a size such as 64KiB, 4MiB or "
                          "1GiB is needed",
                          "weir.yaml:2:21: unknown key 'evnt' in 'limits', did you mean 'event'?"));
}

TEST(Fault, Sources) {
  expect_each({
      {"rules: {}\n",
       "weir.yaml:1:1: 'sources' is missing: say where events come from, such as "
       "sources: {in: {tcp: \"127.0.0.1:7000\"}}"},
      {"sources: {}\n", "weir.yaml:1:10: 'sources' is empty, at least one is needed"},
      {"sources: {in: }\n",
       "weir.yaml:1:11: source 'in': is empty, a mapping with keys such as "
       "'tcp' is needed"},
      {"sources:\n  a b: {stdin: true}\n",
       "weir.yaml:2:3: 'a b' in 'sources' is no name: a name has 1 to 64 letters, digits, '.', '_' "
       "and '-'"},
      {"sources:\n  a: {stdin: true}\n  a: {stdin: true}\n",
       "weir.yaml:3:3: 'a' is repeated in 'sources', first in line 2: keep one"},
      {with_source(""), "weir.yaml:1:11: source 'in': needs one of tcp, unix, file, stdin or http"},
      {with_source("tcp: \"127.0.0.1:1\", file: x"),
       "weir.yaml:1:36: source 'in': has both 'tcp' and 'file', keep one of them"},
      {with_source("tcp: 7000"),
       "weir.yaml:1:21: source 'in': tcp is '7000': not an address, write HOST:PORT such as "
       "127.0.0.1:7000 or [::1]:7000"},
      {with_source("tcp: \"127.0.0.1:65536\""),
       "weir.yaml:1:21: source 'in': tcp is '127.0.0.1:65536': not a port behind the colon, a "
       "number from 0 to 65535 is needed"},
      {with_source("tcp: \":7000\""),
       "weir.yaml:1:21: source 'in': tcp is ':7000': no host before the colon, write 127.0.0.1 for "
       "this machine or 0.0.0.0 for all"},
      {with_source("tcp: \"example.com:7000\""),
       "weir.yaml:1:21: source 'in': tcp is 'example.com:7000': a source listens on an address "
       "such "
       "as 127.0.0.1 or [::1], not on a name"},
      {with_source("tcp: \"0.0.0.0:7000\""),
       "weir.yaml:1:21: source 'in': '0.0.0.0:7000' can be reached from other machines, and anyone "
       "there could send: write 'allow_public: true' if that is meant, or listen on 127.0.0.1"},
      {with_source("tcp: \"192.168.1.5:7000\", allow_public: false"),
       "weir.yaml:1:21: source 'in': '192.168.1.5:7000' can be reached from other machines, and "
       "anyone there could send: write 'allow_public: true' if that is meant, or listen on "
       "127.0.0.1"},
  });
}

TEST(Fault, KeysOfSources) {
  expect_each({
      {with_source("stdin: false"), "weir.yaml:1:23: source 'in': stdin can only be true"},
      {with_source("stdin: yes"),
       "weir.yaml:1:23: source 'in': stdin is 'yes', write true or "
       "false"},
      {with_source("stdin: \"true\""),
       "weir.yaml:1:23: source 'in': stdin is 'true', write true or false without quotes"},
      {with_source("stdin: true, follow: true"),
       "weir.yaml:1:29: source 'in': 'follow' has no meaning here, only files are followed"},
      {with_source("file: x, allow_public: true"),
       "weir.yaml:1:25: source 'in': 'allow_public' has no meaning here, only tcp and http have "
       "it"},
      {with_source("file: x, congestion: bbr"),
       "weir.yaml:1:25: source 'in': 'congestion' has no meaning here, only tcp has it"},
      {with_source("tcp: \"127.0.0.1:1\", congestion: \"../x\""),
       "weir.yaml:1:48: source 'in': congestion is '../x', the name of a congestion control such "
       "as "
       "cubic or bbr is needed"},
      {with_source("file: \"\""), "weir.yaml:1:22: source 'in': file is empty"},
      {with_source("stdin: true, format: ndjosn"),
       "weir.yaml:1:37: source 'in': format is 'ndjosn', did you mean 'ndjson'?"},
      {with_source("stdin: true, format: xml"),
       "weir.yaml:1:37: source 'in': format is 'xml', possible: auto, ndjson, flow-log or "
       "cloudtrail"},
      {with_source("stdin: true, bus: defualt"),
       "weir.yaml:1:34: source 'in': bus 'defualt' does not exist, did you mean 'default'?"},
      {with_source("stdin: true, format: ndjson, fields: a"),
       "weir.yaml:1:45: source 'in': 'fields' has no meaning here, they are of 'format: flow-log'"},
      {with_source("stdin: true, envelope: {source: a}"),
       "weir.yaml:1:29: the envelope of source 'in': 'detail-type' is missing"},
      {with_source("stdin: true, envelope: {source: a, detail-type: b, resources: c}"),
       "weir.yaml:1:78: the envelope of source 'in': resources is a single value, a list such as "
       "[a, b] is needed"},
      {with_source("stdin: true, limits: {event: 5 MiB}"),
       "weir.yaml:1:45: limits of source 'in': event is '5 MiB', a size such as 64KiB, 4MiB or "
       "1GiB "
       "is needed"},
      {with_source("stdin: true, limits: {event: 0}"),
       "weir.yaml:1:45: limits of source 'in': event is '0', from 1B to 64MiB is possible"},
      {with_source("unix: " + std::string(108, 'x')),
       "weir.yaml:1:22: source 'in': the path of a unix socket has at most 107 bytes"},
  });
}

TEST(Fault, Targets) {
  expect_each({
      {with_target(""),
       "weir.yaml:2:11: target 't': needs one of tcp, unix, file, stdout, discard, url or bus"},
      {with_target("discard: true, stdout: true"),
       "weir.yaml:2:15: target 't': has both 'stdout' and 'discard', keep one of them"},
      {with_target("tcp: \"127.0.0.1:0\""),
       "weir.yaml:2:20: target 't': tcp is '127.0.0.1:0': nothing can be sent to port 0"},
      {with_target("tcp: \"0.0.0.0:80\""),
       "weir.yaml:2:20: target 't': tcp is '0.0.0.0:80': an address to send to is needed, such as "
       "127.0.0.1"},
      {with_target("tcp: \"127.1:80\""),
       "weir.yaml:2:20: target 't': tcp is '127.1:80': not an address, write HOST:PORT such as "
       "127.0.0.1:7000 or [::1]:7000"},
      {with_target("tcp: \"::1:80\""),
       "weir.yaml:2:20: target 't': tcp is '::1:80': an IPv6 address needs brackets, such as "
       "[::1]:7000"},
      {with_target("discard: true, rotate: {size: 1MiB}"),
       "weir.yaml:2:30: target 't': 'rotate' has no meaning here, only files are rotated"},
      {"sources: {a: {stdin: true}}\ntargets: {t: {discard: true, arn: 'sqs:orders'}}\n",
       "weir.yaml:2:35: target 't': arn: 'sqs:orders' is no ARN: "
       "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, where '*' stands for any text"},
      {with_target("file: x, rotate: {compress: zstd}"),
       "weir.yaml:2:24: rotate of target 't': needs 'size' or 'every', or both"},
      {with_target("file: x, rotate: {every: 1h, compress: lz4}"),
       "weir.yaml:2:54: rotate of target 't': compress is 'lz4', possible: none, gzip or zstd"},
      {with_target("discard: true, batch: {max_records: 0}"),
       "weir.yaml:2:51: batch of target 't': max_records is '0', a whole number from 1 to 1000000 "
       "is needed"},
      {with_target("discard: true, batch: {max_records: \"5\"}"),
       "weir.yaml:2:51: batch of target 't': max_records is '5', a whole number from 1 to 1000000 "
       "without quotes is needed"},
      {with_target("discard: true, batch: {max_records: 99999999999999999999}"),
       "weir.yaml:2:51: batch of target 't': max_records is '99999999999999999999', a whole number "
       "from 1 to 1000000 is needed"},
      {with_target("discard: true, batch: {max_wait: 100}"),
       "weir.yaml:2:48: batch of target 't': max_wait is '100', a time such as 100ms, 5s or 1h is "
       "needed"},
      {with_target("discard: true, batch: {max_bytes: 17MiB}"),
       "weir.yaml:2:49: batch of target 't': max_bytes is '17MiB' and the target's buffer 16MiB: a "
       "batch must fit, make 'buffer' larger or 'max_bytes' smaller"},
      {with_target("discard: true, batch: {max_byte: 1}"),
       "weir.yaml:2:38: unknown key 'max_byte' in batch of target 't', did you mean 'max_bytes'?"},
      {with_target("discard: true, when_full: drop"),
       "weir.yaml:2:41: target 't': when_full is 'drop', possible: block, shed or lag"},
      {with_target("discard: true, buffer: 1KiB"),
       "weir.yaml:2:38: target 't': buffer is '1KiB', from 4KiB to 64GiB is possible"},
  });
}

TEST(Fault, Rules) {
  expect_each({
      {with_rule("targets: [t]"),
       "weir.yaml:4:3: rule 'r': 'pattern' is missing, such as pattern: {action: [REJECT]}"},
      {with_rule("pattern: {a: [1]}, targets: [x]"),
       "weir.yaml:4:36: rule 'r': targets: target 'x' does not exist, there is t"},
      {with_rule("pattern: {a: [1]}, targets: t"),
       "weir.yaml:4:35: rule 'r': targets is a single value, a list such as [a, b] is needed"},
      {with_rule("pattern: {a: [1]}, targets: [t, t]"),
       "weir.yaml:4:39: rule 'r': targets: target 't' is named twice, keep one"},
      {with_rule("pattern: {a: [1]}, targets: [\"\"]"),
       "weir.yaml:4:36: an entry of rule 'r': targets is empty"},
      {with_rule("pattern: {a: [1]}, bus: x, targets: [t]"),
       "weir.yaml:4:31: rule 'r': bus 'x' does not exist, there is default"},
      {with_rule("patern: {a: [1]}, pattern: {a: [1]}"),
       "weir.yaml:4:7: unknown key 'patern' in rule 'r', did you mean 'pattern'?"},
      {with_rule("pattern: [1]"),
       "weir.yaml:4:16: rule 'r': pattern is a list, a mapping or a string of JSON text is needed"},
      {with_rule("pattern: {a: [x], b: [y], a: [z]}"),
       "weir.yaml:4:33: rule 'r': pattern: field 'a' is repeated, keep one"},
      {with_rule("pattern: {a: {<<: [x]}}"),
       "weir.yaml:4:21: rule 'r': pattern: merge keys ('<<') are not supported, write the fields "
       "out"},
      {with_rule("pattern: {a: [x], b: }"),
       "weir.yaml:4:25: rule 'r': pattern: a value is missing"},
      {with_rule("pattern: {a: [x], ? [k] : [y]}"),
       "weir.yaml:4:27: rule 'r': pattern: a field name is a list, a text is needed"},
      {with_rule("pattern: {a: [\"${MISSING}\"]}"),
       "weir.yaml:4:21: rule 'r': pattern: the environment variable 'MISSING' is not set"},
      {with_rule("pattern: {a: [\"${no name}\"]}"),
       "weir.yaml:4:21: rule 'r': pattern: '${' without a variable's name, write ${NAME}, or $${ "
       "for a plain '${'"},
      {with_rule("pattern: '{\"a\":[${WORD}]}'"),
       "weir.yaml:4:16: rule 'r': pattern: ${WORD} outside of a string must be a number, true, "
       "false or null; put it in quotes"},
      {"sources: {in: {stdin: true}}\nrules: {\"a\\nb\": {pattern: {a: [1]}}}\n",
       "weir.yaml:2:9: 'a?b' in 'rules' is no name: a name has 1 to 64 letters, digits, '.', '_' "
       "and '-'"},
  });
}

TEST(Fault, PatternsPointIntoThemselves) {
  const auto place_of = [](const std::string& text) {
    const auto faults = faults_of(text);
    return faults.empty() ? "no fault" : faults.front().substr(0, faults.front().find(": "));
  };
  EXPECT_EQ(place_of(with_rule("pattern: {a: [x], b: [{nope: 1}]}")), "weir.yaml:4:30");
  EXPECT_EQ(place_of(with_rule("pattern: '{\"a\": [\"x\"], \"b\": [{\"nope\": 1}]}'")),
            "weir.yaml:4:37");
  EXPECT_EQ(place_of("sources: {in: {stdin: true}}\nrules:\n  r:\n    pattern: |\n"
                     "      {\"a\": [\"x\"],\n       \"b\": [{\"nope\": 1}]}\n"),
            "weir.yaml:6:15");
  EXPECT_EQ(place_of(with_rule("pattern: {a: }")), "weir.yaml:4:17");
  EXPECT_EQ(place_of(with_rule("pattern: {}")), "weir.yaml:4:16");
}

TEST(Fault, Pipeline) {
  const std::string sound = "sources: {in: {stdin: true}}\n";
  expect_each({
      {sound + "pipeline: {threads: 100000}",
       "weir.yaml:2:21: 'pipeline': threads is '100000', a whole number from 1 to 1024 is needed"},
      {sound + "pipeline: {threads: 0}",
       "weir.yaml:2:21: 'pipeline': threads is '0', a whole number from 1 to 1024 is needed"},
      {sound + "pipeline: {threads: many}",
       "weir.yaml:2:21: 'pipeline': threads is 'many', write auto or a number"},
      {sound + "pipeline: {pin: 1}", "weir.yaml:2:17: 'pipeline': pin is '1', write true or false"},
      {sound + "pipeline: {drain: 10}",
       "weir.yaml:2:19: 'pipeline': drain is '10', a time such as 100ms, 5s or 1h is needed"},
      {sound + "buses: {a: {x: 1}}",
       "weir.yaml:2:13: unknown key 'x' in bus 'a', known here: durability, retain, segment or "
       "on_full"},
      {sound + "buses: {a: 5}",
       "weir.yaml:2:12: bus 'a': is a single value, a mapping with keys such as 'durability' is "
       "needed"},
      {sound + "rule_files: x.json",
       "weir.yaml:2:13: 'rule_files' is a single value, a list such as [rules/*.json] is needed"},
      {sound + "rule_files: [{targets: []}]",
       "weir.yaml:2:14: an entry of 'rule_files': 'path' is missing, such as {path: rules/*.json, "
       "targets: [a]}"},
  });
}

TEST(Fault, TwoThatWantTheSame) {
  expect_each({
      {"sources:\n  a: {tcp: \"127.0.0.1:7000\"}\n  b: {tcp: \"localhost:7000\"}\n",
       "weir.yaml:3:3: source 'b' listens on tcp localhost:7000, as source 'a' in line 2 does: "
       "give "
       "it another"},
      {"sources:\n  a: {tcp: \"127.0.0.1:7000\"}\n"
       "  b: {tcp: \"0.0.0.0:7000\", allow_public: true}\n",
       "weir.yaml:3:3: source 'b' listens on tcp 0.0.0.0:7000, as source 'a' in line 2 does: give "
       "it another"},
      {"sources:\n  a: {unix: /run/x}\n  b: {unix: /run/./x}\n",
       "weir.yaml:3:3: source 'b' listens on unix /run/./x, as source 'a' in line 2 does: give it "
       "another"},
      {"sources:\n  a: {stdin: true}\n  b: {stdin: true}\n",
       "weir.yaml:3:3: source 'b' reads standard input, as source 'a' does: one is possible"},
      {"sources: {a: {stdin: true}}\ntargets:\n  x: {file: out/y}\n  z: {file: out//y}\n",
       "weir.yaml:4:3: target 'z' writes 'out//y', as target 'x' does: give it another file"},
      {"sources: {a: {stdin: true}}\ntargets:\n  x: {stdout: true}\n  z: {stdout: true}\n",
       "weir.yaml:4:3: target 'z' writes standard output, as target 'x' does: one is possible"},
      {"sources: {a: {file: 'out/*.ndjson'}}\ntargets:\n  x: {file: out/y.ndjson}\n",
       "weir.yaml:1:11: source 'a' reads 'out/y.ndjson', which target 'x' writes: events would go "
       "round for ever"},
  });
  EXPECT_THAT(faults_of("sources: {a: {tcp: \"127.0.0.1:0\"}, b: {tcp: \"127.0.0.1:0\"},"
                        " c: {tcp: \"[::1]:0\"}}"),
              testing::IsEmpty());
}

TEST(Fault, AllAreFoundInOneGo) {
  const auto faults = faults_of(R"(sources:
  a: {tcp: "127.0.0.1:x", formt: ndjson}
rules:
  r: {pattern: {a: [1]}, targets: [nowhere]}
targets:
  t: {file: x, buffer: big}
pipeline: {threads: -1}
)");
  EXPECT_EQ(faults.size(), 5U) << testing::PrintToString(faults);
}

TEST(Fault, ThereIsAnEndToThem) {
  std::string text = "sources: {in: {stdin: true}}\n";
  for (int i = 0; i < 5000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const auto faults = faults_of(text);
  ASSERT_EQ(faults.size(), 101U);
  EXPECT_EQ(faults.back(), "weir.yaml: and 4900 more");
}

TEST(Fault, SecretsAreNotShown) {
  for (const char* text : {
           "sources: {in: {tcp: \"${SECRET}\"}}\n",
           "sources: {in: {stdin: true, format: \"${SECRET}\"}}\n",
           "sources: {in: {stdin: true, bus: \"${SECRET}\"}}\n",
           "sources: {in: {stdin: true, limits: {event: \"${SECRET}\"}}}\n",
           "sources: {in: {stdin: true}}\naccount: \"${SECRET}\"\n",
           "sources: {in: {stdin: true}}\npipeline: {drain: \"${SECRET}\"}\n",
           "sources: {in: {stdin: true}}\nrules: {r: {pattern: {a: [{wildcard: "
           "\"${SECRET}**\"}]}}}\n",
           "sources: {in: {stdin: true}}\nrules: {r: {pattern: {a: [{cidr: \"${SECRET}\"}]}}}\n",
           "sources: {in: {stdin: true}}\nrules: {r: {pattern: '{\"a\":[{\"cidr\": "
           "\"${SECRET}\"}]}'}}\n",
       }) {
    const auto faults = faults_of(text);
    EXPECT_FALSE(faults.empty()) << text;
    for (const std::string& fault : faults) EXPECT_THAT(fault, Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace weir
