#include "tools/log/log_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "core/wire/dead_letter.h"
#include "io/control/control_client.h"
#include "io/disk/real_disk.h"
#include "tools/log/log_line.h"
#include "tools/log/log_stat.h"
#include "tools/log/log_state.h"
#include "tools/log/log_walk.h"

namespace weir {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;

struct Arguments {
  LogWalk walk;
  std::uint64_t limit = 0;  // 0: none
  std::string target;
  bool json = false;
};

int complain(std::string_view text) {
  fmt::print(stderr, "weir: {}\n", text);
  return kExitFailed;
}

void print_gap(std::FILE* out, const LogGap& gap) {
  fmt::print(out, "{}: bus '{}': blocks {} to {} are damaged and cannot be read\n", gap.path,
             gap.bus, gap.from, gap.to - 1);
}

int list(const Arguments& arguments) {
  RealDisk disk;
  fmt::print("{:<16}  {:>12}  {:>12}  {:>10}  {:>12}  {:>12}  {}\n", "BUS", "FIRST BLOCK",
             "NEXT BLOCK", "BLOCKS", "EVENTS", "BYTES", "BEGUN");
  const LogVisitor visitor = {
      .record = [](const auto&, const auto&) { return true; },
      .segment =
          [](const LogSegment& segment) {
            fmt::print("{:<16}  {:>12}  {:>12}  {:>10}  {:>12}  {:>12}  {}\n", segment.bus,
                       segment.first, segment.next, segment.records, segment.events, segment.bytes,
                       segment.header_damaged ? "header damaged"
                                              : format_time({Nanoseconds(segment.created_ns)}));
          },
      .gap = [](const LogGap& gap) { print_gap(stderr, gap); }};
  const Status status = walk_logs(disk, arguments.walk, visitor);
  return status ? kExitDone : complain(status.error().message);
}

int cat(const Arguments& arguments) {
  RealDisk disk;
  std::uint64_t left = arguments.limit == 0 ? UINT64_MAX : arguments.limit;
  std::string lines;
  bool written = true;
  const auto flush = [&] {
    written = written && std::fwrite(lines.data(), 1, lines.size(), stdout) == lines.size();
    lines.clear();
  };
  const LogVisitor visitor = {.record =
                                  [&](const std::string& bus, const RecordView& record) {
                                    for (std::uint32_t i = 0; i < record.header.events && left > 0;
                                         ++i, --left) {
                                      append_log_event(lines, bus, record, i);
                                      lines += '\n';
                                    }
                                    flush();
                                    return left > 0 && written;
                                  },
                              .segment = [](const LogSegment&) {},
                              .gap = [](const LogGap& gap) { print_gap(stderr, gap); }};
  const Status status = walk_logs(disk, arguments.walk, visitor);
  if (!status) return complain(status.error().message);
  return written ? kExitDone : complain("standard output cannot be written");
}

int verify(const Arguments& arguments) {
  RealDisk disk;
  std::uint64_t segments = 0;
  std::uint64_t blocks = 0;
  std::uint64_t events = 0;
  std::uint64_t damages = 0;
  const LogVisitor visitor = {
      .record = [](const auto&, const auto&) { return true; },
      .segment =
          [&](const LogSegment& segment) {
            ++segments;
            blocks += segment.records;
            events += segment.events;
            if (!segment.header_damaged) return;
            ++damages;
            fmt::print("{}: the header is damaged; the blocks in it can be read\n", segment.path);
          },
      .gap =
          [&](const LogGap& gap) {
            ++damages;
            print_gap(stdout, gap);
          }};
  const Status status = walk_logs(disk, arguments.walk, visitor);
  if (!status) return complain(status.error().message);
  fmt::print("{} segments, {} blocks, {} events: {}\n", segments, blocks, events,
             damages == 0 ? "sound" : fmt::format("{} places are damaged", damages));
  return damages == 0 ? kExitDone : kExitFailed;
}

// Asks the router that runs; where none does, `alone` has the directory to itself.
Status ask(const std::string& data_dir, const LogRequest& request,
           const std::function<Status(std::string_view)>& answer,
           const std::function<Status(Disk&)>& alone) {
  Status answered = Done{};
  const ControlStatus asked = ask_router(data_dir, to_json(request), [&](std::string_view line) {
    if (answered) answered = answer(line);
  });
  if (asked) return answered;
  if (asked.error().kind != ControlError::Kind::not_running) return Error{asked.error().message};
  RealDisk disk;
  const auto lock = disk.lock(data_dir + "/lock");
  if (!lock && lock.error().code == EWOULDBLOCK) {
    return Error{"a router uses this directory and does not answer; try again"};
  }
  if (!lock) return Error{lock.error().message};
  return alone(disk);
}

int stat(const Arguments& arguments) {
  RealDisk disk;
  const std::string& data_dir = arguments.walk.data_dir;
  LogState state;
  const auto keep = [&](Result<LogState> read) -> Status {
    if (!read) return read.error();
    state = std::move(read).value();
    return Done{};
  };
  Status status = ask(
      data_dir, {}, [&](std::string_view line) { return keep(read_log_state(line)); },
      [&](Disk& alone) { return keep(log_state_of(alone, data_dir)); });
  if (!status) return complain(status.error().message);
  const Result<LogStat> stat = measure_logs(disk, data_dir, state);
  if (!stat) return complain(stat.error().message);
  for (const LogGap& gap : stat->gaps) print_gap(stderr, gap);
  if (arguments.json) {
    fmt::print("{}\n", log_stat_json(state, *stat));
  } else {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    fmt::print("{}", log_stat_text(state, *stat, Nanoseconds(now).count()));
  }
  return kExitDone;
}

int forget(const Arguments& arguments) {
  const LogRequest request{.action = LogRequest::Action::forget, .target = arguments.target};
  const Status status = ask(
      arguments.walk.data_dir, request,
      [](std::string_view line) {
        fmt::print("{}\n", line);
        return Status(Done{});
      },
      [&](Disk& disk) -> Status {
        const auto forgotten = forget_cursors(disk, arguments.walk.data_dir, arguments.target);
        if (!forgotten) return forgotten.error();
        if (!*forgotten) return Error{no_such_target(arguments.target)};
        fmt::print("{}\n", forgotten_line(arguments.target));
        return Done{};
      });
  return status ? kExitDone : complain(status.error().message);
}

CLI::App* add_action(CLI::App& log, const char* name, const char* about, Arguments& arguments) {
  CLI::App* action = log.add_subcommand(name, about);
  action->add_option("DATA_DIR", arguments.walk.data_dir, "The data_dir of the configuration")
      ->required()
      ->check(CLI::ExistingDirectory);
  return action;
}

CLI::App* add_look(CLI::App& log, const char* name, const char* about, Arguments& arguments) {
  CLI::App* action = add_action(log, name, about, arguments);
  action->add_option("--bus", arguments.walk.bus, "Only this bus");
  return action;
}

}  // namespace

void add_log_command(CLI::App& app, int& exit_code) {
  CLI::App* log = app.add_subcommand("log", "Look into the logs of durable buses");
  log->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  CLI::App* ls = add_look(*log, "ls", "List the segments of each bus", *arguments);
  ls->callback([arguments, &exit_code] { exit_code = list(*arguments); });
  CLI::App* events = add_look(*log, "cat", "Print events, one JSON object a line", *arguments);
  events->add_option("--from", arguments->walk.from, "From this block on");
  events->add_option("--limit", arguments->limit, "At most so many events; 0: all");
  events->callback([arguments, &exit_code] { exit_code = cat(*arguments); });
  CLI::App* check = add_look(*log, "verify", "Read everything, name what is damaged", *arguments);
  check->callback([arguments, &exit_code] { exit_code = verify(*arguments); });
  CLI::App* state = add_action(*log, "stat", "How far each target has come", *arguments);
  state->add_flag("--json", arguments->json, "One JSON object");
  state->callback([arguments, &exit_code] { exit_code = stat(*arguments); });
  CLI::App* end = add_action(*log, "forget",
                             "Give up what waits for a removed target; asks nothing", *arguments);
  end->add_option("NAME", arguments->target, "The target, as stat shows it")->required();
  end->callback([arguments, &exit_code] { exit_code = forget(*arguments); });
  log->footer(
      "ls, cat and verify read the files themselves, stat and forget ask the router if one runs\n"
      "(through DATA_DIR/control.sock): all work in both cases. A block is some tens to thousands "
      "of\n"
      "events that were accepted together; their numbers have no gap.\n"
      "A target that is removed from the configuration keeps its place, and the log keeps what it\n"
      "has not got, until the name returns or is forgotten.\n"
      "Exit codes: 0 done, 1 failed or damaged, 2 usage.\n"
      "\n"
      "Examples:\n"
      "  weir log ls data\n"
      "  weir log cat data --bus default --limit 10\n"
      "  weir log verify data\n"
      "  weir log stat data\n"
      "  weir log forget data old_siem");
}

}  // namespace weir
