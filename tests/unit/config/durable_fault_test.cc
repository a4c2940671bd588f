// Faults of durable buses, of what leads from target to target, and of keys that do nothing yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kIn = "sources: {in: {stdin: true}}\n";

TEST(DurableFault, NothingIsDurableWithoutADirectory) {
  EXPECT_THAT(faults_of(kIn + "buses: {default: {durability: fsync}}\n"),
              ElementsAre("weir.yaml:2:31: bus 'default': durability is 'fsync' and there is no "
                          "'data_dir' to keep the log in: write 'data_dir: PATH' at the top of the "
                          "file, or durability: memory"));
  const std::string rule = "rules: {r: {pattern: {a: [1]}, targets: [t]}}\n";
  EXPECT_THAT(
      faults_of(kIn + rule + "targets: {t: {discard: true, when_full: lag}}\n"),
      ElementsAre("weir.yaml:3:41: target 't': when_full is 'lag', which reads from the log "
                  "later, and bus 'default' is held in memory: make the bus durable by "
                  "'data_dir', or write block or shed"));
  EXPECT_THAT(faults_of(kIn + "targets: {t: {discard: true, when_full: lag}}\n"),
              ElementsAre(HasSubstr("and there is no 'data_dir' to keep one in")));
  EXPECT_THAT(faults_of("data_dir: d\nbuses: {default: {durability: memory}}\n" + kIn + rule +
                        "targets: {t: {discard: true, when_full: lag}}\n"),
              ElementsAre(HasSubstr("bus 'default' is held in memory")));
  EXPECT_THAT(faults_of(kIn + "disk: {soft: 1GiB}\n"),
              ElementsAre(HasSubstr("'disk' has no meaning here, it is about the disk of "
                                    "'data_dir', which is not set")));
  for (const char* key : {"retain: {}", "segment: 1MiB", "on_full: refuse"}) {
    EXPECT_THAT(faults_of(kIn + "buses: {b: {" + key + "}}\n"),
                ElementsAre(HasSubstr("has no meaning here, a bus in memory keeps no log")));
  }
  EXPECT_THAT(faults_of("data_dir: \"\"\nbuses: {default: {durability: fsync}}\n" + kIn),
              ElementsAre("weir.yaml:1:11: the configuration: data_dir is empty"))
      << "one fault, not what follows from it";
}

TEST(DurableFault, Values) {
  const auto bus = [](const std::string& body) {
    return faults_of("data_dir: d\n" + kIn + "buses: {default: {" + body + "}}\n");
  };
  EXPECT_THAT(bus("durability: sync"),
              ElementsAre("weir.yaml:3:31: bus 'default': durability is 'sync', did you mean "
                          "'fsync'?"));
  EXPECT_THAT(bus("retain: {size: 1MiB}"), ElementsAre(HasSubstr("from 4MiB to")));
  EXPECT_THAT(bus("retain: {time: 1}"), ElementsAre(HasSubstr("a time such as")));
  EXPECT_THAT(bus("retain: {tiem: 1h}"), ElementsAre(HasSubstr("did you mean 'time'?")));
  EXPECT_THAT(bus("segment: 1000kB"), ElementsAre(HasSubstr("from 1MiB to 4GiB is possible")));
  EXPECT_THAT(bus("segment: 2000kB"), ElementsAre(HasSubstr("a multiple of 4KiB is needed")));
  EXPECT_THAT(bus("segment: 8MiB, retain: {size: 16MiB}"),
              ElementsAre(HasSubstr("segment is '8MiB' and retain.size 16MiB: at least 4 segments "
                                    "must fit")));
  EXPECT_THAT(bus("segment: 1MiB"),
              ElementsAre("weir.yaml:3:28: segment of bus 'default' is 1MiB and must hold the "
                          "largest event there, 1MiB by its limit: write 1088KiB or more, or lower "
                          "limits.event"));
  EXPECT_THAT(bus("segment: 1MiB}, other: {retain: {size: 4MiB}"),
              ElementsAre(HasSubstr("segment of bus 'default'")))
      << "nothing comes to the other one";
  EXPECT_THAT(bus("retain: {size: 4MiB}"),
              ElementsAre(HasSubstr("retain.size of bus 'default' is 4MiB and must hold 4 segments "
                                    "with the largest event there, 1MiB by its limit: write "
                                    "4352KiB or more")));
  EXPECT_THAT(bus("on_full: drop"), ElementsAre(HasSubstr("possible: refuse or drop_oldest")));
  EXPECT_THAT(faults_of("data_dir: d\n" + kIn + "disk: {soft: 1GiB, hard: 2GiB}\n"),
              ElementsAre("weir.yaml:3:26: 'disk': hard is '2GiB' and soft '1GiB': accepting slows "
                          "below soft and stops below hard, which must be the smaller one"));
  EXPECT_THAT(faults_of("data_dir: d\nsources: {in: {file: x, acks: true}}\n"),
              ElementsAre(HasSubstr("'acks' has no meaning here, only connections are "
                                    "acknowledged")));
  EXPECT_THAT(
      faults_of("data_dir: d\n" + kIn + "targets: {t: {tcp: \"h:1\", acks: true, format: raw}}\n"),
      ElementsAre(HasSubstr("acks count lines")));
}

TEST(DurableFault, DeadLettersLeadSomewhere) {
  const auto targets = [](const std::string& body) {
    return faults_of("data_dir: d\n" + kIn + "targets:\n  " + body + "\n");
  };
  EXPECT_THAT(targets("a: {discard: true, dead_letter: a}"),
              ElementsAre("weir.yaml:4:35: target 'a' is its own dead_letter: name another target, "
                          "or leave it out"));
  EXPECT_THAT(targets("a: {discard: true, dead_letter: b}\n  b: {discard: true, dead_letter: c}\n"
                      "  c: {discard: true, dead_letter: a}"),
              ElementsAre("weir.yaml:4:3: events would go round for ever: target 'a' -> target 'b' "
                          "-> target 'c' -> target 'a'"));
  EXPECT_THAT(targets("a: {discard: true, dead_letter: tos}\n  toss: {discard: true}"),
              ElementsAre("weir.yaml:4:35: target 'a': dead_letter: target 'tos' does not exist, "
                          "did you mean 'toss'?; 'builtin' is the store of data_dir, 'none' "
                          "drops the events"));
  EXPECT_THAT(targets("a: {discard: true, dead_letter: }"),
              ElementsAre(HasSubstr("dead_letter has no value")));
  EXPECT_THAT(targets("a: {discard: true, dead_letter: b}\n  b: {discard: true}"), IsEmpty());
}

TEST(DurableFault, BusesLeadToNoBusAgain) {
  const auto buses = [](const std::string& rest) {
    return faults_of("data_dir: d\nbuses: {b: {}, c: {}, mem: {durability: memory}}\n" + kIn +
                     rest);
  };
  EXPECT_THAT(
      buses("rules: {r: {pattern: {a: [1]}, targets: [t]}}\ntargets: {t: {bus: default}}\n"),
      ElementsAre("weir.yaml:5:11: events would go round for ever: bus 'default' -> target "
                  "'t' -> bus 'default'"));
  EXPECT_THAT(
      buses("rules:\n  r: {pattern: {a: [1]}, targets: [t]}\n"
            "  s: {pattern: {a: [1]}, targets: [u], bus: b}\n"
            "targets:\n  t: {bus: b}\n  u: {bus: default}\n"),
      ElementsAre("weir.yaml:8:3: events would go round for ever: bus 'default' -> target 't' -> "
                  "bus 'b' -> target 'u' -> bus 'default'"));
  EXPECT_THAT(
      buses("rules: {r: {pattern: {a: [1]}, targets: [t]}}\n"
            "targets:\n  t: {discard: true, dead_letter: back}\n  back: {bus: default}\n"),
      ElementsAre(
          "weir.yaml:6:35: target 't': dead_letter: 'back' is a bus, which takes events and "
          "no dead letters: name a target that is none"));
  EXPECT_THAT(buses("rules:\n  r: {pattern: {a: [1]}, targets: [t, u]}\n"
                    "  s: {pattern: {a: [1]}, targets: [u], bus: b}\n"
                    "targets:\n  t: {bus: b}\n  u: {bus: c}\n"),
              IsEmpty());
  EXPECT_THAT(
      buses("rules: {r: {pattern: {a: [1]}, targets: [t]}}\ntargets: {t: {bus: mem}}\n"),
      ElementsAre("weir.yaml:5:11: target 't' leads from bus 'default' to bus 'mem', and bus 'mem' "
                  "is held in memory: both must be durable ('data_dir', durability: fsync), or "
                  "neither"));
  EXPECT_THAT(buses("rules: {r: {pattern: {a: [1]}, targets: [t], bus: mem}}\n"
                    "targets: {t: {bus: b}}\n"),
              ElementsAre(HasSubstr("from bus 'mem' to bus 'b', and bus 'mem' is held in memory")));
  EXPECT_THAT(buses("targets: {t: {bus: b, when_full: shed}}\n"),
              ElementsAre(HasSubstr("a bus is never full")));
  EXPECT_THAT(buses("targets: {t: {bus: b, format: raw}}\n"),
              ElementsAre(HasSubstr("'format' has no meaning here")));
  EXPECT_THAT(
      buses("targets: {t: {bus: b, retries: 3}}\n"),
      ElementsAre(HasSubstr("'retries' has no meaning here, what is sent on to a bus cannot "
                            "fail on the way")));
  EXPECT_THAT(buses("targets: {t: {bus: d}}\n"),
              ElementsAre(HasSubstr("bus 'd' does not exist, there is default, b, c or mem")));
}

TEST(DurableFault, LimitsAndDeadLettersNeedADirectory) {
  EXPECT_THAT(
      faults_of(kIn + "targets: {t: {tcp: \"h:1\", max_age: 1h}}\n"),
      ElementsAre("weir.yaml:2:27: target 't': without 'data_dir' it tries for ever, because "
                  "there is no store for what it gives up: set 'data_dir', or leave "
                  "'max_age' out"));
  for (const char* name : {"builtin", "u"}) {
    EXPECT_THAT(
        faults_of(kIn + "targets: {t: {url: \"http://h/\", dead_letter: " + name +
                  "}, u: {discard: true}}\n"),
        ElementsAre("weir.yaml:2:46: target 't': dead letters are written to 'data_dir' first, and "
                    "there is none: set it, or write none, which drops the events"));
  }
  EXPECT_THAT(faults_of("data_dir: d\n" + kIn + "targets: {t: {discard: true, retries: 1}}\n"),
              ElementsAre(HasSubstr("'retries' has no meaning here, such a target never gives an "
                                    "event up")));
  EXPECT_THAT(faults_of(kIn + "targets: {t: {url: \"http://h/\", partition_key: a}}\n"),
              ElementsAre(HasSubstr("'partition_key' has no meaning here, no kind of target has "
                                    "partitions")));
  EXPECT_THAT(faults_of("data_dir: d\n" + kIn +
                        "targets: {t: {tcp: \"h:1\", dead_letter: builtin, retries: 0}}\n"),
              IsEmpty());
}

// As many ways round as a file can hold cost neither time nor memory.
TEST(DurableFault, ManyCyclesAreBounded) {
  std::string text = "data_dir: d\n" + kIn + "targets:\n";
  constexpr int kTargets = 16'000;
  for (int i = 0; i < kTargets; ++i) {
    text += "  t" + std::to_string(i) + ": {discard: true, dead_letter: t" +
            std::to_string((i + 1) % kTargets) + "}\n";
  }
  EXPECT_THAT(faults_of(text), ElementsAre(HasSubstr("-> ... -> target 't0'")));
}

TEST(DurableFault, WhatIsDoneIsTaken) {
  LoadOptions options = test_options();
  options.allow_unfinished = false;
  const auto faults = [&](const std::string& text) {
    const auto loaded = load_catalog_text("weir.yaml", text, options);
    return loaded ? std::vector<std::string>{} : texts(loaded.error());
  };
  EXPECT_THAT(faults("data_dir: d\ndisk: {soft: 2GiB, hard: 1GiB}\n" + kIn), IsEmpty());
  EXPECT_THAT(faults(kIn + "targets: {t: {url: \"http://h/\", dead_letter: none}}\n"), IsEmpty());
  EXPECT_THAT(faults(kIn + "targets: {t: {url: \"http://h/\", retries: 5}}\n"), IsEmpty());
  EXPECT_THAT(faults("sources: {in: {tcp: \"127.0.0.1:0\", acks: true}}\n"), IsEmpty());
}

}  // namespace
}  // namespace weir
