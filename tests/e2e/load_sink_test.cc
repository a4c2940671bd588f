// weir load and weir sink against each other: the instruments are checked before they judge.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/e2e/peers.h"
#include "tests/e2e/process.h"
#include "tests/e2e/records.h"

namespace weir::e2e {
namespace {

class LoadSink : public testing::Test {
 protected:
  void SetUp() override { write_file(input(), text_); }
  std::string input() const { return dir_.file("input.ndjson"); }

  const TempDir dir_;
  const std::vector<Record> records_ = make_records(20'000);
  const std::string text_ = lines_of(records_);
};

TEST_F(LoadSink, AFileArrivesOnceAndAsItIs) {
  SinkProcess sink(dir_, "sink", {"--once"});
  const Json sent = load(dir_, tcp_url(sink.port()), {"--file", input()});
  const Json received = sink.finish();
  EXPECT_EQ(sink.exit_code(), 0);
  EXPECT_EQ(sent["records"], 20'000);
  EXPECT_EQ(sent["bytes"], text_.size());
  EXPECT_EQ(received["records"], 20'000);
  EXPECT_EQ(sink.output(), text_);
}

TEST_F(LoadSink, OverAUnixSocketToo) {
  const std::string path = dir_.file("socket");
  SinkProcess sink(dir_, ListenAt("unix:" + path), "sink", {"--once"});
  load(dir_, "unix://" + path, {"--file", input()});
  sink.finish();
  EXPECT_EQ(sink.output(), text_);
}

TEST_F(LoadSink, RepeatsAFileUpToTheCount) {
  SinkProcess sink(dir_, "sink", {"--expect", "50001"});
  load(dir_, tcp_url(sink.port()), {"--file", input(), "--count", "50001"});
  EXPECT_EQ(sink.finish()["records"], 50'001);
  EXPECT_EQ(sink.output(), text_ + text_ + lines_of({records_.begin(), records_.begin() + 10'001}));
}

TEST_F(LoadSink, SendsWhatTheGeneratorMakes) {
  SinkProcess sink(dir_, "sink", {"--once"});
  load(dir_, tcp_url(sink.port()), {"--gen", "orders", "--seed", "7", "--count", "5000"});
  EXPECT_EQ(sink.finish()["records"], 5000);
  EXPECT_EQ(run_to_end(dir_, "gen", {"gen", "orders", "--seed", "7", "--count", "5000"}), 0);
  EXPECT_EQ(sink.output(), read_file(dir_.file("gen.out")));
}

TEST_F(LoadSink, SeveralConnectionsShareTheLines) {
  SinkProcess sink(dir_, "sink", {"--once", "--complete"});
  load(dir_, tcp_url(sink.port()), {"--file", input(), "--connections", "7", "--stamp"});
  const Json port = sink.finish()["ports"][0];
  EXPECT_EQ(sink.exit_code(), 0);
  EXPECT_EQ(port["connections"], 7);
  EXPECT_EQ(port["check"]["load_connections"], 7);
  EXPECT_EQ(port["check"]["distinct"], 20'000);
  EXPECT_EQ(port["check"]["missing"], 0);
  EXPECT_EQ(port["check"]["unstamped"], 0);
}

TEST_F(LoadSink, AScheduleIsKeptAndItsTimesAreStamped) {
  SinkProcess sink(dir_, "sink", {"--once", "--complete", "--latency"});
  const Json sent = load(
      dir_, tcp_url(sink.port()),
      {"--file", input(), "--stamp", "--rate", "20000", "--count", "5000", "--connections", "3"});
  EXPECT_EQ(sent["records"], 5000);
  EXPECT_EQ(sent["slip_ns"]["count"], 5000);
  EXPECT_GE(sent["wall_s"], 0.24);  // a schedule is never overtaken
  const Json port = sink.finish()["ports"][0];
  EXPECT_EQ(port["latency_ns"]["count"], 5000);
  EXPECT_EQ(port["check"]["missing"], 0);
}

TEST_F(LoadSink, AStalledSinkMakesRecordsLateAndLosesNone) {
  SinkProcess sink(dir_, "sink",
                   {"--once", "--complete", "--stall", "1000:300ms", "--receive-buffer", "16KiB"});
  const Json sent = load(dir_, tcp_url(sink.port()), {"--file", input(), "--stamp"});
  EXPECT_EQ(sent["records"], 20'000);
  EXPECT_EQ(sink.finish()["ports"][0]["check"]["distinct"], 20'000);
  EXPECT_EQ(sink.exit_code(), 0);
}

TEST_F(LoadSink, ASinkThatClosesMakesTheLoadFail) {
  SinkProcess sink(dir_, "sink", {"--close-every", "100"});
  const Json sent = load(dir_, tcp_url(sink.port()), {"--file", input(), "--count", "10000000"}, 1);
  EXPECT_EQ(sent["ok"], false);
  EXPECT_EQ(sent["connections_failed"], 1);
  EXPECT_EQ(sink.stop()["ports"][0]["closed_on_demand"], 1);
}

TEST_F(LoadSink, TheSinkCallsAShortfallAFailure) {
  SinkProcess sink(dir_, "sink", {"--expect", "20001", "--timeout", "300ms"});
  load(dir_, tcp_url(sink.port()), {"--file", input()});
  const Json received = sink.finish();
  EXPECT_EQ(sink.exit_code(), 1);
  EXPECT_EQ(received["ok"], false);
  EXPECT_EQ(received["records"], 20'000);
}

TEST_F(LoadSink, TheSinkSeesDisorderDuplicatesAndGaps) {
  SinkProcess sink(dir_, "sink", {"--check", "--once"});
  Client client(sink.port());
  std::string text;
  for (const int n : {0, 1, 3, 2, 2, 7}) {
    text += "{\"weir_seq\":" + std::to_string(n) + ",\"weir_ts\":1}\n";
  }
  ASSERT_TRUE(client.send(text + "{\"no\":\"stamp\"}\n{\"cut"));
  client.end();
  const Json port = sink.finish()["ports"][0];
  EXPECT_EQ(sink.exit_code(), 1);
  EXPECT_EQ(port["check"]["ordered"], false);
  EXPECT_EQ(port["check"]["disordered"], 1);
  EXPECT_EQ(port["check"]["duplicates"], 1);
  EXPECT_EQ(port["check"]["missing"], 3);
  EXPECT_EQ(port["check"]["unstamped"], 1);
  EXPECT_EQ(port["partial_lines"], 1);
}

TEST_F(LoadSink, CountsByPort) {
  SinkProcess sink(dir_, "sink", {"--expect", "30000"}, 2);
  load(dir_, tcp_url(sink.port(0)), {"--file", input()});
  load(dir_, tcp_url(sink.port(1)), {"--file", input(), "--count", "10000"});
  const Json received = sink.finish();
  EXPECT_EQ(received["ports"][0]["records"], 20'000);
  EXPECT_EQ(received["ports"][1]["records"], 10'000);
  EXPECT_EQ(sink.output(0), text_);
}

TEST_F(LoadSink, ASignalEndsALoadBetweenRecords) {
  SinkProcess sink(dir_, "sink", {"--once", "--complete"});
  const auto endless =
      start_load(dir_, "load", tcp_url(sink.port()),
                 {"--file", input(), "--stamp", "--rate", "50000", "--duration", "1h"});
  EXPECT_TRUE(eventually([&] { return file_size(sink.received_path()) > 1'000'000; }));
  endless->signal(SIGINT);
  EXPECT_EQ(endless->wait(), 0) << endless->errors();
  const Json port = sink.finish()["ports"][0];
  EXPECT_EQ(sink.exit_code(), 0);
  EXPECT_EQ(port["partial_lines"], 0);
  EXPECT_EQ(port["records"], read_json(dir_.file("load.json"))["records"]);
}

TEST_F(LoadSink, WrongUsageIsExitCodeTwo) {
  const std::string out = dir_.file("x.json");
  const std::vector<std::vector<std::string>> wrong = {
      {"sink"},
      {"sink", "--tcp", "nonsense"},
      {"sink", "--tcp", "127.0.0.1:0", "--stall", "10"},
      {"sink", "--tcp", "127.0.0.1:0", "--slow", "fast"},
      {"sink", "--tcp", "127.0.0.1:0", "--unknown"},
      {"sink", "--tcp", "127.0.0.1:0", "--output", "/nonexistent/x"},
      {"load"},
      {"load", "--to", "tcp://127.0.0.1:1"},
      {"load", "--to", "127.0.0.1:1", "--file", input()},
      {"load", "--to", "tcp://127.0.0.1:1", "--gen", "orders"},
      {"load", "--to", "tcp://127.0.0.1:1", "--gen", "ordres", "--count", "1"},
      {"load", "--to", "tcp://127.0.0.1:1", "--gen", "flow-logs", "--count", "1", "--stamp"},
      {"load", "--to", "tcp://127.0.0.1:1", "--gen", "orders", "--count", "1", "--file", input()},
      {"load", "--to", "tcp://127.0.0.1:1", "--file", "/nonexistent"},
      {"load", "--to", "tcp://127.0.0.1:1", "--file", input(), "--rate", "-5"},
      {"load", "--to", "tcp://127.0.0.1:1", "--file", input(), "--connections", "0"},
      {"load", "--to", "tcp://127.0.0.1:1", "--file", input(), "--duration", "5"}};
  for (const auto& arguments : wrong) {
    EXPECT_EQ(run_to_end(dir_, "wrong", arguments), 2) << testing::PrintToString(arguments);
    EXPECT_NE(read_file(dir_.file("wrong.err")), "") << testing::PrintToString(arguments);
  }
  SinkProcess sink(dir_, "sink");
  EXPECT_EQ(run_to_end(dir_, "wrong", {"sink", "--tcp", sink.address()}), 2);  // in use
  EXPECT_EQ(run_to_end(dir_, "refused",
                       {"load", "--to", tcp_url(unused_port()), "--file", input(),
                        "--connect-timeout", "1ms"}),
            1);
}

}  // namespace
}  // namespace weir::e2e
