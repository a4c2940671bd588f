// weir run: bad input and bad clients. Each bad line is counted by its reason, its neighbours pass,
// and nobody else notices.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

class RunHostile : public testing::Test {
 protected:
  RunHostile() {
    add_file_target(config_, "all", out());
    add_rule(config_, "any", any_event(), {"all"});
  }
  std::string out() const { return dir_.file("all.ndjson"); }

  const TempDir dir_;
  Json config_ = new_config();
};

TEST_F(RunHostile, BadLinesAreCountedByReasonAndTheirNeighboursPass) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {R"({"id":1,})", "malformed"},
      {R"({"id":01})", "malformed"},
      {R"({"id":1} {"id":2})", "malformed"},
      {R"({'id':1})", "malformed"},
      {R"({"id":tru})", "malformed"},
      {R"({"id":"\x"})", "malformed"},
      {"{\"id\":\"\x01\"}", "malformed"},
      {R"({"id":[1,2})", "malformed"},
      {R"(})", "malformed"},
      {R"({"id":1)", "truncated"},
      {R"({"id":"abc)", "truncated"},
      {R"({)", "truncated"},
      {R"([{"id":1}])", "not_object"},
      {R"("id")", "not_object"},
      {R"(17)", "not_object"},
      {R"(null)", "not_object"},
      {"{\"id\":\"\xff\"}", "not_utf8"},
      {"{\"id\":\"\xed\xa0\x80\"}", "not_utf8"},
      {"{\"id\":\"\xc0\xaf\"}", "not_utf8"}};
  std::string input;
  std::string expected;
  for (std::size_t i = 0; i < bad.size(); ++i) {
    const std::string good = "{\"id\":" + std::to_string(i) + "}\n";
    input += good + bad[i].first + "\n";
    expected += good;
  }
  input += "{\"id\":\"end\"}\n";
  expected += "{\"id\":\"end\"}\n";
  Router router(dir_, config_);
  ASSERT_TRUE(Client(router.port()).send(input));
  arrives(out(), expected.size());
  const Json report = router.stop();
  EXPECT_EQ(read_file(out()), expected);
  EXPECT_EQ(accepted(report), bad.size() + 1);
  EXPECT_EQ(refused_total(report), bad.size());
  for (const std::string reason : {"not_object", "not_utf8"}) {
    const auto count = std::count_if(bad.begin(), bad.end(),
                                     [&](const auto& line) { return line.second == reason; });
    EXPECT_EQ(refused(report, reason), static_cast<std::uint64_t>(count)) << reason;
  }
  // Where a value ends too early, "malformed" and "truncated" are near; together they are exact.
  EXPECT_EQ(refused(report, "malformed") + refused(report, "truncated"), 12);
  EXPECT_GT(refused(report, "malformed"), 0);
  EXPECT_GT(refused(report, "truncated"), 0);
}

TEST_F(RunHostile, RefusedLinesAreKeptWhereAsked) {
  config_["sources"]["in"]["rejects"] = dir_.file("rejects");
  Router router(dir_, config_);
  ASSERT_TRUE(Client(router.port()).send("{\"id\":1}\nnot json at all\n{\"id\":2}\n[5]\n"));
  arrives(out(), 18);
  router.stop();
  const std::string rejects = read_file(dir_.file("rejects"));
  EXPECT_NE(rejects.find("not json at all"), std::string::npos) << rejects;
  EXPECT_NE(rejects.find("[5]"), std::string::npos) << rejects;
  EXPECT_EQ(rejects.find("\"id\""), std::string::npos) << rejects;
}

TEST_F(RunHostile, ARefusalIsLoggedWithItsConnectionAndLine) {
  Router router(dir_, config_);
  Client client(router.port());
  ASSERT_TRUE(client.send("{\"id\":1}\n{\"id\":2}\noops\n{\"id\":3}\n"));
  arrives(out(), 27);
  EXPECT_TRUE(router.process().says(client.name() + ":3:"));
  router.stop();
  EXPECT_NE(router.process().errors().find("oops"), std::string::npos);
}

TEST_F(RunHostile, ANestTooDeepIsRefusedAndHarmless) {
  std::string deep = "{\"id\":";
  for (int i = 0; i < 100'000; ++i) deep += "[";
  Router router(dir_, config_);
  ASSERT_TRUE(Client(router.port()).send(deep + "\n{\"id\":\"next\"}\n"));
  arrives(out(), 14);
  const Json report = router.stop();
  EXPECT_EQ(accepted(report), 1);
  EXPECT_EQ(refused_total(report), 1);
}

TEST_F(RunHostile, LinesBeyondTheLimitAreRefusedExactly) {
  config_["sources"]["in"]["limits"] = {{"event", "4KiB"}};
  const auto line_of = [](std::size_t length) {
    const std::string start = "{\"id\":1,\"f\":\"";
    return start + std::string(length - start.size() - 2, 'z') + "\"}\n";
  };
  const std::string good = line_of(4095) + line_of(4096) + "{\"id\":2}\n";
  Router router(dir_, config_);
  ASSERT_TRUE(Client(router.port())
                  .send(line_of(4097) + line_of(4095) + line_of(100'000) + line_of(4096) +
                        line_of(3'000'000) + "{\"id\":2}\n"));
  arrives(out(), good.size());
  const Json report = router.stop();
  EXPECT_EQ(read_file(out()), good);
  EXPECT_EQ(refused(report, "too_large"), 3);
  EXPECT_EQ(refused_total(report), 3);
}

TEST_F(RunHostile, ALineWithoutEndIsOneRefusalAndTakesNoMemory) {
  Router router(dir_, config_);
  Client endless(router.port());
  Client neighbour(router.port());
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(endless.send(piece));
  ASSERT_TRUE(neighbour.send("{\"id\":1}\n"));
  arrives(out(), 9);
  ASSERT_TRUE(endless.send("\n{\"id\":2}\n"));
  arrives(out(), 18);
  const Json report = router.stop();
  EXPECT_EQ(refused(report, "too_large"), 1);
  EXPECT_EQ(refused_total(report), 1);
  EXPECT_EQ(accepted(report), 2);
}

TEST_F(RunHostile, AResetInsideALineLosesOnlyThatLine) {
  Router router(dir_, config_);
  Client broken(router.port());
  Client neighbour(router.port());
  ASSERT_TRUE(broken.send("{\"id\":1}\n{\"id\":2,\"cut"));
  arrives(out(), 9);
  broken.reset();
  ASSERT_TRUE(neighbour.send("{\"id\":3}\n"));
  arrives(out(), 18);
  EXPECT_EQ(read_file(out()), "{\"id\":1}\n{\"id\":3}\n");
  const Json report = router.stop();
  EXPECT_EQ(accepted(report), 2);
  EXPECT_EQ(refused(report, "truncated"), refused_total(report));
  EXPECT_LE(refused_total(report), 1);
}

TEST_F(RunHostile, AnOrderlyEndInsideALineIsReported) {
  Router router(dir_, config_);
  Client client(router.port());
  ASSERT_TRUE(client.send("{\"id\":1}\n{\"id\":2,\"cut"));
  client.end();
  ASSERT_TRUE(Client(router.port()).send("{\"id\":3}\n"));
  arrives(out(), 18);
  const Json report = router.stop();
  EXPECT_EQ(accepted(report), 2);
  EXPECT_EQ(refused(report, "truncated"), 1);
}

TEST_F(RunHostile, OtherProtocolsAreRecognisedAndClosed) {
  std::string tls = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, static_cast<char>(0xfc),
                     0x03, 0x03};
  tls += std::string(64, '\x5a');
  std::string gzip = {0x1f, static_cast<char>(0x8b), 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                      0x03};
  gzip += std::string(64, '\x33');
  const std::vector<std::pair<std::string, std::string>> greetings = {
      {"TLS", tls},
      {"HTTP",
       "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
       "9\r\n\r\n{\"id\":66}\n{\"id\":67}\n"},
      {"SSH", "SSH-2.0-OpenSSH_9.2\r\n"},
      {"gzip", gzip}};
  Router router(dir_, config_);
  Client neighbour(router.port());
  for (const auto& [name, bytes] : greetings) {
    Client foreign(router.port());
    foreign.send(bytes);
    EXPECT_TRUE(foreign.ended_by_peer()) << name;
  }
  ASSERT_TRUE(neighbour.send("{\"id\":1}\n"));
  arrives(out(), 9);
  const Json report = router.stop();
  EXPECT_EQ(read_file(out()), "{\"id\":1}\n");  // a body line inside an HTTP request is no event
  EXPECT_EQ(refused(report, "foreign"), greetings.size());
  EXPECT_EQ(accepted(report), 1);
}

TEST_F(RunHostile, RandomBytesAndNulsNeverHurtTheNextLine) {
  std::string noise;
  std::uint64_t state = 88172645463325252U;
  for (int i = 0; i < 65536; ++i) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    const char byte = static_cast<char>(state & 0xffU);
    noise += byte == '\n' ? ' ' : byte;
  }
  Router router(dir_, config_);
  Client client(router.port());
  ASSERT_TRUE(client.send("{\"id\":1}\n" + noise + "\n" + std::string(1000, '\0') +
                          "\n{\"id\":2}\n" + std::string(200'000, '\n') + "{\"id\":3}\n"));
  arrives(out(), 27);
  const Json report = router.stop();
  EXPECT_EQ(read_file(out()), "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
  EXPECT_EQ(refused_total(report), 2);
}

TEST_F(RunHostile, AThousandIdleConnectionsDisturbNobody) {
  Router router(dir_, config_);
  const std::uint16_t port = router.port();
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.push_back(std::make_unique<Client>(port));
    ASSERT_TRUE(idle.back()->open());
  }
  const std::string all = lines_of(make_records(5000));
  Client busy(port);
  ASSERT_TRUE(busy.send(all));
  arrives(out(), all.size());
  EXPECT_EQ(read_file(out()), all);
  for (std::size_t i = 0; i < idle.size(); ++i) {  // and none of them was forgotten
    ASSERT_TRUE(idle[i]->send("{\"id\":" + std::to_string(100'000 + i) + "}\n")) << i;
  }
  arrives(out(), all.size() + 1000 * 14);
  const Json report = router.stop();
  EXPECT_EQ(accepted(report), 6000);
  expect_conserved(report);
}

TEST_F(RunHostile, ConnectionsThatComeAndGoLeaveNothingBehind) {
  ProcessOptions options;
  options.descriptors_max = 256;  // fewer than the connections that come
  Router router(dir_, config_, options);
  const std::uint16_t port = router.port();
  std::size_t bytes = 0;
  for (int i = 0; i < 400; ++i) {
    Client client(port);
    const std::string line = "{\"id\":" + std::to_string(i) + "}\n";
    ASSERT_TRUE(client.send(line));
    bytes += line.size();
    arrives(out(), bytes);
    i % 2 == 0 ? client.end() : client.reset();
  }
  EXPECT_EQ(accepted(router.stop()), 400);
}

}  // namespace
}  // namespace weir::e2e
