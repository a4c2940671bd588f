// weir run: every event once, unaltered and in order, to every target whose rules it matches.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

const Json kRejected = {{"action", {"REJECT"}}};
const Json kBig = {{"bytes", {{{"numeric", {">", 1'000'000}}}}}};

class RunDelivery : public testing::Test {
 protected:
  const TempDir dir_;
};

TEST_F(RunDelivery, EveryEventOnceUnalteredInOrderToEveryTarget) {
  const auto records = make_records(50'000);
  const std::string all = lines_of(records);
  const std::string rejected = lines_of(records, [](const Record& r) { return r.rejected; });
  const std::string big = lines_of(records, [](const Record& r) { return r.big; });
  SinkProcess everything(dir_, "everything");
  SinkProcess refusals(dir_, "refusals");
  Json config = new_config();
  add_tcp_target(config, "everything", everything.port());
  add_tcp_target(config, "refusals", refusals.port());
  add_file_target(config, "large", dir_.file("large.ndjson"));
  add_rule(config, "any", any_event(), {"everything"});
  add_rule(config, "rejected", kRejected, {"refusals"});
  add_rule(config, "big", kBig, {"large"});
  Router router(dir_, config);
  write_file(dir_.file("input"), all);
  load(dir_, router.url(), {"--file", dir_.file("input")});
  arrives(everything.received_path(), all.size());
  arrives(refusals.received_path(), rejected.size());
  arrives(dir_.file("large.ndjson"), big.size());

  const Json report = router.stop();
  everything.stop();
  refusals.stop();
  EXPECT_EQ(everything.output(), all);
  EXPECT_EQ(refusals.output(), rejected);
  EXPECT_EQ(read_file(dir_.file("large.ndjson")), big);
  expect_conserved(report);
  EXPECT_EQ(accepted(report), 50'000);
  EXPECT_EQ(refused_total(report), 0);
  EXPECT_EQ(report["unmatched"], 0);
  EXPECT_EQ(report["rules"]["any"]["matched"], 50'000);
  EXPECT_EQ(report["rules"]["big"]["matched"], split_lines(big).size());
  EXPECT_EQ(report["targets"]["refusals"]["delivered"], split_lines(rejected).size());
  EXPECT_EQ(report["targets"]["everything"]["bytes"], all.size());
}

TEST_F(RunDelivery, AnEventReachesATargetOnceHoweverManyRulesNameIt) {
  const auto records = make_records(2000);
  Json config = new_config();
  add_file_target(config, "one", dir_.file("one.ndjson"));
  add_rule(config, "any", any_event(), {"one"});
  add_rule(config, "rejected", kRejected, {"one"});
  add_rule(config, "big", kBig, {"one"});
  Router router(dir_, config);
  const std::string all = lines_of(records);
  ASSERT_TRUE(Client(router.port()).send(all));
  arrives(dir_.file("one.ndjson"), all.size());
  const Json report = router.stop();
  EXPECT_EQ(read_file(dir_.file("one.ndjson")), all);
  EXPECT_EQ(report["targets"]["one"]["matched"], 2000);
}

TEST_F(RunDelivery, UnmatchedEventsAreCountedAndGoNowhere) {
  const auto records = make_records(3000);
  const std::string rejected = lines_of(records, [](const Record& r) { return r.rejected; });
  Json config = new_config();
  add_file_target(config, "rejected", dir_.file("rejected.ndjson"));
  add_rule(config, "rejected", kRejected, {"rejected"});
  Router router(dir_, config);
  ASSERT_TRUE(Client(router.port()).send(lines_of(records)));
  arrives(dir_.file("rejected.ndjson"), rejected.size());
  // The last record may be an unmatched one that is still under way; a drain takes it along.
  const Json report = router.stop();
  const std::uint64_t matched = report["rules"]["rejected"]["matched"];
  EXPECT_EQ(read_file(dir_.file("rejected.ndjson")), rejected);
  EXPECT_EQ(matched, split_lines(rejected).size());
  EXPECT_EQ(accepted(report), matched + report["unmatched"].get<std::uint64_t>());
}

TEST_F(RunDelivery, SourcesOnTheirBusesEachKeepTheOrderOfEveryConnection) {
  SinkProcess a(dir_, "a", {"--complete"});
  SinkProcess b(dir_, "b", {"--complete"});
  Json config = new_config();
  config["buses"] = {{"default", Json::object()}, {"audit", Json::object()}};
  config["sources"]["other"] = {{"tcp", "127.0.0.1:0"}, {"format", "ndjson"}, {"bus", "audit"}};
  add_tcp_target(config, "a", a.port());
  add_tcp_target(config, "b", b.port());
  add_rule(config, "to-a", any_event(), {"a"});
  add_rule(config, "to-b", any_event(), {"b"}, "audit");
  Router router(dir_, config);
  write_file(dir_.file("input"), lines_of(make_records(20'000)));
  const auto load_a = start_load(
      dir_, "load-a", router.url("in"),
      {"--file", dir_.file("input"), "--stamp", "--connections", "16", "--count", "60000"});
  const auto load_b = start_load(
      dir_, "load-b", router.url("other"),
      {"--file", dir_.file("input"), "--stamp", "--connections", "3", "--rate", "50000"});
  EXPECT_EQ(load_a->wait(), 0) << load_a->errors();
  EXPECT_EQ(load_b->wait(), 0) << load_b->errors();
  arrives(a.received_path(), read_json(dir_.file("load-a.json"))["bytes"]);
  arrives(b.received_path(), read_json(dir_.file("load-b.json"))["bytes"]);
  const Json report = router.stop();
  const Json at_a = a.stop()["ports"][0]["check"];
  const Json at_b = b.stop()["ports"][0]["check"];
  EXPECT_EQ(a.exit_code(), 0) << at_a.dump();
  EXPECT_EQ(b.exit_code(), 0) << at_b.dump();
  EXPECT_EQ(at_a["distinct"], 60'000);
  EXPECT_EQ(at_a["load_connections"], 16);
  EXPECT_EQ(at_b["distinct"], 20'000);
  EXPECT_EQ(accepted(report, "in"), 60'000);
  EXPECT_EQ(accepted(report, "other"), 20'000);
  expect_conserved(report);
}

TEST_F(RunDelivery, OneByteAtATime) {
  const auto records = make_records(60);
  const std::string all = lines_of(records);
  Json config = new_config();
  add_file_target(config, "all", dir_.file("all.ndjson"));
  add_rule(config, "any", any_event(), {"all"});
  Router router(dir_, config);
  Client client(router.port());
  ASSERT_TRUE(client.send_byte_by_byte(all));
  arrives(dir_.file("all.ndjson"), all.size());
  router.stop();
  EXPECT_EQ(read_file(dir_.file("all.ndjson")), all);
}

TEST_F(RunDelivery, CarriageReturnsBlankLinesAndALastLineWithoutAnEnd) {
  Json config = new_config();
  add_file_target(config, "all", dir_.file("all.ndjson"));
  add_rule(config, "any", any_event(), {"all"});
  Router router(dir_, config);
  {
    Client client(router.port());
    ASSERT_TRUE(client.send("{\"id\":1}\r\n\r\n\n\n{\"id\":2}\n{\"id\":3}"));
    client.end_sending();
    const std::string expected = "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n";
    arrives(dir_.file("all.ndjson"), expected.size());
    EXPECT_EQ(read_file(dir_.file("all.ndjson")), expected);
  }
  const Json report = router.stop();
  EXPECT_EQ(accepted(report), 3);
  EXPECT_EQ(refused_total(report), 0);
}

TEST_F(RunDelivery, LinesAroundTheSizesOfBuffersAndBlocks) {
  std::string all;
  for (const std::size_t edge : {4096U, 16384U, 32768U, 65536U, 131072U, 262144U, 524288U}) {
    for (std::size_t length = edge - 2; length <= edge + 2; ++length) {
      const std::string start = "{\"id\":1,\"filler\":\"";
      all += start + std::string(length - start.size() - 2, 'y') + "\"}\n{\"id\":2}\n";
    }
  }
  Json config = new_config();
  add_file_target(config, "all", dir_.file("all.ndjson"));
  add_rule(config, "any", any_event(), {"all"});
  Router router(dir_, config);
  ASSERT_TRUE(Client(router.port()).send(all));
  arrives(dir_.file("all.ndjson"), all.size());
  const Json report = router.stop();
  EXPECT_EQ(read_file(dir_.file("all.ndjson")), all);
  EXPECT_EQ(accepted(report), 70);
}

TEST_F(RunDelivery, FiniteSourcesEndItByThemselves) {
  const auto records = make_records(30'000);
  const std::string all = lines_of(records);
  write_file(dir_.file("input-1.ndjson"), all);
  write_file(dir_.file("input-2.ndjson"), "{\"id\":\"last\"}");
  SinkProcess sink(dir_, "sink", {"--once"});
  Json config = new_config();
  config["sources"] = {
      {"files", {{"file", dir_.file("input-*.ndjson")}, {"format", "ndjson"}, {"bus", "default"}}}};
  add_tcp_target(config, "all", sink.port());
  add_rule(config, "any", any_event(), {"all"});
  Router router(dir_, config);
  const Json report = router.finish();
  sink.finish();
  EXPECT_EQ(sink.output(), all + "{\"id\":\"last\"}\n");
  EXPECT_EQ(accepted(report, "files"), 30'001);
  EXPECT_EQ(report["targets"]["all"]["pending"], 0);
  expect_conserved(report);
}

TEST_F(RunDelivery, StandardInputToStandardOutput) {
  const std::string all = lines_of(make_records(20'000));
  write_file(dir_.file("input"), all);
  Json config = new_config();
  config["sources"] = {{"piped", {{"stdin", true}, {"format", "ndjson"}, {"bus", "default"}}}};
  config["targets"]["out"] = {{"stdout", true}};
  add_rule(config, "any", any_event(), {"out"});
  ProcessOptions options;
  options.input = dir_.file("input");
  Router router(dir_, config, options);
  const Json report = router.finish();
  EXPECT_EQ(router.process().output(), all);
  EXPECT_EQ(accepted(report, "piped"), 20'000);
}

TEST_F(RunDelivery, UnixSocketsBothWays) {
  const std::string all = lines_of(make_records(5000));
  write_file(dir_.file("input"), all);
  SinkProcess sink(dir_, ListenAt("unix:" + dir_.file("out.socket")), "sink");
  Json config = new_config();
  config["sources"] = {
      {"in", {{"unix", dir_.file("in.socket")}, {"format", "ndjson"}, {"bus", "default"}}}};
  config["targets"]["out"] = {{"unix", dir_.file("out.socket")}, {"batch", {{"max_wait", "10ms"}}}};
  add_rule(config, "any", any_event(), {"out"});
  Router router(dir_, config);
  router.process().listening(1);
  load(dir_, "unix://" + dir_.file("in.socket"), {"--file", dir_.file("input")});
  arrives(sink.received_path(), all.size());
  router.stop();
  sink.stop();
  EXPECT_EQ(sink.output(), all);
}

TEST_F(RunDelivery, BatchesAreClosedByRecordsAndByBytes) {
  const auto records = make_records(1000);
  write_file(dir_.file("input"), lines_of(records));
  Json config = new_config();
  config["sources"] = {{"in", {{"file", dir_.file("input")}, {"bus", "default"}}}};
  config["targets"]["ten"] = {{"file", dir_.file("ten")},
                              {"batch", {{"max_records", 10}, {"max_wait", "1h"}}},
                              {"format", "json-array"}};
  config["targets"]["bytes"] = {{"file", dir_.file("bytes")},
                                {"batch", {{"max_bytes", "8KiB"}, {"max_wait", "1h"}}},
                                {"format", "json-array"}};
  config["targets"]["raw"] = {{"file", dir_.file("raw")}, {"format", "raw"}};
  add_rule(config, "any", any_event(), {"ten", "bytes", "raw"});
  Router router(dir_, config);
  const Json report = router.finish();
  EXPECT_EQ(report["targets"]["ten"]["batches"], 100);

  std::vector<std::string> elements;
  for (const std::string& line : split_lines(read_file(dir_.file("ten")))) {
    const Json batch = Json::parse(line);
    EXPECT_EQ(batch.size(), 10);
    for (const Json& element : batch) elements.push_back(element.dump());
  }
  ASSERT_EQ(elements.size(), 1000);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    ASSERT_EQ(elements[i], Json::parse(records[i].line).dump());
  }
  std::string concatenated;
  for (const Record& record : records) concatenated += record.line;
  EXPECT_EQ(read_file(dir_.file("raw")), concatenated);
  for (const std::string& line : split_lines(read_file(dir_.file("bytes")))) {
    EXPECT_LE(line.size() + 1, 8192);
  }
}

TEST_F(RunDelivery, ADiscardTargetOnlyCounts) {
  write_file(dir_.file("input"), lines_of(make_records(5000)));
  Json config = new_config();
  config["sources"] = {{"in", {{"file", dir_.file("input")}, {"bus", "default"}}}};
  config["targets"]["nowhere"] = {{"discard", true}};
  add_rule(config, "any", any_event(), {"nowhere"});
  const Json report = Router(dir_, config).finish();
  EXPECT_EQ(report["targets"]["nowhere"]["delivered"], 5000);
}

TEST_F(RunDelivery, AnEnvelopeWrapsBareRecords) {
  Json config = new_config();
  config["sources"]["in"]["envelope"] = {{"source", "shop.orders"}, {"detail-type", "Order"}};
  config["account"] = "123456789012";
  config["region"] = "eu-west-1";
  add_file_target(config, "all", dir_.file("all"));
  add_rule(config, "orders", {{"source", {"shop.orders"}}, {"detail", {{"action", {"REJECT"}}}}},
           {"all"});
  Router router(dir_, config);
  const std::string record = R"({"id":7,"action":"REJECT","bytes":1e0})";
  ASSERT_TRUE(Client(router.port())
                  .send(R"({"id":6,"action":"ACCEPT"})"
                        "\n" +
                        record + "\n"));
  arrives(dir_.file("all"), record.size() + 50);
  router.stop();
  const auto lines = split_lines(read_file(dir_.file("all")));
  ASSERT_EQ(lines.size(), 1);
  const Json event = Json::parse(lines[0]);
  EXPECT_EQ(event["source"], "shop.orders");
  EXPECT_EQ(event["detail-type"], "Order");
  EXPECT_EQ(event["account"], "123456789012");
  EXPECT_EQ(event["region"], "eu-west-1");
  EXPECT_EQ(event["detail"]["id"], 7);
  EXPECT_TRUE(event.contains("id") && event.contains("time") && event.contains("resources"));
  EXPECT_NE(lines[0].find(record), std::string::npos);  // not a byte of it is changed
}

}  // namespace
}  // namespace weir::e2e
