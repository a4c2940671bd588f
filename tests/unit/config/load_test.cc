// Sound configurations: what each key means, and what stands where a key does not.
#include "io/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_text.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kExample = R"(account: "123456789012"
region: eu-west-1
sources:
  flow:   {tcp: "127.0.0.1:7000", format: ndjson, bus: default}
  trail:  {file: "logs/*.json.gz", format: cloudtrail, bus: default}
rules:
  rejected:   {bus: default, pattern: {action: [REJECT]}, targets: [siem]}
  big:
    bus: default
    pattern: '{"bytes":[{"numeric":[">",1000000]}]}'
    targets: [siem, archive]
targets:
  siem:
    tcp: "127.0.0.1:7001"
    batch: {max_records: 250, max_bytes: 4MiB, max_wait: 100ms}
    when_full: shed
  archive: {file: "out/big.ndjson", rotate: {size: 256MiB, every: 1h, compress: zstd}}
pipeline: {threads: auto, pin: true}
)";

TEST(Load, ReadsTheExample) {
  const auto loaded = load_text(kExample);
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.error().front());
  EXPECT_THAT(texts(loaded->warnings), IsEmpty());
  const Catalog& catalog = loaded->catalog;
  EXPECT_EQ(catalog.account, "123456789012");
  EXPECT_EQ(catalog.region, "eu-west-1");
  ASSERT_EQ(catalog.buses.size(), 1U);
  EXPECT_EQ(catalog.buses[0].name, "default");

  ASSERT_EQ(catalog.sources.size(), 2U);
  const SourceSpec& flow = catalog.sources[0];
  EXPECT_EQ(flow.name, "flow");
  EXPECT_EQ(flow.kind, SourceKind::tcp);
  EXPECT_EQ(to_string(flow.listen), "tcp 127.0.0.1:7000");
  EXPECT_EQ(flow.format, SourceFormat::ndjson);
  EXPECT_EQ(flow.event_bytes_limit, kMiB);
  const SourceSpec& trail = catalog.sources[1];
  EXPECT_EQ(trail.kind, SourceKind::file);
  EXPECT_EQ(trail.path, "logs/*.json.gz");
  EXPECT_EQ(trail.format, SourceFormat::cloudtrail);
  EXPECT_FALSE(trail.follow);

  ASSERT_EQ(catalog.rules.size(), 2U);
  EXPECT_EQ(catalog.rules[0].name, "rejected");
  EXPECT_EQ(catalog.rules[0].pattern, R"({"action":["REJECT"]})");
  EXPECT_EQ(catalog.rules[0].place, "weir.yaml:7:3");
  EXPECT_THAT(catalog.rules[0].targets, ElementsAre(TargetId(0)));
  EXPECT_EQ(catalog.rules[1].pattern, R"({"bytes":[{"numeric":[">",1000000]}]})");
  EXPECT_THAT(catalog.rules[1].targets, ElementsAre(TargetId(0), TargetId(1)));

  ASSERT_EQ(catalog.targets.size(), 2U);
  const TargetSpec& siem = catalog.targets[0];
  EXPECT_EQ(siem.kind, TargetKind::tcp);
  EXPECT_EQ(to_string(siem.endpoint), "tcp 127.0.0.1:7001");
  EXPECT_EQ(siem.batch, (BatchSpec{.records_max = 250, .bytes_max = 4 * kMiB, .wait_max = 100ms}));
  EXPECT_EQ(siem.when_full, WhenFull::shed);
  const TargetSpec& archive = catalog.targets[1];
  EXPECT_EQ(archive.kind, TargetKind::file);
  EXPECT_EQ(archive.rotate,
            (RotateSpec{.size = 256 * kMiB, .every = 1h, .compress = Compression::zstd}));
  EXPECT_EQ(catalog.pipeline.threads, 0U);
  EXPECT_TRUE(catalog.pipeline.pin);
}

TEST(Load, FillsInDefaults) {
  const auto loaded = load_text(
      "sources: {in: {stdin: true}}\n"
      "rules: {all: {pattern: {a: [x]}, targets: [out]}}\n"
      "targets: {out: {stdout: true}}\n");
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.error().front());
  EXPECT_THAT(loaded->warnings, IsEmpty());
  EXPECT_EQ(loaded->catalog.account, "000000000000");
  EXPECT_EQ(loaded->catalog.region, "us-east-1");
  EXPECT_EQ(loaded->catalog.sources[0].kind, SourceKind::standard_input);
  EXPECT_EQ(loaded->catalog.sources[0].format, SourceFormat::automatic);
  const TargetSpec& out = loaded->catalog.targets[0];
  EXPECT_EQ(out.kind, TargetKind::standard_output);
  EXPECT_EQ(out.batch, (BatchSpec{.records_max = 500, .bytes_max = 5 * kMiB, .wait_max = 100ms}));
  EXPECT_EQ(out.format, BatchFormat::ndjson);
  EXPECT_EQ(out.when_full, WhenFull::block);
  EXPECT_EQ(out.buffer_bytes, 16 * kMiB);
  EXPECT_EQ(loaded->catalog.pipeline.drain_limit, 30s);
}

TEST(Load, ReadsEveryKey) {
  const auto loaded = load_text(R"(
limits: {event: 2MiB, pattern: 1MiB, or_combinations: 20000, or_fields: 7, field_names: 4KiB,
         wildcard_pieces: 0, wildcard_steps: 8, array_steps: 9}
buses: {default: {}, audit: {}, "team/a":}
pipeline: {threads: 3, pin: false, drain: 5s}
sources:
  a: {tcp: "0.0.0.0:0", allow_public: true, congestion: cubic, bus: audit, limits: {event: 64KiB}}
  b: {unix: /run/weir.sock, format: auto}
  c: {file: app.log, follow: true, rejects: rejects.ndjson,
      envelope: {source: my.app, detail-type: Thing, resources: [r1, "r2"]}}
  d: {tcp: "[::1]:7001", bus: team/a, format: flow-log,
      fields: "${version} ${account-id} ${action}"}
  e: {unix: /run/flow.sock, format: flow-log, fields: [version, action], bus: team/a}
rules:
  r: {pattern: {a: [1]}, bus: audit, targets: [t5, t1]}
  s: {pattern: {a: [1]}, bus: "team/a", targets: [t2, t3, t4]}
  t: {pattern: {a: [1]}, targets: [t1]}
targets:
  t1: {tcp: "example.com:443", congestion: bbr, format: json-array}
  t2: {unix: /run/out.sock, format: raw, buffer: 1MiB}
  t3: {discard: true}
  t4: {file: x.ndjson, rotate: {every: 1d, compress: gzip}}
  t5: {stdout: true, batch: {max_wait: 0ms, max_bytes: 5MB}}
)");
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.error().front());
  EXPECT_THAT(texts(loaded->warnings), IsEmpty());
  const Catalog& catalog = loaded->catalog;
  EXPECT_EQ(catalog.rule_limits, (CompileLimits{.pattern_bytes_max = kMiB,
                                                .branches_per_rule_max = 20000,
                                                .fields_per_rule_max = 7,
                                                .path_bytes_max = 4 * kKiB,
                                                .wildcard_pieces_per_field_max = 0,
                                                .wildcard_steps_max = 8,
                                                .array_steps_max = 9}));
  EXPECT_EQ(catalog.pipeline.threads, 3U);
  EXPECT_FALSE(catalog.pipeline.pin);
  EXPECT_EQ(catalog.pipeline.drain_limit, 5s);
  ASSERT_EQ(catalog.buses.size(), 3U);
  EXPECT_EQ(catalog.buses[2].name, "team/a");
  const auto& sources = catalog.sources;
  EXPECT_EQ(sources[0].event_bytes_limit, 64 * kKiB);
  EXPECT_EQ(sources[0].bus, BusId(1));
  EXPECT_EQ(sources[0].listen.congestion, "cubic");
  EXPECT_TRUE(sources[0].allow_public);
  EXPECT_EQ(sources[1].kind, SourceKind::unix_socket);
  EXPECT_EQ(sources[1].listen.host, "/run/weir.sock");
  EXPECT_EQ(sources[1].event_bytes_limit, 2 * kMiB);
  EXPECT_TRUE(sources[2].follow);
  EXPECT_EQ(sources[2].rejects, "rejects.ndjson");
  ASSERT_TRUE(sources[2].envelope.has_value());
  EXPECT_EQ(sources[2].envelope->source, "my.app");
  EXPECT_EQ(sources[2].envelope->detail_type, "Thing");
  EXPECT_THAT(sources[2].envelope->resources, ElementsAre("r1", "r2"));
  EXPECT_EQ(sources[3].listen.host, "::1");
  EXPECT_EQ(sources[3].fields, "${version} ${account-id} ${action}");
  EXPECT_EQ(sources[4].fields, "version action");
  EXPECT_THAT(catalog.rules[0].targets, ElementsAre(TargetId(0), TargetId(4)));
  EXPECT_EQ(catalog.rules[1].bus, BusId(2));
  const auto& targets = catalog.targets;
  EXPECT_EQ(targets[0].format, BatchFormat::json_array);
  EXPECT_EQ(targets[0].endpoint.host, "example.com");
  EXPECT_EQ(targets[1].format, BatchFormat::raw);
  EXPECT_EQ(targets[1].buffer_bytes, kMiB);
  EXPECT_EQ(targets[1].batch.bytes_max, kMiB) << "a default batch must fit a smaller buffer";
  EXPECT_EQ(targets[2].kind, TargetKind::discard);
  EXPECT_EQ(targets[3].rotate.compress, Compression::gzip);
  EXPECT_EQ(targets[4].batch.wait_max, 0ns);
  EXPECT_EQ(targets[4].batch.bytes_max, 5'000'000U);
}

TEST(Load, JsonIsYaml) {
  const auto loaded = load_text(
      "{\n\t\"sources\": {\"in\":{\"tcp\":\"127.0.0.1:0\"}},\n"
      "\t\"rules\":{\"r\":{\"pattern\":{\"a\":[\"300\",300.0,1e3,true,null,\"\\u00e9\\/\"]},"
      "\"targets\":[\"t\"]}},\n\t\"targets\":{\"t\":{\"discard\":true}}\n}\n");
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.error().front());
  EXPECT_EQ(loaded->catalog.rules[0].pattern, "{\"a\":[\"300\",300.0,1e3,true,null,\"\u00e9/\"]}");
}

TEST(Load, AliasesAreFollowed) {
  const auto loaded = load_text(R"(
sources: {in: {stdin: true}}
rules: {r: {pattern: {a: &list [x, 1]}, targets: [a, b]}, s: {pattern: {b: *list}, targets: [a]}}
targets:
  a: {tcp: "127.0.0.1:7001", batch: &batch {max_records: 7}}
  b: {tcp: "127.0.0.1:7002", batch: *batch}
)");
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.error().front());
  EXPECT_EQ(loaded->catalog.targets[1].batch.records_max, 7U);
  EXPECT_EQ(loaded->catalog.rules[1].pattern, R"({"b":["x",1]})");
}

TEST(Load, VariablesAreReplacedAfterParsing) {
  const auto loaded = load_text(R"(
sources: {in: {tcp: "${HOST}:${PORT}", limits: {event: "${SIZE}"}}}
rules: {r: {pattern: {a: ["${SECRET}", "$${SECRET}", "$SECRET"]}, targets: [t]}}
targets: {t: {file: 'out/${WORD}-${EMPTY}.ndjson', buffer: "${SIZE}"}}
)");
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.error().front());
  EXPECT_EQ(to_string(loaded->catalog.sources[0].listen), "tcp 127.0.0.1:7100");
  EXPECT_EQ(loaded->catalog.sources[0].event_bytes_limit, 8 * kMiB);
  EXPECT_EQ(loaded->catalog.targets[0].path, "out/REJECT-.ndjson");
  EXPECT_EQ(loaded->catalog.targets[0].buffer_bytes, 8 * kMiB);
}

TEST(Load, WarnsOfWhatIsOdd) {
  const auto loaded = load_text(R"(sources:
  in: {tcp: "127.0.0.1:7000"}
  idle: {stdin: true, bus: quiet}
buses: {quiet: {}, orphan: {}}
rules:
  counts: {pattern: {a: [1]}}
  empty: {pattern: {a: [1]}, targets: []}
  lost: {bus: orphan, pattern: {a: [1]}, targets: [loop]}
targets:
  unused: {discard: true}
  loop: {tcp: "localhost:7000"}
)");
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.error().front());
  EXPECT_THAT(
      texts(loaded->warnings),
      ElementsAre(
          "weir.yaml:3:3: bus 'quiet' of source 'idle' has no rule, none of its events goes "
          "anywhere",
          "weir.yaml:4:20: bus 'orphan' has rules and no source",
          "weir.yaml:6:3: rule 'counts' has no target, it only counts",
          "weir.yaml:7:39: rule 'empty' has no target, it only counts",
          "weir.yaml:10:3: target 'unused' is used by no rule",
          "weir.yaml:11:3: target 'loop' sends to source 'in' of this configuration: see that no "
          "event goes round for ever"));
}

TEST(Load, ASourceWithoutRulesIsSound) {
  const auto loaded = load_text("sources: {in: {stdin: true}}\n");
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.error().front());
  EXPECT_EQ(loaded->warnings.size(), 1U);
}

}  // namespace
}  // namespace weir
