#include "tools/load/load_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "tools/common/report.h"
#include "tools/common/stamp.h"
#include "tools/gen/generator.h"
#include "tools/load/acked_load.h"
#include "tools/load/http_load.h"
#include "tools/load/load.h"
#include "tools/load/load_summary.h"
#include "tools/load/record_memory.h"

namespace weir {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

// As given on the command line.
struct Arguments {
  std::string to;
  std::string file;
  std::string gen;
  std::uint64_t seed = 1;
  std::uint64_t count = 0;
  std::string duration;
  std::string rate = "max";
  std::size_t connections = 1;
  bool stamp = false;
  bool quiet = false;
  bool acks = false;
  std::uint64_t window = 65536;
  std::string api = "bulk";
  std::string bus = "default";
  std::string token_file;
  std::string request_bytes = "1MB";
  std::uint64_t request_entries = 10;
  std::string tick = "500us";
  std::string connect_time = "5s";
  std::string timeout = "60s";
  std::string report;
};

Status parse_time(const char* option, const std::string& text, Nanoseconds& value) {
  if (text.empty()) return Done{};
  const auto time = parse_duration(text);
  if (!time) return Error{fmt::format("{}: {}", option, time.error().message)};
  value = *time;
  return Done{};
}

Status parse_rate(const std::string& text, double& rate_per_s) {
  if (text == "max") return Done{};
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, rate_per_s);
  const bool sound = failure == std::errc{} && rest == end && rate_per_s > 0 && rate_per_s <= 1e12;
  if (sound) return Done{};
  return Error{fmt::format("--rate '{}' is not a number of records a second or 'max'", text)};
}

constexpr std::string_view kHttp = "http://";

// What a load over HTTP has beside the rest.
Status read_http(const Arguments& arguments, LoadOptions& options) {
  options.http = true;
  options.authority = arguments.to.substr(kHttp.size());
  auto endpoint = parse_tcp_address(options.authority);
  if (!endpoint) return Error{"--to: " + endpoint.error().message};
  options.to = std::move(*endpoint);
  if (arguments.api == "put-events") {
    options.api = LoadApi::put_events;
  } else if (arguments.api != "bulk") {
    return Error{fmt::format("--api '{}': 'bulk' or 'put-events'", arguments.api)};
  }
  options.request_entries = arguments.request_entries;
  if (options.request_entries == 0) return Error{"--request-entries: at least 1"};
  if (arguments.acks) return Error{"--acks: answers over HTTP acknowledge by themselves"};
  options.bus = arguments.bus;
  const auto bytes = parse_size(arguments.request_bytes);
  if (!bytes) return Error{"--request-bytes: " + bytes.error().message};
  options.request_bytes = *bytes;
  if (arguments.token_file.empty()) return Done{};
  std::ifstream file(arguments.token_file);
  if (!std::getline(file, options.token) || options.token.empty()) {
    return Error{"--token-file: no token in its first line"};
  }
  return Done{};
}

Result<LoadOptions> to_options(const Arguments& arguments) {
  LoadOptions options;
  if (arguments.to.starts_with(kHttp)) {
    if (const Status read = read_http(arguments, options); !read) return read.error();
  } else {
    auto endpoint = parse_address_url(arguments.to);
    if (!endpoint) return Error{"--to: " + endpoint.error().message};
    options.to = std::move(*endpoint);
  }
  options.connections = arguments.connections;
  options.count = arguments.count;
  options.stamp = arguments.stamp;
  options.acks = arguments.acks;
  options.window = arguments.window;
  if (options.window == 0) return Error{"--window: at least 1"};
  options.progress = !arguments.quiet && isatty(STDERR_FILENO) == 1;
  Status parsed = parse_rate(arguments.rate, options.rate_per_s);
  if (!parsed) return parsed.error();
  parsed = parse_time("--duration", arguments.duration, options.duration);
  if (!parsed) return parsed.error();
  parsed = parse_time("--tick", arguments.tick, options.tick);
  if (!parsed) return parsed.error();
  parsed = parse_time("--connect-timeout", arguments.connect_time, options.connect_time);
  if (!parsed) return parsed.error();
  parsed = parse_time("--timeout", arguments.timeout, options.patience);
  if (!parsed) return parsed.error();
  if (options.connections == 0 || options.connections > kConnectionsMax) {
    return Error{fmt::format("--connections: 1 to {}", kConnectionsMax)};
  }
  return options;
}

// A run draws from this much generated text; then the records repeat. Enough that no cache of the
// machine holds it, little enough to be made at once.
constexpr std::size_t kGeneratedBytes = std::size_t{64} << 20U;

Result<RecordMemory> generate_records(const Arguments& arguments, const LoadOptions& options) {
  if (options.count == 0 && options.duration.count() == 0) {
    return Error{"--gen needs an end: --count N or --duration TIME"};
  }
  auto generator = make_generator(arguments.gen, {.seed = arguments.seed, .fields = {}});
  if (!generator) return Error{"--gen: " + generator.error().message};
  std::string first;
  (*generator)->append_next(first);
  if (options.stamp && !first.starts_with('{')) {
    return Error{fmt::format("--stamp: the records of '{}' are no JSON objects", arguments.gen)};
  }
  std::uint64_t made = 0;
  const auto fill = [&](std::string& text) {
    if (made++ == 0) {
      text += first;
    } else {
      (*generator)->append_next(text);
    }
  };
  const std::uint64_t records_max = options.count > 0 ? options.count : Feed::kEndless;
  return RecordMemory::from_generator(fill, kGeneratedBytes, records_max);
}

Result<RecordMemory> load_records(const Arguments& arguments, LoadOptions& options) {
  if (arguments.file.empty() == arguments.gen.empty()) {
    return Error{"what to send: one of --file FILE and --gen KIND"};
  }
  if (!arguments.gen.empty()) return generate_records(arguments, options);
  auto records = RecordMemory::from_file(arguments.file);
  if (records && options.count == 0 && options.duration.count() == 0) {
    options.count = records->all().lines;  // once through
  }
  return records;
}

int fail(int code, const std::string& message) {
  fmt::print(stderr, "weir load: {}\n", message);
  return code;
}

// `Loader`: Load, AckedLoad or HttpLoad.
template <typename Loader>
int run_loader(const Arguments& arguments, const LoadOptions& options,
               const RecordMemory& records) {
  Loader load(options, records);
  if (const Status connected = load.connect(); !connected) {
    return fail(kExitFailed, connected.error().message);
  }
  load.run();
  const LoadResults& results = load.results();
  if (!arguments.quiet) print_summary(options, results);
  if (!results.error.empty()) fail(kExitFailed, results.error);
  if (!arguments.report.empty()) {
    const Status written = write_report(arguments.report, load_report(options, results));
    if (!written) return fail(kExitFailed, written.error().message);
  }
  return results.complete ? kExitDone : kExitFailed;
}

int run_load(const Arguments& arguments) {
  auto options = to_options(arguments);
  if (!options) return fail(kExitUsage, options.error().message);
  const auto records = load_records(arguments, *options);
  if (!records) return fail(kExitUsage, records.error().message);
  if (options->http) return run_loader<HttpLoad>(arguments, *options, *records);
  return options->acks ? run_loader<AckedLoad>(arguments, *options, *records)
                       : run_loader<Load>(arguments, *options, *records);
}

constexpr const char* kFooter =
    "Without --count and --duration a file is sent once. --gen makes 64 MiB of records before the\n"
    "clock starts and then repeats them. A record is a line; the lines are split evenly over the\n"
    "connections. With --rate every record has a time at which it is "
    "due,\n"
    "whatever the peer does; the slip says how late it went. With --stamp it carries that time "
    "and\n"
    "its number first: {\"weir_seq\":N,\"weir_ts\":NANOSECONDS,...; N = connection * 2^40 + number "
    "on\n"
    "the connection, the time is CLOCK_MONOTONIC. 'weir sink --check --latency' reads both.\n"
    "With --acks the peer acknowledges each line (a source with 'acks: true', or 'weir sink\n"
    "--acks'). A broken connection is made anew and goes on with the first record that was not\n"
    "acknowledged; --timeout says how long a peer may acknowledge nothing. Exit code 0 only if\n"
    "every record was acknowledged and none refused.\n"
    "To http:// each connection sends a request when the one before is answered; a record counts\n"
    "once the router has accepted it, and what it puts off (503) is sent again. With --api\n"
    "put-events a record is the Detail of an entry with Source weir.load and DetailType record.\n"
    "Examples:\n"
    "  weir load --to tcp://127.0.0.1:7000 --file events.ndjson\n"
    "  weir load --to http://127.0.0.1:8080 --file events.ndjson --connections 4\n"
    "  weir load --to http://127.0.0.1:8080 --file events.ndjson --api put-events\n"
    "  weir load --to tcp://127.0.0.1:7000 --file events.ndjson --rate 50000 --duration 30s "
    "--stamp";

}  // namespace

void add_load_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("load", "Send records on a schedule or as fast as they are taken");
  auto a = std::make_shared<Arguments>();
  command->add_option("--to", a->to, "Where to: tcp://HOST:PORT, unix://PATH or http://HOST:PORT")
      ->type_name("ADDRESS")
      ->required();
  command->add_option("--file", a->file, "Send the lines of this file, over and over")
      ->type_name("FILE");
  command
      ->add_option("--gen", a->gen, "Send generated records: a kind that 'weir gen --help' names")
      ->type_name("KIND");
  command->add_option("--seed", a->seed, "Of the generated records")
      ->type_name("S")
      ->capture_default_str();
  command->add_option("--count", a->count, "End after this many records, over all connections")
      ->type_name("N");
  command->add_option("--duration", a->duration, "End after this time")->type_name("TIME");
  command->add_option("--rate", a->rate, "Records a second over all connections, or 'max'")
      ->type_name("R")
      ->capture_default_str();
  command->add_option("--tick", a->tick, "With --rate: send what fell due this often, at most")
      ->type_name("TIME")
      ->capture_default_str();
  command->add_option("--connections", a->connections, "Over how many connections")
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--stamp", a->stamp, "Number and date each JSON object, for 'weir sink'");
  command->add_flag("--acks", a->acks, "The peer acknowledges lines; send again what it did not");
  command
      ->add_option("--window", a->window,
                   "With --acks: records of a connection that may wait for their acks")
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option(
          "--api", a->api,
          "With http://: 'bulk', POST /v1/buses/BUS/events, or 'put-events', EventBridge's")
      ->type_name("API")
      ->capture_default_str();
  command->add_option("--bus", a->bus, "With http://: the bus")
      ->type_name("BUS")
      ->capture_default_str();
  command->add_option("--request-bytes", a->request_bytes, "With bulk: of a body, about")
      ->type_name("SIZE")
      ->capture_default_str();
  command
      ->add_option("--request-entries", a->request_entries,
                   "With put-events: of a request; the service takes up to 10")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--token-file", a->token_file, "With http://: its first line is the token")
      ->type_name("FILE");
  command->add_option("--connect-timeout", a->connect_time, "Try this long to reach the peer")
      ->type_name("TIME")
      ->capture_default_str();
  command->add_option("--timeout", a->timeout, "Give up when the peer takes nothing for so long")
      ->type_name("TIME")
      ->capture_default_str();
  command->add_option("--report", a->report, "Write the results as JSON ('-': standard output)")
      ->type_name("FILE");
  command->add_flag("-q,--quiet", a->quiet, "No status line and no summary");
  command->footer(kFooter);
  command->callback([a, &exit_code] { exit_code = run_load(*a); });
}

}  // namespace weir
