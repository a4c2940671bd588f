#include "tools/dlq/dlq_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "io/control/control_client.h"
#include "io/disk/real_disk.h"
#include "io/store/event_file.h"
#include "tools/dlq/letter_request.h"
#include "tools/dlq/letter_service.h"
#include "tools/dlq/letter_table.h"

namespace weir {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr std::uint64_t kTableLines = 100;

struct Arguments {
  std::string data_dir;
  std::string target;
  std::string since;
  std::vector<EntryId> ids;
  std::uint64_t limit = 0;
  bool limit_given = false;
  bool all = false;
  bool json = false;
};

using OnLine = std::function<void(std::string_view)>;

WallTime now() {
  return {Nanoseconds(std::chrono::system_clock::now().time_since_epoch())};
}

int complain(int code, std::string_view text) {
  fmt::print(stderr, "weir: {}\n", text);
  return code;
}

// No router runs: the lock of the directory is ours for the moment, and so is the file.
Status answer_alone(const Arguments& arguments, const LetterRequest& request,
                    const OnLine& on_line) {
  if (!has_events(arguments.data_dir)) {  // nothing is made by looking
    if (request.action != LetterRequest::Action::ls) return Error{"there are no dead letters"};
    return Done{};
  }
  RealDisk disk;
  const auto lock = disk.lock(arguments.data_dir + "/lock");
  if (!lock && lock.error().code == EWOULDBLOCK) {
    return Error{"a router uses this directory and does not answer; try again"};
  }
  if (!lock) return Error{lock.error().message};
  Result<OpenedEvents> opened = open_events(arguments.data_dir);
  if (!opened) return opened.error();
  for (const std::string& message : opened->messages) complain(0, message);
  const LetterAccess access = {.run =
                                   [&](const std::function<void(EventTable&)>& step) {
                                     step(*opened->table);
                                     return true;
                                   },
                               .redriven = [] {}};
  return serve_letters(request, now(), access, [&](std::string_view line) {
    on_line(line);
    return true;
  });
}

Status answer(const Arguments& arguments, const LetterRequest& request, const OnLine& on_line) {
  const ControlStatus asked = ask_router(arguments.data_dir, to_json(request), on_line);
  if (asked) return Done{};
  if (asked.error().kind != ControlError::Kind::not_running) return Error{asked.error().message};
  return answer_alone(arguments, request, on_line);
}

// The filter of the options; a message where they make none.
Result<LetterRequest> request_of(const Arguments& arguments, LetterRequest::Action action) {
  LetterRequest request;
  request.action = action;
  request.filter.ids = arguments.ids;
  request.filter.target = arguments.target;
  if (!arguments.since.empty()) {
    const auto since = parse_since(arguments.since, now().since_epoch.count());
    if (!since) return Error{"--since: " + since.error().message};
    request.filter.since = {Nanoseconds(*since)};
  }
  if (action == LetterRequest::Action::ls) return request;
  const int ways = (arguments.all ? 1 : 0) + (arguments.target.empty() ? 0 : 1) +
                   (arguments.ids.empty() ? 0 : 1);
  if (ways != 1) return Error{"say which: --all, --target NAME, or the ids of dead letters"};
  return request;
}

int list(const Arguments& arguments) {
  Result<LetterRequest> request = request_of(arguments, LetterRequest::Action::ls);
  if (!request) return complain(kExitUsage, request.error().message);
  request->with_events = arguments.json;
  const bool cuts = !arguments.json && !arguments.limit_given;
  request->limit = cuts ? kTableLines + 1 : arguments.limit;
  std::uint64_t lines = 0;
  const Status status = answer(arguments, *request, [&](std::string_view line) {
    ++lines;
    if (cuts && lines > kTableLines) return;
    if (!arguments.json && lines == 1) fmt::print("{}", letter_heading());
    if (arguments.json) {
      fmt::print("{}\n", line);
    } else {
      fmt::print("{}", letter_row(line));
    }
  });
  if (!status) return complain(kExitFailed, status.error().message);
  if (cuts && lines > kTableLines) {
    fmt::print(stderr, "weir: there are more than {}; --limit 0 shows all\n", kTableLines);
  }
  return kExitDone;
}

int show(const Arguments& arguments) {
  Result<LetterRequest> request = request_of(arguments, LetterRequest::Action::ls);
  if (!request) return complain(kExitUsage, request.error().message);
  request->with_events = true;
  std::size_t found = 0;
  const Status status = answer(arguments, *request, [&](std::string_view line) {
    ++found;
    fmt::print("{}\n", line);
  });
  if (!status) return complain(kExitFailed, status.error().message);
  if (found == arguments.ids.size()) return kExitDone;
  return complain(kExitFailed, fmt::format("{} of {} ids are no dead letters",
                                           arguments.ids.size() - found, arguments.ids.size()));
}

int change(const Arguments& arguments, LetterRequest::Action action) {
  const Result<LetterRequest> request = request_of(arguments, action);
  if (!request) return complain(kExitUsage, request.error().message);
  const Status status =
      answer(arguments, *request, [](std::string_view line) { fmt::print("{}\n", line); });
  return status ? kExitDone : complain(kExitFailed, status.error().message);
}

CLI::App* add_action(CLI::App& dlq, const char* name, const char* about, Arguments& arguments) {
  CLI::App* action = dlq.add_subcommand(name, about);
  action->add_option("DATA_DIR", arguments.data_dir, "The data_dir of the configuration")
      ->required()
      ->check(CLI::ExistingDirectory);
  return action;
}

void add_selection(CLI::App& action, Arguments& arguments) {
  action.add_option("ID", arguments.ids, "Dead letters, as ls shows them");
  action.add_option("--target", arguments.target, "All of this target");
  action.add_flag("--all", arguments.all, "All there are");
}

}  // namespace

void add_dlq_command(CLI::App& app, int& exit_code) {
  CLI::App* dlq =
      app.add_subcommand("dlq", "Look at events that could not be delivered, try them again");
  dlq->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  CLI::App* ls = add_action(*dlq, "ls", "List dead letters, oldest first", *arguments);
  ls->add_option("--target", arguments->target, "Only of this target");
  ls->add_option("--since", arguments->since, "Only from then: 90s, 24h, 2026-11-26T08:00:00Z");
  CLI::Option* limit =
      ls->add_option("--limit", arguments->limit, "At most so many; 0: all (a table shows 100)");
  ls->add_flag("--json", arguments->json, "One JSON object a line, with the event");
  ls->callback([arguments, limit, &exit_code] {
    arguments->limit_given = limit->count() > 0;
    exit_code = list(*arguments);
  });
  CLI::App* one = add_action(*dlq, "show", "Print dead letters whole, as JSON", *arguments);
  one->add_option("ID", arguments->ids, "Dead letters, as ls shows them")->required();
  one->callback([arguments, &exit_code] { exit_code = show(*arguments); });
  CLI::App* redrive =
      add_action(*dlq, "redrive", "Give them back to the targets they came from", *arguments);
  add_selection(*redrive, *arguments);
  redrive->callback(
      [arguments, &exit_code] { exit_code = change(*arguments, LetterRequest::Action::redrive); });
  CLI::App* drop = add_action(*dlq, "drop", "Delete them; asks nothing", *arguments);
  add_selection(*drop, *arguments);
  drop->callback(
      [arguments, &exit_code] { exit_code = change(*arguments, LetterRequest::Action::drop); });
  dlq->footer(
      "Works while the router runs (through DATA_DIR/control.sock) and while it does not. What is\n"
      "redriven begins anew: its attempts and its age count from then.\n"
      "Exit codes: 0 done, 1 failed or not found, 2 usage.\n"
      "\n"
      "Examples:\n"
      "  weir dlq ls data --target hook --since 1h\n"
      "  weir dlq show data 7\n"
      "  weir dlq redrive data --target hook\n"
      "  weir dlq drop data 7 8 9");
}

}  // namespace weir
