#include "tools/sink/sink_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/common/clock.h"
#include "tools/common/report.h"
#include "tools/sink/sink.h"
#include "tools/sink/sink_summary.h"

namespace weir {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

// As given on the command line.
struct Arguments {
  std::vector<std::string> tcp;
  std::vector<std::string> unix_paths;
  std::vector<std::string> http;
  std::string http_delay;
  HttpSinkOptions http_options;
  bool check = false;
  bool complete = false;
  bool latency = false;
  bool repeats = false;
  bool once = false;
  bool quiet = false;
  std::uint64_t expect = 0;
  std::string timeout;
  std::string stall;
  std::uint64_t close_every = 0;
  std::string slow;
  SinkAckOptions acks;
  std::string ack_delay;
  std::string receive_buffer;
  std::string report;
  std::string output;
};

// "100000:10s" or "5s:10s".
Status parse_stall(std::string_view text, SinkOptions& options) {
  const std::size_t colon = text.find(':');
  const Error bad{fmt::format(
      "--stall '{}' is not AFTER:FOR, such as 100000:10s (records) or 5s:10s (time)", text)};
  if (colon == std::string_view::npos) return bad;
  const std::string_view after = text.substr(0, colon);
  const auto length = parse_duration(text.substr(colon + 1));
  if (!length || length->count() == 0) return bad;
  options.stall_time = *length;
  const char* end = after.data() + after.size();
  const auto [rest, failure] = std::from_chars(after.data(), end, options.stall_after_records);
  if (failure == std::errc{} && rest == end && options.stall_after_records > 0) return Done{};
  options.stall_after_records = 0;
  const auto time = parse_duration(after);
  if (!time) return bad;
  options.stall_after_time = *time;
  return Done{};
}

Status parse_amount(const char* option, std::string_view text, std::uint64_t& value) {
  if (text.ends_with("/s")) text.remove_suffix(2);
  if (text.empty()) return Done{};
  const auto size = parse_size(text);
  if (!size) return Error{fmt::format("{}: {}", option, size.error().message)};
  value = *size;
  return Done{};
}

Status parse_endpoints(const Arguments& arguments, SinkOptions& options) {
  for (const std::string& text : arguments.tcp) {
    auto endpoint = parse_tcp_address(text);
    if (!endpoint) return endpoint.error();
    options.listen.push_back(std::move(*endpoint));
  }
  for (const std::string& path : arguments.unix_paths) {
    Endpoint endpoint;
    endpoint.kind = Endpoint::Kind::unix_socket;
    endpoint.host = path;
    options.listen.push_back(std::move(endpoint));
  }
  for (const std::string& text : arguments.http) {
    auto endpoint = parse_tcp_address(text);
    if (!endpoint) return endpoint.error();
    options.listen_http.push_back(std::move(*endpoint));
  }
  if (options.listen.empty() && options.listen_http.empty()) {
    return Error{"no port given: --tcp ADDR:PORT, --unix PATH or --http ADDR:PORT"};
  }
  options.http = arguments.http_options;
  if (!arguments.http_delay.empty()) {
    const auto delay = parse_duration(arguments.http_delay);
    if (!delay) return Error{"--delay: " + delay.error().message};
    options.http.delay = *delay;
  }
  for (const int status : {options.http.status, options.http.fail_status}) {
    if (status < 200 || status > 599) return Error{"a status is a number from 200 to 599"};
  }
  return Done{};
}

Result<SinkOptions> to_options(const Arguments& arguments) {
  SinkOptions options;
  options.read_stamps = arguments.check || arguments.complete || arguments.latency;
  options.expect = arguments.expect;
  options.once = arguments.once;
  options.close_every = arguments.close_every;
  options.output = arguments.output;
  options.progress = !arguments.quiet && isatty(STDERR_FILENO) == 1;
  if (const auto parsed = parse_endpoints(arguments, options); !parsed) return parsed.error();
  if (!arguments.timeout.empty()) {
    const auto timeout = parse_duration(arguments.timeout);
    if (!timeout) return Error{"--timeout: " + timeout.error().message};
    options.idle_limit = *timeout;
  }
  if (!arguments.stall.empty()) {
    if (const auto parsed = parse_stall(arguments.stall, options); !parsed) return parsed.error();
  }
  options.acks = arguments.acks;
  options.acks.on = options.acks.on || options.acks.never || !arguments.ack_delay.empty() ||
                    options.acks.fail_every > 0 || options.acks.drop_every > 0;
  if (!arguments.ack_delay.empty()) {
    const auto delay = parse_duration(arguments.ack_delay);
    if (!delay) return Error{"--ack-delay: " + delay.error().message};
    options.acks.delay = *delay;
  }
  auto parsed = parse_amount("--slow", arguments.slow, options.slow_bytes_per_s);
  if (!parsed) return parsed.error();
  parsed = parse_amount("--receive-buffer", arguments.receive_buffer, options.receive_buffer_bytes);
  if (!parsed) return parsed.error();
  if (options.receive_buffer_bytes > kGiB) return Error{"--receive-buffer: at most 1GiB"};
  return options;
}

int fail(int code, const Error& error) {
  fmt::print(stderr, "weir sink: {}\n", error.message);
  return code;
}

int run_sink(const Arguments& arguments) {
  const auto options = to_options(arguments);
  if (!options) return fail(kExitUsage, options.error());
  Sink sink(*options);
  if (const Status opened = sink.open(); !opened) return fail(kExitUsage, opened.error());
  const std::int64_t start_ns = monotonic_ns();
  const double start_cpu_s = cpu_seconds();
  sink.run();
  const double wall_s = static_cast<double>(monotonic_ns() - start_ns) * 1e-9;
  const double cpu_s = cpu_seconds() - start_cpu_s;

  const SinkVerdict verdict{arguments.check || arguments.complete, arguments.complete,
                            arguments.latency, arguments.expect, arguments.repeats};
  if (!arguments.quiet) print_summary(sink, verdict);
  if (!arguments.report.empty()) {
    const Status written =
        write_report(arguments.report, sink_report(sink, verdict, wall_s, cpu_s));
    if (!written) return fail(kExitFailed, written.error());
  }
  return judge(sink, verdict) ? kExitDone : kExitFailed;
}

constexpr const char* kFooter =
    "Prints 'listening on ...' for each port on standard error once it listens. Ends on SIGINT or\n"
    "SIGTERM, with what --expect, --timeout or --once say. Exit code 1 if fewer records came than\n"
    "expected or if --check found a fault.\n"
    "Examples:\n"
    "  weir sink --tcp 127.0.0.1:7001 --check --complete --latency --report sink.json\n"
    "  weir sink --tcp 127.0.0.1:7001 --tcp 127.0.0.1:7002 --expect 1000000 --timeout 10s\n"
    "  weir sink --tcp 127.0.0.1:7001 --stall 100000:10s";

void add_http_options(CLI::App& command, Arguments& a) {
  command.add_option("--http", a.http, "Take HTTP requests at ADDR:PORT (repeatable)")
      ->type_name("ADDR:PORT");
  command.add_option("--status", a.http_options.status, "HTTP: the status of answers");
  command.add_option("--delay", a.http_delay, "HTTP: wait so long before each answer")
      ->type_name("TIME");
  command
      .add_option("--fail-every", a.http_options.fail_every,
                  "HTTP: each N-th request fails, and its records do not count")
      ->type_name("N");
  command.add_option("--fail-status", a.http_options.fail_status, "HTTP: the status of failures");
  command
      .add_option("--fail-records-every", a.http_options.fail_records_every,
                  "HTTP: each N-th record is named as failed in the answer, and does not count")
      ->type_name("N");
  command.add_option("--retry-after", a.http_options.retry_after,
                     "HTTP: the header of that name in failures");
}

}  // namespace

void add_sink_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "sink", "Receive and count, check order and loss, measure latency, misbehave on demand");
  auto a = std::make_shared<Arguments>();
  command->add_option("--tcp", a->tcp, "Listen on ADDR:PORT (repeatable; port 0: any free one)")
      ->type_name("ADDR:PORT");
  command->add_option("--unix", a->unix_paths, "Listen on a unix socket (repeatable)")
      ->type_name("PATH");
  add_http_options(*command, *a);
  command->add_flag("--check", a->check,
                    "Check order and duplicates by the stamp of 'weir load --stamp', for each of "
                    "its connections");
  command->add_flag("--complete", a->complete,
                    "Check, and call gaps a fault: for a sink that receives every record");
  command->add_flag("--allow-repeats", a->repeats,
                    "Records that come again are counted but no fault: at-least-once");
  command->add_flag("--latency", a->latency,
                    "Quantiles of arrival minus stamp (same machine: CLOCK_MONOTONIC)");
  command->add_option("--expect", a->expect, "End after this many records, over all ports")
      ->type_name("N");
  command->add_option("--timeout", a->timeout, "End when nothing came for this long")
      ->type_name("TIME");
  command->add_flag("--once", a->once, "End when every connection that came has ended");
  command
      ->add_option("--stall", a->stall,
                   "Stop reading a port once, after so many records or so long, for a time")
      ->type_name("AFTER:FOR");
  command
      ->add_option("--close-every", a->close_every,
                   "Close a connection after about this many records")
      ->type_name("N");
  command->add_flag("--acks", a->acks.on, "Acknowledge lines, as a target with 'acks: true' wants");
  command->add_flag("--ack-never", a->acks.never, "Take lines and acknowledge none");
  command->add_option("--ack-delay", a->ack_delay, "Acknowledge so much later")->type_name("TIME");
  command
      ->add_option("--ack-fail-every", a->acks.fail_every,
                   "Refuse every Nth line of a connection with an error")
      ->type_name("N");
  command
      ->add_option("--ack-drop", a->acks.drop_every,
                   "Close a connection after about N lines, at random, the last ones not "
                   "acknowledged")
      ->type_name("N");
  command->add_option("--seed", a->acks.seed, "Of --ack-drop")
      ->type_name("S")
      ->capture_default_str();
  command->add_option("--slow", a->slow, "Read each connection at no more than this rate")
      ->type_name("BYTES/s");
  command
      ->add_option("--receive-buffer", a->receive_buffer,
                   "Size of the kernel's receive buffer (small: a stall is felt soon)")
      ->type_name("SIZE");
  command
      ->add_option("--output", a->output,
                   "Copy what came to FILE (FILE.0, FILE.1, ... with several ports)")
      ->type_name("FILE");
  command->add_option("--report", a->report, "Write the results as JSON ('-': standard output)")
      ->type_name("FILE");
  command->add_flag("-q,--quiet", a->quiet, "No status line and no summary");
  command->footer(kFooter);
  command->callback([a, &exit_code] { exit_code = run_sink(*a); });
}

}  // namespace weir
