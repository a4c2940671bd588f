// Durable buses: what stands where nothing is written, and what each key means.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kBody =
    "sources: {in: {stdin: true}}\nrules: {r: {pattern: {a: [1]}, targets: [t]}}\n"
    "targets: {t: {file: out.ndjson}}\n";

Catalog catalog_of(const std::string& text) {
  auto loaded = load_text(text);
  if (!loaded) {
    ADD_FAILURE() << to_string(loaded.error().front());
    return {};
  }
  EXPECT_THAT(texts(loaded->warnings), IsEmpty());
  return std::move(loaded->catalog);
}

TEST(Durable, ADirectoryMakesBusesDurable) {
  const Catalog catalog = catalog_of(std::string("data_dir: /var/lib/weir\n") + kBody);
  EXPECT_EQ(catalog.data_dir, "/var/lib/weir");
  EXPECT_EQ(catalog.disk.soft, 0U);
  ASSERT_EQ(catalog.buses.size(), 1U);
  const BusSpec& bus = catalog.buses[0];
  EXPECT_EQ(bus.durability, Durability::fsync);
  EXPECT_EQ(bus.retain.time, 24h);
  EXPECT_EQ(bus.retain.bytes_max, 50 * kGiB);
  EXPECT_EQ(bus.segment_bytes, 256 * kMiB);
  EXPECT_EQ(bus.on_full, OnFull::refuse);
  EXPECT_EQ(catalog.targets[0].when_full, WhenFull::lag);
  EXPECT_EQ(catalog.targets[0].dead_letter.kind, DeadLetterSpec::Kind::store);
  EXPECT_THAT(catalog.targets[0].buses, ElementsAre(BusId(0)));
}

TEST(Durable, WithoutOneAllIsAsItWas) {
  const Catalog catalog = catalog_of(kBody);
  EXPECT_EQ(catalog.data_dir, "");
  EXPECT_EQ(catalog.buses[0].durability, Durability::memory);
  EXPECT_EQ(catalog.targets[0].when_full, WhenFull::block);
  EXPECT_EQ(catalog.targets[0].dead_letter.kind, DeadLetterSpec::Kind::none);
}

TEST(Durable, ASegmentHoldsTheLargestEvent) {
  const std::string head = std::string("data_dir: d\nlimits: {event: 64MiB}\n") + kBody;
  EXPECT_EQ(catalog_of(head).buses[0].segment_bytes, 256 * kMiB);
  EXPECT_EQ(
      catalog_of(head + "buses: {default: {retain: {size: 300MiB}}}\n").buses[0].segment_bytes,
      75 * kMiB)
      << "a quarter of the log";
}

TEST(Durable, ReadsEveryKey) {
  const Catalog catalog = catalog_of(R"(data_dir: d
disk: {soft: 2GiB, hard: 1GiB}
buses:
  default:
    {durability: fsync, retain: {time: 1h, size: 10GiB}, segment: 64MiB, on_full: drop_oldest}
  fast: {durability: memory}
  small: {retain: {size: 8MiB}}
  other:
sources:
  a: {tcp: "127.0.0.1:7000", acks: true}
  b: {unix: /run/x.sock, acks: true, bus: fast}
  c: {stdin: true, bus: small}
rules:
  r: {pattern: {a: [1]}, targets: [t, u, onward]}
  s: {pattern: {a: [2]}, targets: [v, u], bus: fast}
  w: {pattern: {a: [3]}, targets: [t], bus: small}
  x: {pattern: {a: [3]}, targets: [t], bus: other}
targets:
  t: {tcp: "127.0.0.1:7001", acks: true, retries: 3, max_age: 1h, when_full: shed}
  u: {discard: true}
  v: {discard: true, dead_letter: t, arn: "arn:aws:sqs:*:*:orders"}
  onward: {bus: other}
)");
  EXPECT_EQ(catalog.disk.soft, 2 * kGiB);
  EXPECT_EQ(catalog.disk.hard, kGiB);
  ASSERT_EQ(catalog.buses.size(), 4U);
  EXPECT_EQ(catalog.buses[0].retain.time, 1h);
  EXPECT_EQ(catalog.buses[0].retain.bytes_max, 10 * kGiB);
  EXPECT_EQ(catalog.buses[0].segment_bytes, 64 * kMiB);
  EXPECT_EQ(catalog.buses[0].on_full, OnFull::drop_oldest);
  EXPECT_EQ(catalog.buses[1].durability, Durability::memory);
  EXPECT_EQ(catalog.buses[2].segment_bytes, 2 * kMiB) << "four must fit";
  EXPECT_EQ(catalog.buses[3].durability, Durability::fsync);
  EXPECT_TRUE(catalog.sources[0].acks);
  EXPECT_TRUE(catalog.sources[1].acks);
  EXPECT_FALSE(catalog.sources[2].acks);
  const auto& targets = catalog.targets;
  EXPECT_TRUE(targets[0].acks);
  EXPECT_EQ(targets[0].retry, (RetrySpec{.retries_max = 3, .age_max = 1h}));
  EXPECT_EQ(targets[0].when_full, WhenFull::shed);
  EXPECT_THAT(targets[0].buses, ElementsAre(BusId(0), BusId(2), BusId(3)));
  EXPECT_EQ(targets[1].when_full, WhenFull::block) << "one of its buses is in memory";
  EXPECT_THAT(targets[1].buses, ElementsAre(BusId(0), BusId(1)));
  EXPECT_EQ(targets[2].dead_letter.target, TargetId(0));
  EXPECT_EQ(targets[2].dead_letter.name, "t");
  EXPECT_THAT(targets[0].only_rules, ElementsAre("", "w", "x")) << "r, and x behind other";
  EXPECT_THAT(targets[1].only_rules, ElementsAre("r", "s"));
  EXPECT_EQ(targets[2].arn, "arn:aws:sqs:*:*:orders");
  EXPECT_EQ(targets[3].kind, TargetKind::bus);
  EXPECT_EQ(targets[3].to_bus, BusId(3));
  EXPECT_EQ(targets[3].when_full, WhenFull::lag);
}

TEST(Durable, WarnsWhereEventsMayEnd) {
  const auto dropped = load_text(
      "data_dir: d\nsources: {in: {stdin: true}}\nrules: {r: {pattern: {a: [1]}, targets: [t]}}\n"
      "targets: {t: {file: x, dead_letter: none}}\n");
  ASSERT_TRUE(dropped.ok());
  EXPECT_THAT(
      texts(dropped->warnings),
      ElementsAre("weir.yaml:4:37: target 't': dead_letter is none: an event that cannot be "
                  "delivered is dropped and counted"));
  const std::string head =
      "sources: {in: {stdin: true}}\nrules: {r: {pattern: {a: [1]}, targets: [t]}}\ntargets: {t: ";
  for (const char* target : {"{url: \"http://h/\"}", "{tcp: \"h:1\", acks: true}"}) {
    const auto loaded = load_text(head + target + "}\n");
    ASSERT_TRUE(loaded.ok()) << target;
    EXPECT_THAT(texts(loaded->warnings),
                ElementsAre(HasSubstr("target 't': without 'data_dir' there is no store for dead "
                                      "letters")))
        << target;
    EXPECT_EQ(loaded->catalog.targets[0].dead_letter.kind, DeadLetterSpec::Kind::none);
  }
}

class DataDir : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "weir-data-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::ofstream(path("in")) << "";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // Faults, else warnings, of a configuration whose data_dir is that; all without the place.
  std::vector<std::string> messages_of(const std::string& data_dir) const {
    LoadOptions options = test_options();
    options.look_at_files = true;
    const auto loaded = load_catalog_text(
        "weir.yaml",
        "data_dir: \"" + data_dir + "\"\nsources: {in: {file: \"" + path("in") +
            "\"}}\nrules: {r: {pattern: {a: [1]}, targets: [t]}}\ntargets: {t: {discard: true}}\n",
        options);
    std::vector<std::string> messages;
    for (const Fault& fault : loaded ? loaded->warnings : loaded.error()) {
      messages.push_back(fault.message);
    }
    return messages;
  }

  std::filesystem::path folder_;
};

TEST_F(DataDir, IsLookedAt) {
  const std::string good = path("d");
  ASSERT_EQ(::mkdir(good.c_str(), 0700), 0);
  EXPECT_THAT(messages_of(good), IsEmpty());
  EXPECT_THAT(messages_of(path("none")), ElementsAre(HasSubstr("does not exist: make it with ")));
  EXPECT_FALSE(std::filesystem::exists(path("none"))) << "nothing may be touched";
  EXPECT_THAT(messages_of(path("in")), ElementsAre(HasSubstr("is no directory")));
  ASSERT_EQ(::chmod(good.c_str(), 0755), 0);
  EXPECT_THAT(messages_of(good), ElementsAre(HasSubstr("can be read by everybody")));
  ASSERT_EQ(::chmod(good.c_str(), 01777), 0);
  EXPECT_THAT(messages_of(good), ElementsAre(HasSubstr("can be written by everybody")));
  ASSERT_EQ(::chmod(good.c_str(), 0700), 0);
  std::filesystem::create_symlink(good, path("link"));
  EXPECT_THAT(messages_of(path("link")), IsEmpty()) << "a link of one's own";
  if (::geteuid() == 0) {
    ASSERT_EQ(::lchown(path("link").c_str(), 12345, 12345), 0);
    EXPECT_THAT(messages_of(path("link")), ElementsAre(HasSubstr("a link that another user made")));
  }
}

TEST_F(DataDir, MarksAndSegmentsFollowTheSizeOfItsDisk) {
  const std::string good = path("d");
  ASSERT_EQ(::mkdir(good.c_str(), 0700), 0);
  struct statvfs status {};
  ASSERT_EQ(::statvfs(good.c_str(), &status), 0);
  const std::uint64_t total = std::uint64_t{status.f_blocks} * status.f_frsize;
  LoadOptions options = test_options();
  options.look_at_files = true;
  const auto load = [&](const std::string& more) {
    return load_catalog_text("weir.yaml",
                             "data_dir: \"" + good +
                                 "\"\nsources: {in: {stdin: true}}\nrules: {r: {pattern: {a: "
                                 "[1]}, targets: [t]}}\ntargets: {t: {discard: true}}\n" +
                                 more,
                             options);
  };
  const auto plain = load("");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->catalog.disk.soft, std::min(4 * kGiB, total / 10));
  EXPECT_EQ(plain->catalog.disk.hard, plain->catalog.disk.soft / 2);
  EXPECT_LE(plain->catalog.buses[0].segment_bytes, std::max(total / 32, 2 * kMiB));
  const auto soft = load("disk: {soft: 1MiB}\n");
  ASSERT_TRUE(soft.ok());
  EXPECT_EQ(soft->catalog.disk.soft, kMiB);
  EXPECT_EQ(soft->catalog.disk.hard, kMiB / 2);
  const auto none = load("disk: {hard: 1000000GiB}\n");
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error()[0].message, HasSubstr("nothing would ever be accepted"));
}

TEST_F(DataDir, NothingElseLiesInIt) {
  const std::string good = path("d");
  ASSERT_EQ(::mkdir(good.c_str(), 0700), 0);
  std::filesystem::create_symlink(good, path("link"));
  LoadOptions options = test_options();
  options.look_at_files = true;
  const auto faults = [&](const std::string& sources, const std::string& target) {
    const auto loaded = load_catalog_text(
        "weir.yaml",
        "data_dir: \"" + good + "/\"\nsources: " + sources + "\ntargets: {t: " + target + "}\n",
        options);
    std::string all;
    if (!loaded) {
      for (const std::string& text : texts(loaded.error())) all += text + "\n";
    }
    return all;
  };
  const std::string in = "{in: {stdin: true}}";
  EXPECT_EQ(faults(in, "{file: \"" + path("out") + "\"}"), "");
  EXPECT_EQ(faults(in, "{file: \"" + path("dd") + "\"}"), "") << "only looks alike";
  for (const std::string& inside : {path("d/x"), path("link/x"), path("d/../d/y")}) {
    EXPECT_THAT(faults(in, "{file: \"" + inside + "\"}"), HasSubstr("inside of data_dir"))
        << inside;
    EXPECT_THAT(faults("{in: {stdin: true, rejects: \"" + inside + "\"}}", "{discard: true}"),
                HasSubstr("the rejects of source 'in' uses"));
  }
}

}  // namespace
}  // namespace weir
