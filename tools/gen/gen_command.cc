#include "tools/gen/gen_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>

#include "tools/gen/generator.h"

namespace weir {

namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr std::size_t kWriteBytes = std::size_t{256} * 1024;
constexpr auto kTick = std::chrono::milliseconds(5);  // with --rate

int fail(int code, std::string_view message) {
  fmt::print(stderr, "weir gen: {}\n", message);
  return code;
}

enum class Written : std::uint8_t { all, reader_gone, failed };

Written write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return errno == EPIPE ? Written::reader_gone : Written::failed;
    }
  }
  return Written::all;
}

// How many of `count` records are due `elapsed` after the start.
std::uint64_t due(std::chrono::nanoseconds elapsed, std::uint64_t rate, std::uint64_t count) {
  const double whole = std::chrono::duration<double>(elapsed).count() * static_cast<double>(rate);
  return whole < static_cast<double>(count) ? static_cast<std::uint64_t>(whole) : count;
}

Written generate(Generator& generator, const GenArguments& arguments, int descriptor) {
  std::string buffer;
  buffer.reserve(kWriteBytes + 16384);
  if (arguments.header) buffer = generator.header() + "\n";
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t made = 0;
  while (made < arguments.count) {
    std::uint64_t until = arguments.count;
    if (arguments.rate != 0) {
      until = due(std::chrono::steady_clock::now() - start, arguments.rate, arguments.count);
    }
    while (made < until && buffer.size() < kWriteBytes) {
      generator.append_next(buffer);
      ++made;
    }
    const Written written = write_all(descriptor, buffer);
    if (written != Written::all) return written;
    buffer.clear();
    if (arguments.rate != 0 && made == until && made < arguments.count) {
      std::this_thread::sleep_for(kTick);
    }
  }
  return write_all(descriptor, buffer);
}

constexpr const char* kFooter =
    "The same seed gives the same bytes on every machine. Kinds:\n"
    "  flow-logs       VPC flow-log lines, default version 2 layout or --fields\n"
    "  flow-logs-json  the same records as flat JSON objects\n"
    "  cloudtrail      CloudTrail records in EventBridge envelopes\n"
    "  orders          events of a shop\n"
    "Examples:\n"
    "  weir gen flow-logs --count 1000000 --seed 1 > flow.log\n"
    "  weir gen flow-logs --count 1000 --header --fields 'version srcaddr dstaddr action region'\n"
    "  weir gen orders --count 100000 --rate 500 | nc 127.0.0.1 7000";

}  // namespace

int run_gen(const GenArguments& arguments, int descriptor) {
  auto generator =
      make_generator(arguments.kind, {.seed = arguments.seed, .fields = arguments.fields});
  if (!generator) return fail(kExitUsage, generator.error().message);
  if (arguments.header && (*generator)->header().empty()) {
    return fail(kExitUsage, fmt::format("'{}' has no header line", arguments.kind));
  }
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of write(), not the end
  switch (generate(**generator, arguments, descriptor)) {
    case Written::all:
    case Written::reader_gone:  // `weir gen ... | head` is no failure
      return kExitDone;
    case Written::failed:
      break;
  }
  return fail(kExitFailed, fmt::format("cannot write: {}", std::strerror(errno)));
}

void add_gen_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("gen", "Generate realistic event streams from a seed");
  auto a = std::make_shared<GenArguments>();
  const std::string kinds = fmt::format("{}", fmt::join(generator_kinds(), ", "));
  command->add_option("kind", a->kind, kinds)->type_name("KIND")->required();
  command->add_option("--count", a->count, "How many records")->type_name("N")->required();
  command->add_option("--seed", a->seed, "Which stream")->type_name("S")->capture_default_str();
  command->add_option("--rate", a->rate, "Records a second (default: as fast as they are taken)")
      ->type_name("R");
  command
      ->add_option("--fields", a->fields,
                   "flow-logs, flow-logs-json: the fields, separated by spaces or commas")
      ->type_name("LIST");
  command->add_flag("--header", a->header, "flow-logs: the line of field names first");
  command->footer(kFooter);
  command->callback([a, &exit_code] { exit_code = run_gen(*a, STDOUT_FILENO); });
}

}  // namespace weir
