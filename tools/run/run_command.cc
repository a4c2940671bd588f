#include "tools/run/run_command.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "io/config/load.h"
#include "io/ring/clock.h"
#include "io/run/signals.h"
#include "tools/run/api_control.h"
#include "tools/run/console.h"
#include "tools/run/log_news.h"
#include "tools/run/metrics_page.h"
#include "tools/run/pipeline.h"
#include "tools/run/run_report.h"
#include "tools/run/status_line.h"

namespace weir {
namespace {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

// How often the control thread looks around: for the status line, and how far a stop has come.
constexpr Nanoseconds kLookEvery = 500ms;
constexpr Nanoseconds kLookEveryAtEnd = 2ms;

struct Arguments {
  std::string config;
  std::string report;
};

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void print_faults(Console& console, const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) console.say(to_string(fault));
}

class Run {
 public:
  Run(const Arguments& arguments, Console& console) : arguments_(arguments), console_(console) {}

  int run() {
    auto loaded = load_catalog(arguments_.config);
    if (!loaded) {
      print_faults(console_, loaded.error());
      return kExitUsage;
    }
    for (const Fault& warning : loaded->warnings) console_.warn(to_string(warning));
    std::unique_ptr<DataDirectory> data;
    if (!loaded->catalog.data_dir.empty()) {
      auto opened = DataDirectory::open(loaded->catalog,
                                        [this](const std::string& text) { console_.warn(text); });
      if (!opened) return fail(kExitFailed, opened.error());
      data = std::move(opened).value();
      for (const std::string& line : news_of_start(loaded->catalog, data->recovered())) {
        console_.note(line);
      }
    }
    auto api = ApiControl::create(loaded->catalog, console_);
    if (!api) return fail(kExitFailed, api.error());
    api_ = std::move(api).value();
    auto pipeline = Pipeline::create(api_->catalog(), std::move(data), console_, signals_);
    if (!pipeline) return fail(kExitUsage, pipeline.error());
    pipeline_ = std::move(pipeline).value();
    api_->attach(*pipeline_);
    if (Status started = pipeline_->start(); !started) return fail(kExitUsage, started.error());
    warn_of_memory();
    if (pipeline_->open_to_all()) {
      console_.note("http asks for no token: whoever is on this machine may send");
    }
    if (api_->forgets()) {
      console_.note("rules made through the API go with the process: there is no data_dir");
    }
    for (const std::string& line : pipeline_->listening()) console_.say(line);
    watch();
    return close();
  }

 private:
  int fail(int code, const Error& error) {
    console_.say(fmt::format("weir: {}", error.message));
    return code;
  }

  // The weaker mode is named at every start.
  void warn_of_memory() {
    if (pipeline_->catalog().data_dir.empty()) {
      console_.note(
          "every bus is a memory bus: what is not delivered does not survive the process");
      return;
    }
    for (const BusSpec& bus : pipeline_->catalog().buses) {
      if (bus.durability != Durability::memory) continue;
      console_.note(fmt::format(
          "bus {} is a memory bus: what is not delivered does not survive the process", bus.name));
    }
  }

  // Until everything is delivered, the drain limit is over, or somebody loses patience.
  void watch() {
    while (!done_) {
      const MonotonicTime now = monotonic_now();
      switch (signals_.wait(now + (stopping_ ? kLookEveryAtEnd : look_every_))) {
        case SignalWaiter::Event::stop:
          stop_or_quit();
          break;
        case SignalWaiter::Event::reload:
          reload();
          break;
        case SignalWaiter::Event::woken:
        case SignalWaiter::Event::timeout:
          break;
      }
      look();
    }
  }

  void look() {
    if (auto error = pipeline_->failure()) {
      console_.say("weir: " + error->message);
      failed_ = done_ = true;
      return;
    }
    const MonotonicTime now = monotonic_now();
    if (!stopping_ && pipeline_->sources_finished()) begin_stop(MonotonicTime::never());
    pipeline_->look_at_disk();
    pipeline_->answer_metrics(make_metrics_page);
    pipeline_->serve_errands();
    api_->serve(stopping_);
    if (stopping_ && (drained() || now >= stop_deadline_)) done_ = true;
    if (console_.terminal() && now >= next_status_) {
      console_.status(status_.next(*pipeline_, now, terminal_width()));
      next_status_ = now + kLookEvery;
    }
  }

  // Who ends by itself delivers the logs to their end; who is stopped leaves them on disk.
  bool drained() { return pipeline_->drained(stop_deadline_ == MonotonicTime::never()); }

  void begin_stop(MonotonicTime deadline) {
    stopping_ = true;
    stop_deadline_ = deadline;
    pipeline_->stop_sources();
  }

  void stop_or_quit() {
    const Nanoseconds limit = pipeline_->catalog().pipeline.drain_limit;
    if (!stopping_) {
      begin_stop(monotonic_now() + limit);
    } else if (stop_deadline_ == MonotonicTime::never()) {
      stop_deadline_ = monotonic_now() + limit;  // the sources had ended by themselves
    } else {
      console_.note("stopped a second time: quitting at once");
      done_ = true;
    }
  }

  void reload() {
    if (stopping_) return;
    // Sources stay as they are, so their files need not be there any more.
    LoadOptions options;
    options.look_at_files = false;
    auto loaded = load_catalog(arguments_.config, options);
    if (!loaded) {
      print_faults(console_, loaded.error());
      console_.warn("the configuration is not taken; the old one stays in force");
      return;
    }
    for (const Fault& warning : loaded->warnings) console_.warn(to_string(warning));
    if (Status status = api_->configure(loaded->catalog); !status) {
      console_.warn(status.error().message + "; the old configuration stays in force");
      return;
    }
    console_.note(fmt::format("reloaded: {} rules, {} targets", loaded->catalog.rules.size(),
                              loaded->catalog.targets.size()));
  }

  int close() {
    const std::uint64_t dropped = add_up(*pipeline_).dropped;
    const bool all_done = !failed_ && drained();
    pipeline_->finish();
    console_.status("");
    if (!arguments_.report.empty()) {
      if (Status status = write_report(arguments_.report, make_run_report(*pipeline_)); !status) {
        return fail(kExitFailed, status.error());
      }
    }
    for (const std::string& line : news_of_end(pipeline_->left_on_disk())) console_.note(line);
    if (!pipeline_->all_written()) {
      console_.say(
          "weir: the disk did not take all that was received: what was not acknowledged is lost "
          "with this process");
      return kExitFailed;
    }
    if (all_done) return kExitDone;
    // What a durable bus holds is not given up by the end of the process.
    const std::uint64_t lost = add_up(*pipeline_).dropped - dropped;
    if (lost == 0 && !failed_ && !pipeline_->catalog().data_dir.empty()) return kExitDone;
    console_.say(
        fmt::format("weir: {} events were not delivered and are lost with this process", lost));
    return kExitFailed;
  }

  const Arguments& arguments_;
  Console& console_;
  SignalWaiter signals_;             // before any thread starts
  std::unique_ptr<ApiControl> api_;  // uses the pipeline and is not called when that goes
  std::unique_ptr<Pipeline> pipeline_;
  StatusLine status_;
  MonotonicTime next_status_;
  MonotonicTime stop_deadline_ = MonotonicTime::never();
  Nanoseconds look_every_ = 50ms;
  bool stopping_ = false;
  bool done_ = false;
  bool failed_ = false;
};

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("run", "Route events as a configuration says");
  command->add_option("CONFIG", arguments->config, "Configuration file (YAML or JSON)")->required();
  command->add_option("--report", arguments->report,
                      "Write the final counters as JSON to this file ('-': standard output)");
  command->footer(
      "Runs until SIGTERM or SIGINT, then delivers what was accepted and exits 0; a second signal\n"
      "quits at once. SIGHUP reloads rules and targets. When every source is a file or standard\n"
      "input it ends by itself once all is delivered. With a data_dir, what is not delivered "
      "waits\n"
      "on disk for the next start.\n"
      "Exit codes: 0 all is delivered or waits on disk, 1 events are lost or the data_dir is used\n"
      "by another process, 2 configuration or set-up.\n"
      "\n"
      "Example:\n"
      "  weir run weir.yaml --report report.json");
  command->callback([arguments, &exit_code] {
    Console console;
    exit_code = Run(*arguments, console).run();
  });
}

}  // namespace weir
