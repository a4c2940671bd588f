// weir load --acks and weir sink --acks against each other.
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "tests/e2e/peers.h"
#include "tests/e2e/process.h"
#include "tests/e2e/records.h"

namespace weir::e2e {
namespace {

std::set<std::uint64_t> stamps_in(const std::string& path) {
  constexpr std::string_view kStart = "{\"weir_seq\":";
  std::set<std::uint64_t> numbers;
  const std::string text = read_file(path);
  for (std::size_t at = 0; (at = text.find(kStart, at)) != std::string::npos;) {
    at += kStart.size();
    numbers.insert(std::stoull(text.substr(at, 20)));
  }
  return numbers;
}

class AckedLoadSink : public testing::Test {
 protected:
  void SetUp() override { write_file(input(), text_); }
  std::string input() const { return dir_.file("input.ndjson"); }

  const TempDir dir_;
  const std::string text_ = lines_of(make_records(20'000));
};

TEST_F(AckedLoadSink, EveryLineIsAcknowledged) {
  SinkProcess sink(dir_, "sink", {"--once", "--acks"});
  const Json sent = load(dir_, tcp_url(sink.port()), {"--file", input(), "--acks"});
  sink.finish();
  EXPECT_EQ(sent["ok"], true);
  EXPECT_EQ(sent["acknowledged"], 20'000);
  EXPECT_EQ(sent["breaks"], 0);
  EXPECT_EQ(sent["repeated"], 0);
  EXPECT_EQ(sent["ack_latency_ns"]["count"], 20'000);
  EXPECT_EQ(sink.output(), text_);
}

TEST_F(AckedLoadSink, AfterBreaksNothingIsMissingAndOrderIsKept) {
  SinkProcess sink(dir_, "sink", {"--complete", "--allow-repeats", "--ack-drop", "1000"});
  const Json sent = load(dir_, tcp_url(sink.port()),
                         {"--file", input(), "--stamp", "--acks", "--connections", "3", "--count",
                          "60000", "--window", "700"});
  EXPECT_EQ(sent["ok"], true);
  EXPECT_EQ(sent["acknowledged"], 60'000);
  EXPECT_GT(sent["breaks"], 3);
  const Json check = sink.stop()["ports"][0]["check"];
  EXPECT_EQ(sink.exit_code(), 0);
  EXPECT_EQ(check["distinct"], 60'000);
  EXPECT_EQ(check["missing"], 0);
  EXPECT_EQ(check["ordered"], true);
  EXPECT_LE(check["duplicates"], sent["repeated"]);
}

TEST_F(AckedLoadSink, ItGoesOnWithASinkThatWasKilledAndStartedAgain) {
  auto sink = std::make_unique<SinkProcess>(dir_, "first", std::vector<std::string>{"--acks"});
  const std::string address = sink->address();
  const auto sending =
      start_load(dir_, "load", "tcp://" + address,
                 {"--file", input(), "--stamp", "--acks", "--rate", "20000", "--count", "20000"});
  EXPECT_TRUE(eventually([&] { return file_size(sink->received_path()) > 100'000; }));
  sink->process().signal(SIGKILL);
  sink->process().wait();
  SinkProcess second(dir_, ListenAt(address), "second", {"--acks"});
  EXPECT_EQ(sending->wait(), 0) << sending->errors();
  const Json sent = read_json(dir_.file("load.json"));
  EXPECT_EQ(sent["acknowledged"], 20'000);
  EXPECT_GE(sent["breaks"], 1);
  second.stop();
  std::set<std::uint64_t> arrived = stamps_in(sink->received_path());
  EXPECT_LT(arrived.size(), 20'000U);
  arrived.merge(stamps_in(second.received_path()));
  EXPECT_EQ(arrived.size(), 20'000U);
}

TEST_F(AckedLoadSink, RefusedLinesAreCountedAndMakeItFail) {
  SinkProcess sink(dir_, "sink", {"--once", "--ack-fail-every", "100"});
  const Json sent = load(dir_, tcp_url(sink.port()), {"--file", input(), "--acks"}, 1);
  EXPECT_EQ(sent["acknowledged"], 20'000);
  EXPECT_EQ(sent["refused"], 200);
  EXPECT_EQ(sent["first_refusal"], "{\"error\":\"refused on demand\",\"line\":100}");
  EXPECT_EQ(sink.finish()["ports"][0]["errors_told"], 200);
}

TEST_F(AckedLoadSink, WithoutAcksNoMoreThanAWindowIsSent) {
  SinkProcess sink(dir_, "sink", {"--ack-never"});
  EXPECT_EQ(
      run_to_end(dir_, "load",
                 {"load", "--to", tcp_url(sink.port()), "--file", input(), "--acks", "--window",
                  "1000", "--timeout", "300ms", "--report", dir_.file("load.json")}),
      1);
  const Json sent = read_json(dir_.file("load.json"));
  EXPECT_EQ(sent["acknowledged"], 0);
  EXPECT_NE(sent["error"].get<std::string>().find("acknowledged nothing"), std::string::npos);
  EXPECT_EQ(sink.stop()["records"], 1000);
}

TEST_F(AckedLoadSink, ALateAckIsALongLatency) {
  SinkProcess sink(dir_, "sink", {"--once", "--ack-delay", "20ms"});
  const Json sent = load(dir_, tcp_url(sink.port()),
                         {"--file", input(), "--acks", "--count", "2000", "--window", "100"});
  EXPECT_EQ(sent["acknowledged"], 2000);
  EXPECT_GE(sent["ack_latency_ns"]["p50"], 19'000'000);
  EXPECT_GE(sent["wall_s"], 0.35);  // 20 windows, less the last one
}

}  // namespace
}  // namespace weir::e2e
