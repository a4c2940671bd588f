// HTTP targets on simulated sockets: what they send, and how they stand what comes back.
#include <gmock/gmock.h>

#include "tests/unit/deliver/http_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Request = HttpServer::Request;

// Of an event in the first block of a rig.
EventIdText rig_id(std::uint32_t index) {
  return event_id(kIdSeed, 0, index);
}

std::string line(std::uint64_t number) {
  return WriterRig::numbered(number);
}

TEST(HttpTarget, SendsBatchesOverOneKeptConnection) {
  HttpRig rig;
  TargetCounters& c = rig.add(0, http_target("t0"));
  rig.send(1, 5);
  rig.pass(200ms);
  ASSERT_EQ(rig.server.requests.size(), 3U);
  EXPECT_EQ(rig.server.requests[0].body, line(1) + "\n" + line(2) + "\n");
  EXPECT_EQ(rig.server.requests[1].body, line(3) + "\n" + line(4) + "\n");
  EXPECT_EQ(rig.server.requests[2].body, line(5) + "\n");
  EXPECT_THAT(rig.server.requests[0].head, HasSubstr("POST /in HTTP/1.1\r\n"));
  EXPECT_EQ(rig.server.requests[0].header("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(rig.server.connections(), 1U);
  EXPECT_EQ(c.delivered.read(), 5U);
  EXPECT_EQ(c.matched.read(), 5U);
  EXPECT_EQ(c.pending.read(), 0U);
  EXPECT_EQ(c.requests.read(), 3U);
  EXPECT_EQ(c.connects.read(), 1U);
}

TEST(HttpTarget, WaitsForCompany) {
  HttpRig rig;
  rig.add(0, http_target("t0"));
  rig.send(1, 1);
  rig.pass(99ms);
  EXPECT_EQ(rig.server.requests.size(), 0U);
  rig.pass(1ms);
  EXPECT_EQ(rig.server.requests.size(), 1U);
}

TEST(HttpTarget, Formats) {
  const auto body_of = [](BatchFormat format, std::uint32_t records) {
    HttpRig rig;
    TargetSpec spec = http_target("t0");
    spec.format = format;
    spec.batch.records_max = records;
    rig.add(0, spec);
    rig.send(1, 2);
    rig.pass(200ms);
    EXPECT_FALSE(rig.server.requests.empty());
    return rig.server.requests.at(0);
  };
  EXPECT_EQ(body_of(BatchFormat::json_array, 2).body, "[" + line(1) + "," + line(2) + "]");
  EXPECT_EQ(body_of(BatchFormat::json_array, 1).body, "[" + line(1) + "]");
  EXPECT_EQ(body_of(BatchFormat::raw, 2).body, line(1) + line(2));
  const Request single = body_of(BatchFormat::ndjson, 1);
  EXPECT_EQ(single.body, line(1));
  EXPECT_EQ(single.header("Content-Type"), "application/json");
  const EventIdText id = rig_id(0);
  EXPECT_EQ(single.header("Weir-Event-Id"), std::string(id.data(), id.size()));
  const Request cloud = body_of(BatchFormat::cloudevents_batch, 2);
  EXPECT_THAT(cloud.body, testing::StartsWith(R"([{"specversion":"1.0","id":")" +
                                              std::string(id.data(), id.size()) + "\""));
  EXPECT_THAT(cloud.body, HasSubstr(R"("data":)" + line(1) + R"(},{"specversion")"));
  EXPECT_THAT(cloud.body, testing::EndsWith(R"("data":)" + line(2) + "}]"));
}

TEST(HttpTarget, UsesAsManyConnectionsAsAllowed) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.http.concurrency = 3;
  rig.add(0, spec);
  rig.server.handler = [](const Request&) { return ""; };
  rig.send(1, 20);
  EXPECT_EQ(rig.server.requests.size(), 3U);
  EXPECT_EQ(rig.server.connections(), 3U);
}

TEST(HttpTarget, TriesTheSameBatchAgainWithTheSameId) {
  HttpRig rig;
  TargetCounters& c = rig.add(0, http_target("t0"));
  int answers = 0;
  rig.server.handler = [&](const Request&) { return reply(++answers < 4 ? 503 : 200); };
  rig.send(1, 2);
  rig.pass(2s);
  ASSERT_EQ(rig.server.requests.size(), 4U);
  for (const Request& request : rig.server.requests) {
    EXPECT_EQ(request.body, rig.server.requests[0].body);
    EXPECT_EQ(request.header("Weir-Batch-Id"), rig.server.requests[0].header("Weir-Batch-Id"));
  }
  EXPECT_EQ(c.delivered.read(), 2U);
  EXPECT_EQ(c.request_failures.read(), 3U);
  EXPECT_THAT(Snapshot<std::string>::Reader(c.last_error).get(), HasSubstr("status 503"));
}

TEST(HttpTarget, HalvesARefusedBatchDownToTheRecordAtFault) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.batch.records_max = 8;
  TargetCounters& c = rig.add(0, spec);
  const std::string poison = line(6);
  std::multiset<std::string> taken;
  rig.server.handler = [&](const Request& request) {
    if (request.body.find(poison) != std::string::npos) return reply(400, "no such thing");
    for (const std::string& one : request.lines()) taken.insert(one);
    return reply(200);
  };
  rig.send(1, 8);
  rig.pass(1s);
  EXPECT_EQ(taken.size(), 7U);
  EXPECT_EQ(c.delivered.read(), 7U);
  EXPECT_EQ(c.dead_lettered.read(), 1U);
  EXPECT_EQ(c.pending.read(), 0U);
  const auto dead = rig.store.all(EntryKind::dead_letter);
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].event, poison);
  EXPECT_EQ(dead[0].target, "t0");
  EXPECT_EQ(dead[0].bus, "default");
  EXPECT_EQ(dead[0].error_code, "SDK_CLIENT_ERROR");
  EXPECT_EQ(dead[0].error_message, "status 400: no such thing");
  EXPECT_EQ(dead[0].attempts, 1U);
  EXPECT_EQ(dead[0].exhausted, Exhausted::none);
  const EventIdText id = rig_id(5);
  EXPECT_EQ(dead[0].event_id, std::string(id.data(), id.size()));
  EXPECT_EQ(rig.server.requests.size(), 7U);  // 8, 4+4, 2+2, 1+1
}

TEST(HttpTarget, SendsOnlyFailedRecordsAgain) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.batch.records_max = 4;
  TargetCounters& c = rig.add(0, spec);
  int answers = 0;
  rig.server.handler = [&](const Request&) {
    if (++answers > 1) return reply(200);
    const EventIdText id = rig_id(2);
    return reply(200, R"({"batchItemFailures":[{"itemIdentifier":")" +
                          std::string(id.data(), id.size()) + "\"}]}");
  };
  rig.send(1, 4);
  rig.pass(1s);
  ASSERT_EQ(rig.server.requests.size(), 2U);
  EXPECT_EQ(rig.server.requests[1].body, line(3) + "\n");
  EXPECT_EQ(c.delivered.read(), 4U);
  EXPECT_EQ(c.records_failed.read(), 1U);
}

TEST(HttpTarget, ResultsDecideRecordByRecord) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.batch.records_max = 4;
  TargetCounters& c = rig.add(0, spec);
  int answers = 0;
  rig.server.handler = [&](const Request&) {
    if (++answers > 1) return reply(200);
    return reply(200, R"({"results":[200,{"status":400,"error":"too \"odd\""},503,{}]})");
  };
  rig.send(1, 4);
  rig.pass(1s);
  ASSERT_EQ(rig.server.requests.size(), 2U);
  EXPECT_EQ(rig.server.requests[1].body, line(3) + "\n" + line(4) + "\n");
  const auto dead = rig.store.all(EntryKind::dead_letter);
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].event, line(2));
  EXPECT_EQ(dead[0].error_code, "RECORD_FAILED");
  EXPECT_THAT(dead[0].error_message, HasSubstr("too"));
  EXPECT_EQ(c.delivered.read(), 3U);
}

TEST(HttpTarget, ContradictoryResultsFailTheWholeBatch) {
  const std::vector<std::string> answers = {
      R"({"batchItemFailures":[{"itemIdentifier":"nobody"}]})", R"({"batchItemFailures":[{}]})",
      R"({"results":[true,true,true]})", R"({"results":[]})", R"({"results":[true)"};
  for (const std::string& answer : answers) {
    HttpRig rig;
    TargetCounters& c = rig.add(0, http_target("t0"));
    int count = 0;
    rig.server.handler = [&](const Request&) { return reply(200, ++count == 1 ? answer : ""); };
    rig.send(1, 2);
    EXPECT_EQ(c.delivered.read(), 0U) << answer;
    rig.pass(1s);
    EXPECT_EQ(rig.server.requests.size(), 2U) << answer;
    EXPECT_EQ(rig.server.requests[1].body, rig.server.requests[0].body) << answer;
    EXPECT_EQ(c.delivered.read(), 2U) << answer;
  }
}

TEST(HttpTarget, RetriesEnd) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.retry = {.retries_max = 3, .age_max = 24h};
  TargetCounters& c = rig.add(0, spec);
  rig.server.handler = [](const Request&) { return reply(500, "oops\x1b[31m"); };
  rig.send(1, 1);
  rig.pass(10min);
  EXPECT_EQ(rig.server.requests.size(), 4U);
  const auto dead = rig.store.all(EntryKind::dead_letter);
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].attempts, 4U);
  EXPECT_EQ(dead[0].exhausted, Exhausted::retries);
  EXPECT_EQ(dead[0].error_message, "status 500: oops [31m");
  EXPECT_LT(dead[0].first_attempt, dead[0].last_attempt);
  EXPECT_EQ(c.dead_lettered.read(), 1U);
}

TEST(HttpTarget, AgeEnds) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.retry = {.retries_max = 1000, .age_max = 60s};
  TargetCounters& c = rig.add(0, spec);
  rig.world.close_server(kWeb);
  rig.send(1, 2);
  rig.pass(59s);
  EXPECT_EQ(c.dead_lettered.read(), 0U);
  rig.pass(2s);
  EXPECT_EQ(c.dead_lettered.read(), 2U);
  const auto dead = rig.store.all(EntryKind::dead_letter);
  ASSERT_EQ(dead.size(), 2U);
  EXPECT_EQ(dead[0].exhausted, Exhausted::age);
  EXPECT_EQ(dead[0].attempts, 0U);
}

TEST(HttpTarget, WithoutAPlaceForThemDeadLettersAreDropped) {
  for (const bool with_store : {false, true}) {
    HttpRig rig(1, with_store);
    TargetSpec spec = http_target("t0");
    if (with_store) spec.dead_letter = {};
    TargetCounters& c = rig.add(0, spec);
    rig.server.handler = [](const Request&) { return reply(400); };
    rig.send(1, 2);
    rig.pass(1s);
    EXPECT_EQ(c.dropped.read(), 2U);
    EXPECT_EQ(c.pending.read(), 0U);
    EXPECT_TRUE(rig.store.entries.empty());
  }
}

TEST(HttpTarget, DeadLettersOfOneTargetGoToAnother) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.dead_letter = {.kind = DeadLetterSpec::Kind::target, .target = TargetId{1}, .name = "t1"};
  TargetCounters& c = rig.add(0, spec);
  HttpServer other(rig.world, kOtherSink);
  TargetSpec onward = http_target("t1");
  onward.endpoint = kOtherSink;
  TargetCounters& d = rig.add(1, onward);
  rig.server.handler = [](const Request&) { return reply(400); };
  rig.send(1, 1);
  for (int i = 0; i < 20; ++i) {
    rig.pass(200ms);
    other.step();
  }
  rig.pass(100ms);
  EXPECT_EQ(c.dead_lettered.read(), 1U);
  ASSERT_EQ(other.requests.size(), 1U);
  // The event as it was, and what became of it.
  EXPECT_NE(other.requests[0].body.find(",\"event\":" + line(1) + "}"), std::string::npos);
  EXPECT_NE(other.requests[0].body.find(R"("target":"t0")"), std::string::npos);
  EXPECT_NE(other.requests[0].body.find(R"("attempts":1)"), std::string::npos);
  EXPECT_EQ(d.delivered.read(), 1U);
  EXPECT_EQ(d.returned.read(), 1U);
  EXPECT_TRUE(rig.store.entries.empty());
}

TEST(HttpTarget, KeepsTheRate) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.batch.records_max = 1;
  spec.http.concurrency = 8;
  spec.http.rate = {.requests = 50, .per = 1s};
  rig.add(0, spec);
  rig.send(1, 200);
  rig.pass(2s);
  EXPECT_GE(rig.server.requests.size(), 100U);
  EXPECT_LE(rig.server.requests.size(), 107U);
  rig.pass(2s);
  EXPECT_EQ(rig.server.requests.size(), 200U);
}

TEST(HttpTarget, ATargetThatTakesNothingIsAskedMoreAndMoreSeldom) {
  HttpRig rig;
  TargetSpec spec = http_target("t0");
  spec.http.concurrency = 4;
  TargetCounters& c = rig.add(0, spec);
  rig.server.handler = [](const Request&) { return reply(500); };
  rig.send(1, 1000);
  rig.pass(2min);
  EXPECT_LE(rig.server.requests.size(), 200U);
  EXPECT_EQ(c.deferred.read(), 0U);  // its place is its queue
  EXPECT_TRUE(rig.store.entries.empty());
  rig.server.handler = [](const Request&) { return reply(200); };
  rig.pass(1min);
  EXPECT_EQ(c.delivered.read(), 1000U);
}

TEST(HttpTarget, FullBuffersBlockOrShed) {
  for (const WhenFull policy : {WhenFull::block, WhenFull::shed}) {
    HttpRig rig;
    TargetSpec spec = http_target("t0");
    spec.buffer_bytes = 0;  // the least there is
    spec.when_full = policy;
    TargetCounters& c = rig.add(0, spec);
    rig.server.handler = [](const Request&) { return ""; };
    std::uint64_t sent = 0;
    for (; sent < 20'000; sent += 1000) rig.send(sent, 1000);
    EXPECT_EQ(rig.sum_http(c), c.matched.read());
    EXPECT_LT(c.memory_bytes.read(), 512 * kKiB);
    if (policy == WhenFull::shed) {
      EXPECT_GT(c.shed.read(), 0U);
      EXPECT_EQ(c.matched.read(), sent);
    } else {
      EXPECT_LT(c.matched.read(), sent);
      EXPECT_EQ(c.held.read(), 1U);
    }
    rig.server.handler = [](const Request&) { return reply(200); };
    rig.pass(1min);
    EXPECT_EQ(c.delivered.read() + c.shed.read(), sent);
    EXPECT_EQ(c.pending.read(), 0U);
  }
}

TEST(HttpTarget, DrainsAndRetires) {
  HttpRig rig;
  TargetCounters& c = rig.add(0, http_target("t0"));
  rig.send(1, 1);
  rig.writer.begin_drain();
  rig.go();
  EXPECT_EQ(c.delivered.read(), 1U);
  EXPECT_TRUE(rig.writer.idle());
  rig.writer.retire_target(TargetId{0});
  rig.go();
  EXPECT_TRUE(rig.writer.retired(TargetId{0}));
  EXPECT_TRUE(rig.world.connections(kWeb)[0]->stage_closed());
}

TEST(HttpTarget, AbandonCountsWhatIsLost) {
  HttpRig rig;
  TargetCounters& c = rig.add(0, http_target("t0"));
  rig.server.handler = [](const Request&) { return ""; };
  rig.send(1, 5);
  rig.writer.abandon();
  EXPECT_EQ(c.dropped.read(), 5U);
  EXPECT_EQ(c.matched.read(), 5U);
  EXPECT_EQ(c.pending.read(), 0U);
}

TEST(HttpTarget, ChangesWhileItRuns) {
  HttpRig rig;
  TargetCounters& c = rig.add(0, http_target("t0"));
  HttpServer other(rig.world, kOtherSink);
  rig.send(1, 2);
  TargetSpec spec = http_target("t0");
  spec.endpoint = kOtherSink;
  spec.format = BatchFormat::json_array;
  spec.http.concurrency = 3;
  spec.http.headers = {{"X-Long", Secret(std::string(2000, 'x'))}};
  rig.send(3, 1);  // in a batch of the old kind
  rig.writer.change_target(TargetId{0}, spec);
  rig.send(4, 2);
  for (int i = 0; i < 10; ++i) {
    rig.pass(50ms);
    other.step();
  }
  EXPECT_EQ(rig.server.requests.size(), 1U);
  ASSERT_EQ(other.requests.size(), 2U);
  EXPECT_EQ(other.requests[0].body, line(3) + "\n");
  EXPECT_EQ(other.requests[1].body, "[" + line(4) + "," + line(5) + "]");
  EXPECT_EQ(c.delivered.read(), 5U);
}

}  // namespace
}  // namespace weir
