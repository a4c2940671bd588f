#include "tools/log/log_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "core/wire/dead_letter.h"
#include "io/disk/real_disk.h"
#include "tools/log/log_line.h"
#include "tools/log/log_walk.h"

namespace weir {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;

struct Arguments {
  LogWalk walk;
  std::uint64_t limit = 0;  // 0: none
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

CLI::App* add_action(CLI::App& log, const char* name, const char* about, Arguments& arguments) {
  CLI::App* action = log.add_subcommand(name, about);
  action->add_option("DATA_DIR", arguments.walk.data_dir, "The data_dir of the configuration")
      ->required()
      ->check(CLI::ExistingDirectory);
  action->add_option("--bus", arguments.walk.bus, "Only this bus");
  return action;
}

}  // namespace

void add_log_command(CLI::App& app, int& exit_code) {
  CLI::App* log = app.add_subcommand("log", "Look into the logs of durable buses");
  log->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  CLI::App* ls = add_action(*log, "ls", "List the segments of each bus", *arguments);
  ls->callback([arguments, &exit_code] { exit_code = list(*arguments); });
  CLI::App* events = add_action(*log, "cat", "Print events, one JSON object a line", *arguments);
  events->add_option("--from", arguments->walk.from, "From this block on");
  events->add_option("--limit", arguments->limit, "At most so many events; 0: all");
  events->callback([arguments, &exit_code] { exit_code = cat(*arguments); });
  CLI::App* check = add_action(*log, "verify", "Read everything, name what is damaged", *arguments);
  check->callback([arguments, &exit_code] { exit_code = verify(*arguments); });
  log->footer(
      "Reads the files themselves, also while the router runs. A block is some tens to thousands "
      "of\n"
      "events that were accepted together; their numbers have no gap.\n"
      "Exit codes: 0 done, 1 failed or damaged, 2 usage.\n"
      "\n"
      "Examples:\n"
      "  weir log ls data\n"
      "  weir log cat data --bus default --limit 10\n"
      "  weir log verify data");
}

}  // namespace weir
