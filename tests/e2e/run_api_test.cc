// weir run with a source of kind http: curl, weir load, and raw sockets with what no client sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/records.h"
#include "tests/e2e/router.h"

namespace weir::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class RunApi : public testing::Test {
 protected:
  // Requests at `api`, all events into the file `out`.
  Json config() {
    Json config = new_config();
    config["sources"] = {{"api", {{"http", "127.0.0.1:0"}}}};
    add_rule(config, "any", any_event(), {"out"});
    add_file_target(config, "out", dir_.file("out"));
    return config;
  }
  void start(const Json& config) {
    router_ = std::make_unique<Router>(dir_, config);
    port_ = router_->port("api");
  }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  // What curl prints of an answer: head and body.
  std::string curl(const std::string& arguments, const std::string& path) const {
    return command_output("curl -sS -i " + arguments + " '" + url(path) + "'");
  }
  std::string post_file(const std::string& path, const std::string& more = "") const {
    return curl("-H 'Content-Type: application/x-ndjson' --data-binary @" + path + " " + more,
                "/v1/buses/default/events");
  }
  std::string input(const std::string& name, std::size_t count) const {
    write_file(dir_.file(name), lines_of(make_records(count)));
    return dir_.file(name);
  }
  // The answer to bytes that no client sends, whole or byte by byte.
  std::string answer_to(const std::string& bytes, bool whole) const {
    Client client(port_);
    if (whole) {
      client.send(bytes);
    } else {
      client.send_byte_by_byte(bytes);
    }
    client.end_sending();
    std::string answer;
    for (std::string piece = client.receive(); !piece.empty(); piece = client.receive()) {
      answer += piece;
    }
    return answer;
  }
  Json stop() { return router_->stop(); }

  const TempDir dir_;
  std::unique_ptr<Router> router_;
  std::uint16_t port_ = 0;
};

TEST_F(RunApi, TakesEventsPlainAndCompressed) {
  start(config());
  const std::string file = input("in", 1000);
  EXPECT_THAT(post_file(file), StartsWith("HTTP/1.1 200 OK"));
  command_output("gzip -k " + file);
  command_output("zstd -q " + file);
  EXPECT_THAT(post_file(file + ".gz", "-H 'Content-Encoding: gzip'"),
              HasSubstr("{\"accepted\":1000,\"rejected\":[]}"));
  EXPECT_THAT(post_file(file + ".zst", "-H 'Content-Encoding: zstd'"),
              HasSubstr("{\"accepted\":1000,\"rejected\":[]}"));
  EXPECT_THAT(post_file(file, "-H 'Transfer-Encoding: chunked' -H 'Expect: 100-continue'"),
              HasSubstr("{\"accepted\":1000,\"rejected\":[]}"));
  const Json report = stop();
  EXPECT_EQ(accepted(report, "api"), 4000U);
  EXPECT_EQ(report["targets"]["out"]["delivered"], 4000);
  EXPECT_EQ(report["http"]["answers"]["2xx"], 4);
  const std::string once = read_file(file);
  EXPECT_EQ(read_file(dir_.file("out")), once + once + once + once);
  expect_conserved(report);
}

TEST_F(RunApi, NamesWhatItDoesNotTake) {
  start(config());
  write_file(dir_.file("mixed"), "{\"id\":1}\nbad\n{\"id\":2}\n{\"id\":");
  EXPECT_THAT(post_file(dir_.file("mixed")),
              testing::AllOf(StartsWith("HTTP/1.1 207 "),
                             HasSubstr("{\"accepted\":2,\"rejected\":["
                                       "{\"line\":2,\"error\":"),
                             HasSubstr("{\"line\":4,\"error\":\"truncated\"}")));
  write_file(dir_.file("none"), "[]\n");
  EXPECT_THAT(post_file(dir_.file("none")), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(curl("--data-binary @" + dir_.file("mixed"), "/v1/buses/default/events"),
              StartsWith("HTTP/1.1 415 "));
  EXPECT_THAT(curl("-H 'Content-Type: application/x-ndjson' -d '{}'", "/v1/buses/none/events"),
              StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(curl("-H 'Host: evil.example'", "/health/live"), StartsWith("HTTP/1.1 421 "));
  const Json report = stop();
  EXPECT_EQ(accepted(report, "api"), 2U);
  EXPECT_EQ(refused_total(report, "api"), 3U);
}

TEST_F(RunApi, LoadsFromManyConnections) {
  start(config());
  const Json loaded = load(dir_, url(""),
                           {"--file", input("in", 20000), "--connections", "8", "--request-bytes",
                            "20kB", "--count", "100000"});
  EXPECT_EQ(loaded["records"], 100000);
  EXPECT_EQ(loaded["refused"], 0);
  const Json report = stop();
  EXPECT_EQ(accepted(report, "api"), 100000U);
  EXPECT_EQ(report["targets"]["out"]["delivered"], 100000);
  expect_conserved(report);
}

TEST_F(RunApi, LoadsByPutEvents) {
  Json settings = config();
  settings["rules"]["any"]["pattern"] = {{"source", {"weir.load"}}, {"detail-type", {"record"}}};
  start(settings);
  std::string lines;
  for (int i = 0; i < 20; ++i) {
    lines += "{\"a\":\"\\\"\\\\ \\u00e9\"}\n{\"id\":2}\nno JSON\n";
  }
  write_file(dir_.file("in"), lines);
  const std::vector<std::string> options = {"--file", dir_.file("in"), "--api", "put-events",
                                            "--request-entries"};
  const auto loaded = [&](const std::string& entries, const std::string& count, int code) {
    std::vector<std::string> all = options;
    all.insert(all.end(), {entries, "--count", count});
    return load(dir_, url(""), all, code);
  };
  const Json some = loaded("7", "3000", 1);
  EXPECT_EQ(some["records"], 2000);
  EXPECT_EQ(some["refused"], 1000);
  EXPECT_THAT(some["first_refusal"].get<std::string>(), HasSubstr("MalformedDetail"));
  EXPECT_THAT(loaded("11", "30", 1)["error"].get<std::string>(), StartsWith("answered 400: "));
  const Json report = stop();
  EXPECT_EQ(accepted(report, "api"), 2000U);
  EXPECT_EQ(report["http"]["api"]["entries_failed"], 1000);
  const std::vector<std::string> out = split_lines(read_file(dir_.file("out")));
  ASSERT_EQ(out.size(), 2000U);
  EXPECT_EQ(
      std::ranges::count_if(out,
                            [](const std::string& line) {
                              return line.ends_with("\"detail\":{\"a\":\"\\\"\\\\ \\u00e9\"}}");
                            }),
      1000);
}

TEST_F(RunApi, ABombIsRefusedAtTheLimit) {
  Json small = config();
  small["sources"]["api"]["limits"] = {{"body", "1MiB"}};
  start(small);
  command_output("head -c 268435456 /dev/zero | gzip -1 > " + dir_.file("bomb.gz"));
  command_output("head -c 268435456 /dev/zero | zstd -q > " + dir_.file("bomb.zst"));
  command_output("head -c 1048577 /dev/zero > " + dir_.file("plain"));
  EXPECT_THAT(post_file(dir_.file("bomb.zst"), "-H 'Content-Encoding: zstd'"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(post_file(dir_.file("bomb.gz"), "-H 'Content-Encoding: gzip'"),
              HasSubstr("HTTP/1.1 413 "));
  EXPECT_THAT(post_file(dir_.file("plain"), "-H 'Expect:'"), HasSubstr("HTTP/1.1 413 "));
  EXPECT_THAT(post_file(input("in", 10)), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(accepted(stop(), "api"), 10U);
}

TEST_F(RunApi, ATokenIsAskedFor) {
  write_file(dir_.file("tokens"), "0123456789abcdef\n");
  Json guarded = config();
  guarded["sources"]["api"]["tokens_file"] = dir_.file("tokens");
  start(guarded);
  const std::string file = input("in", 10);
  EXPECT_THAT(post_file(file), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(post_file(file, "-H 'Authorization: Bearer 0123456789abcdeF'"),
              StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(post_file(file, "-H 'Authorization: Bearer 0123456789abcdef'"),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(curl("", "/metrics"), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(curl("", "/health/ready"), StartsWith("HTTP/1.1 200 "));
  load(dir_, url(""), {"--file", file, "--token-file", dir_.file("tokens")});
  EXPECT_EQ(accepted(stop(), "api"), 20U);
}

TEST_F(RunApi, TellsItsCounters) {
  start(config());
  post_file(input("in", 10));
  const std::string page = curl("", "/metrics");
  EXPECT_THAT(page, HasSubstr("\nweir_source_accepted_events_total{source=\"api\"} 10\n"));
  EXPECT_THAT(page, HasSubstr("\nweir_rule_matched_events_total{rule=\"any\"} 10\n"));
  EXPECT_THAT(page, HasSubstr("\nweir_http_requests_total 2\n"));
  stop();
}

TEST_F(RunApi, TellsItsCountersAsPrometheusReadsThem) {
  if (command_output("command -v promtool || true").empty()) GTEST_SKIP() << "promtool is not here";
  start(config());
  post_file(input("in", 10));
  const std::string page = curl("", "/metrics");
  write_file(dir_.file("metrics"), page.substr(page.find("\r\n\r\n") + 4));
  EXPECT_EQ(command_output("promtool check metrics <'" + dir_.file("metrics") + "' 2>&1"), "");
  stop();
}

// Each with a request hidden behind it, which must never run.
TEST_F(RunApi, HostileBytesRunNothing) {
  start(config());
  const std::string event = "{\"id\":1}\n";
  const std::string line = "POST /v1/buses/default/events HTTP/1.1\r\nHost: localhost\r\n";
  const std::string type = "Content-Type: application/x-ndjson\r\n";
  const std::string hidden = line + type + "Content-Length: 9\r\n\r\n" + event;
  const std::vector<std::string> all = {
      line + type + "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      line + type + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      line + type + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      line + type + "Content-Length: +9\r\n\r\n" + event,
      line + type + "Content-Length: 9, 9\r\n\r\n" + event,
      line + type + "Content-Length: 99999999999999999999\r\n\r\n" + event,
      line + type + "Transfer-Encoding: chunked\r\n\r\n0x9\r\n" + event + "\r\n0\r\n\r\n",
      line + type + "Transfer-Encoding: chunked\r\n\r\n9\n" + event + "\r\n0\r\n\r\n",
      line + type + "Transfer-Encoding: chunked\r\n\r\n9\r\n" + event + "X\r\n0\r\n\r\n",
      line + type + "Transfer-Encoding: chunked\r\n\r\n9\r\n" + event +
          "\r\n0\r\nContent-Length: 5\r\n\r\n",
      line + "X: a\r\n b\r\n" + type + "Content-Length: 9\r\n\r\n" + event,
      line + "X: a\nContent-Length: 9\r\n\r\n" + event,
      line + "Host: other\r\n" + type + "Content-Length: 9\r\n\r\n" + event,
      "POST http://localhost/v1/buses/default/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)};
  for (const bool whole : {true, false}) {
    for (const std::string& bytes : all) {
      const std::string answer = answer_to(bytes + hidden, whole);
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 ")) << bytes;
      EXPECT_THAT(answer, Not(HasSubstr(" 200 "))) << bytes;
      EXPECT_THAT(answer, HasSubstr("Connection: close\r\n")) << bytes;
    }
    for (std::size_t cut = 1; cut < hidden.size(); cut += 7) {
      EXPECT_THAT(answer_to(hidden.substr(0, cut), whole), Not(HasSubstr("accepted"))) << cut;
    }
    EXPECT_THAT(answer_to(hidden + hidden, whole), HasSubstr("accepted\":1"));
  }
  EXPECT_EQ(accepted(stop(), "api"), 4U) << "of the good requests alone";
}

TEST_F(RunApi, AnswersWhatHasBegunWhenItStops) {
  start(config());
  Client client(port_);
  const std::string event = "{\"id\":1}\n";
  client.send(
      "POST /v1/buses/default/events HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Type: application/x-ndjson\r\nContent-Length: 9\r\n\r\n" +
      event.substr(0, 4));
  EXPECT_THAT(curl("", "/health/live"), StartsWith("HTTP/1.1 200 "));
  router_->process().signal(SIGTERM);
  client.send(event.substr(4));
  std::string answer;
  for (std::string piece = client.receive(); !piece.empty(); piece = client.receive()) {
    answer += piece;
  }
  EXPECT_THAT(answer, HasSubstr("{\"accepted\":1,"));
  client.end();
  const Json report = router_->finish();
  EXPECT_EQ(report["targets"]["out"]["delivered"], 1);
}

}  // namespace
}  // namespace weir::e2e
