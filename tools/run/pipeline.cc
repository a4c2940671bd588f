#include "tools/run/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "io/ring/clock.h"
#include "io/run/pieces.h"
#include "io/run/signals.h"
#include "io/tls/tls_port.h"
#include "tools/run/output_file.h"

namespace weir {
namespace {

constexpr auto kAdoptionPoll = std::chrono::microseconds(200);

std::uint64_t new_run_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

bool listens(const SourceSpec& source) {
  return source.kind == SourceKind::tcp || source.kind == SourceKind::unix_socket ||
         source.kind == SourceKind::http;
}

Status prepare_files(const Catalog& catalog) {
  for (const TargetSpec& target : catalog.targets) {
    if (target.kind != TargetKind::file) continue;
    if (Status status = prepare_output_file(target.path); !status) {
      return Error{"target " + target.name + ": " + status.error().message};
    }
  }
  return Done{};
}

bool same_target(const TargetSpec& a, const TargetSpec& b) {
  return a.kind == b.kind && to_string(a.endpoint) == to_string(b.endpoint) &&
         a.endpoint.congestion == b.endpoint.congestion && a.path == b.path &&
         a.endpoint.tls == b.endpoint.tls && a.http == b.http && a.to_bus == b.to_bus &&
         a.acks == b.acks && a.rotate == b.rotate && a.batch == b.batch && a.format == b.format &&
         a.when_full == b.when_full && a.buffer_bytes == b.buffer_bytes && a.retry == b.retry &&
         a.dead_letter == b.dead_letter && a.order_by == b.order_by && a.input == b.input &&
         a.buses == b.buses && a.only_rules == b.only_rules;
}

}  // namespace

Pipeline::Pipeline(Catalog catalog, std::unique_ptr<DataDirectory> data, Waker& control)
    : catalog_(std::move(catalog)), control_(control), data_(std::move(data)) {}

Result<std::unique_ptr<Pipeline>> Pipeline::create(const Catalog& catalog,
                                                   std::unique_ptr<DataDirectory> data,
                                                   Console& console, Waker& control) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline(catalog, std::move(data), control));
  Pipeline& self = *pipeline;
  const auto processors = usable_processors();
  const std::size_t threads =
      catalog.pipeline.threads > 0 ? catalog.pipeline.threads : processors.size();
  const Plan plan = plan_for(std::max<std::size_t>(1, threads));

  auto messages = Messages::create(console, catalog,
                                   [&self](TargetId target) { return self.target_name(target); });
  if (!messages) return messages.error();
  self.messages_ = std::move(messages).value();
  auto routing = build_routing(catalog, self.version_, plan.routers(), self.slots_, self.bus_rules_,
                               run_pieces);
  if (!routing) return routing.error();
  self.routing_ = std::move(routing).value();

  if (Status status = prepare_files(catalog); !status) return status.error();
  if (Status status = self.open_listeners(); !status) return status.error();
  if (Status status = self.make_loops(plan); !status) return status.error();
  const auto files = static_cast<std::size_t>(
      std::count_if(catalog.sources.begin(), catalog.sources.end(),
                    [](const SourceSpec& source) { return !listens(source); }));
  self.remember_file_marks();
  self.cell_ = std::make_unique<Cell>(
      catalog, self.routing_, plan, files, new_run_seed(),
      CellHosts{
          .ingest = *self.messages_, .refusals = *self.messages_, .writers = *self.messages_});
  self.place_stages(plan);
  for (const TargetSpec& target : catalog.targets) self.install_target(target);
  if (Status status = self.open_files(); !status) return status.error();
  return pipeline;
}

Pipeline::~Pipeline() {
  finish();
}

Status Pipeline::open_listeners() {
  for (std::size_t i = 0; i < catalog_.sources.size(); ++i) {
    const SourceSpec& source = catalog_.sources[i];
    if (!listens(source)) continue;
    auto listener = Listener::open(source.listen);
    if (!listener) return Error{"source " + source.name + ": " + listener.error().message};
    listeners_.push_back(std::move(listener).value());
    listener_sources_.push_back(SourceId(static_cast<std::uint16_t>(i)));
  }
  return Done{};
}

Status Pipeline::make_loops(const Plan& plan) {
  const auto processors = usable_processors();
  for (std::size_t i = 0; i < plan.threads.size(); ++i) {
    LoopOptions options;
    options.name = fmt::format("weir-{}", i);
    if (catalog_.pipeline.pin && plan.threads.size() <= processors.size()) {
      options.cpu = processors[i];
    }
    auto loop = Loop::create(options);
    if (!loop) return loop.error();
    loops_.push_back(std::move(loop).value());
  }
  return Done{};
}

std::vector<Waker*> Pipeline::loops_with(const Plan& plan, bool ThreadPlan::*role) {
  std::vector<Waker*> wakers;
  for (std::size_t i = 0; i < plan.threads.size(); ++i) {
    if (plan.threads[i].*role) wakers.push_back(&loops_[i]->waker());
  }
  return wakers;
}

// Adds a stage to a thread; `wakers` are those of the threads it hands work to, less its own.
void Pipeline::watch(std::size_t thread, Stage& stage, std::vector<Waker*> wakers) {
  std::erase(wakers, &loops_[thread]->waker());
  stages_.push_back(std::make_unique<NotifyingStage>(stage, std::move(wakers)));
  loops_[thread]->add(*stages_.back());
}

Port& Pipeline::new_port(std::size_t thread) {
  ports_.push_back(loops_[thread]->ring().make_port());
  return *ports_.back();
}

void Pipeline::place_stages(const Plan& plan) {
  if (data_ != nullptr) {
    // The logs first: who brings input asks their gates. They sit with the sequencer.
    make_logs(static_cast<std::size_t>(std::ranges::find_if(plan.threads, &ThreadPlan::sequencer) -
                                       plan.threads.begin()));
  }
  std::size_t router = 0;
  std::size_t writer = 0;
  for (std::size_t i = 0; i < plan.threads.size(); ++i) {
    const ThreadPlan& thread = plan.threads[i];
    if (thread.ingest && !listeners_.empty()) place_input(i, plan);
    if (thread.router) {
      watch(i, cell_->router(router++), loops_with(plan, &ThreadPlan::sequencer));
    }
    if (thread.sequencer) {
      watch(i, cell_->sequencer(), loops_with(plan, &ThreadPlan::writer));
      if (data_ != nullptr) place_logs(i, plan);
    }
    if (thread.writer) place_writer(i, plan, writer++);
  }
  place_file_feeds(plan);
}

void Pipeline::place_writer(std::size_t thread, const Plan& plan, std::size_t index) {
  EventStore* store = data_ != nullptr ? &data_->store().client(loops_[thread]->waker()) : nullptr;
  DeliveryNames names;
  for (const BusSpec& bus : catalog_.buses) names.buses.push_back(bus.name);
  ports_.push_back(std::make_unique<TlsPort>(loops_[thread]->ring().make_port(), handshaker_,
                                             loops_[thread]->waker()));
  Writer& writer = cell_->make_writer(index, *ports_.back(), store, std::move(names));
  watch(thread, writer, loops_with(plan, &ThreadPlan::ingest));
  writer_loops_.push_back(loops_[thread].get());
  if (data_ == nullptr) return;
  std::vector<Port*> ports;
  for (std::size_t i = 0; i < cell_->durable()->buses(); ++i) ports.push_back(&new_port(thread));
  watch(thread, cell_->durable()->add_writer(index, writer, std::move(ports), read_clock()), {});
}

// Readers of files fill blocks that any Router may take.
void Pipeline::place_file_feeds(const Plan& plan) {
  for (std::size_t i = 0; i < catalog_.sources.size(); ++i) {
    if (listens(catalog_.sources[i])) continue;
    FileSource file;
    file.feed = std::make_unique<FileFeed>(SourceId(static_cast<std::uint16_t>(i)),
                                           cell_->filler_shared(), cell_->intake_context(),
                                           loops_with(plan, &ThreadPlan::router), *messages_);
    if (data_ != nullptr) {
      if (const BusGate* gate = cell_->durable()->gate(catalog_.sources[i].bus)) {
        file.feed->watch_gate(*gate);
      }
    }
    files_.push_back(std::move(file));
  }
}

std::string Pipeline::target_name(TargetId id) const {
  const std::lock_guard lock(slots_mutex_);
  return slots_.name(id);
}

TargetId Pipeline::target_id(std::string_view name) const {
  const std::lock_guard lock(slots_mutex_);
  return slots_.find(name);
}

// Before the recovered logs are given away.
void Pipeline::remember_file_marks() {
  for (const SourceSpec& source : catalog_.sources) {
    if (listens(source)) continue;
    file_marks_.push_back(data_ != nullptr ? data_->recovered().file_marks(source.name)
                                           : std::vector<FileMark>());
  }
}

Status Pipeline::open_files() {
  std::size_t next = 0;
  for (const SourceSpec& source : catalog_.sources) {
    if (listens(source)) continue;
    FileReaderOptions options;
    options.path = source.kind == SourceKind::standard_input ? "-" : source.path;
    options.follow = source.follow;
    options.marks = file_marks_[next];
    auto reader = FileReader::open(options, *files_[next].feed);
    if (!reader) return Error{"source " + source.name + ": " + reader.error().message};
    files_[next++].reader = std::move(reader).value();
  }
  return Done{};
}

Status Pipeline::start() {
  if (data_ != nullptr) {
    if (Status status = data_->start(read_clock(), *this); !status) return status;
    look_at_disk();
  }
  for (auto& loop : loops_) {
    if (Status status = loop->start(); !status) return status;
  }
  for (FileSource& file : files_) file.reader->start();
  return Done{};
}

std::vector<std::string> Pipeline::listening() const {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    const SourceSpec& source = catalog_.sources[listener_sources_[i].value];
    std::string address = to_string(listeners_[i]->endpoint());
    if (source.kind == SourceKind::http) address.replace(0, 3, "http");
    lines.push_back(fmt::format("listening on {}, source {}", address, source.name));
  }
  return lines;
}

Loop& Pipeline::writer_loop(TargetId target) {
  return *writer_loops_[cell_->writer_of(target)];
}

// Gives a new target to its Writer, or tells it what has changed.
void Pipeline::install_target(const TargetSpec& spec) {
  const TargetId id = slots_.find_or_add(spec.name);
  Writer& writer = cell_->writer(cell_->writer_of(id));
  if (targets_.size() <= id.value) targets_.resize(id.value + 1U);
  TargetView& view = targets_[id.value];
  const auto known = target_specs_.find(spec.name);
  if (view.counters != nullptr && !view.retired && known != target_specs_.end()) {
    if (!same_target(known->second, spec)) {
      writer_loop(id).run_and_wait([&] {
        writer.change_target(id, spec);
        open_feeds(id, writer, spec);
      });
    }
  } else {
    if (view.counters == nullptr) view.counters = std::make_shared<TargetCounters>();
    view.name = spec.name;
    view.retired = false;
    writer_loop(id).run_and_wait([&] {
      writer.add_target(id, spec, view.counters);
      open_feeds(id, writer, spec);
    });
  }
  target_specs_[spec.name] = spec;
}

void Pipeline::open_feeds(TargetId id, Writer& writer, const TargetSpec& spec) {
  if (data_ != nullptr) cell_->durable()->open_feeds(cell_->writer_of(id), writer, id, spec);
}

void Pipeline::retire_missing(const Catalog& catalog) {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    TargetView& view = targets_[i];
    const bool stays = std::any_of(catalog.targets.begin(), catalog.targets.end(),
                                   [&](const TargetSpec& t) { return t.name == view.name; });
    if (stays || view.retired) continue;
    const TargetId id(static_cast<std::uint16_t>(i));
    writer_loop(id).run_and_wait([&] { cell_->writer(cell_->writer_of(id)).retire_target(id); });
    view.retired = true;
  }
}

Status Pipeline::reload(const Catalog& catalog) {
  Catalog next = catalog_;  // what a reload does not touch stays
  next.rules = catalog.rules;
  next.targets = catalog.targets;
  next.rule_limits = catalog.rule_limits;
  if (Status status = prepare_files(next); !status) return status.error();
  std::shared_ptr<const Routing> routing;
  {
    const std::lock_guard lock(slots_mutex_);
    auto built =
        build_routing(next, version_ + 1, cell_->routers(), slots_, bus_rules_, run_pieces);
    if (!built) return built.error();
    routing = std::move(built).value();
  }
  for (const TargetSpec& target : next.targets) install_target(target);
  if (Status status = write_down(next); !status) return status;
  publish(routing);
  // No Router counts in the old statistics any more.
  for (std::size_t slot = 0; slot < routing_->rule_names.size(); ++slot) {
    for (std::size_t r = 0; r < cell_->routers(); ++r) {
      earlier_matches_[routing_->rule_names[slot]] += routing_->stats->at(r, slot).read();
    }
  }
  routing_ = std::move(routing);
  retire_missing(next);
  catalog_ = std::move(next);
  if (bus_rules_.merge_due()) {
    // The change is in force; this only makes it cheaper to match and to change again.
    routing_ = merge_rules(*routing_, version_ + 1, bus_rules_, run_pieces);
    publish(routing_);
  }
  return Done{};
}

// Returns when every Router has adopted it.
void Pipeline::publish(std::shared_ptr<const Routing> routing) {
  version_ = routing->version;
  cell_->publish(std::move(routing));
  for (std::size_t i = 0; i < cell_->routers(); ++i) {
    while (cell_->router(i).routing_version() < version_ && !failure()) {
      for (auto& loop : loops_) loop->waker().wake();
      std::this_thread::sleep_for(kAdoptionPoll);
    }
  }
}

bool Pipeline::sources_finished() const {
  return listeners_.empty() && std::all_of(files_.begin(), files_.end(), [](const FileSource& f) {
           return f.reader->finished();
         });
}

void Pipeline::stop_sources() {
  if (sources_stopped_) return;
  sources_stopped_ = true;
  for (FileSource& file : files_) {
    file.feed->stop();
    file.reader->stop();
  }
  if (ingest_loop_ != nullptr) {
    ingest_loop_->run_and_wait([this] { stop_input(); });
  }
}

bool Pipeline::writers_idle() {
  bool idle = true;
  for (std::size_t i = 0; i < writer_loops_.size(); ++i) {
    writer_loops_[i]->run_and_wait([&, i] {
      if (!draining_) cell_->writer(i).begin_drain();
      idle = idle && cell_->writer(i).idle();
    });
  }
  draining_ = true;
  return idle;
}

bool Pipeline::drained(bool of_logs) {
  for (const FileSource& file : files_) {
    if (!file.reader->finished()) return false;
  }
  if (sources_stopped_ && ingest_loop_ != nullptr) {
    bool stopped = false;
    ingest_loop_->run_and_wait([&] { stopped = input_stopped(); });
    if (!stopped) return false;
  }
  if (!cell_->taken_by_writers()) return false;
  if (of_logs && data_ != nullptr && !draining_ && !caught_up()) return false;
  return writers_idle() || (!of_logs && only_disk_waits());
}

std::optional<Error> Pipeline::failure() const {
  for (const auto& loop : loops_) {
    if (auto error = loop->error()) return error;
  }
  return std::nullopt;
}

void Pipeline::finish() {
  if (finished_) return;
  finished_ = true;
  if (cell_ == nullptr) return;
  stop_sources();
  for (FileSource& file : files_) {
    if (file.reader != nullptr) file.reader->join();
  }
  for (std::size_t i = 0; i < writer_loops_.size(); ++i) {
    writer_loops_[i]->run_and_wait([&, i] { cell_->writer(i).abandon(); });
  }
  errands_.close();
  if (data_ != nullptr && log_loop_ != nullptr) save_and_close_logs();
  for (auto& loop : loops_) loop->stop();
  for (auto& loop : loops_) loop->join();
  files_.clear();
  messages_->close();
}

std::map<std::string, std::uint64_t> Pipeline::rule_matches() const {
  std::map<std::string, std::uint64_t> matches = earlier_matches_;
  for (std::size_t slot = 0; slot < routing_->rule_names.size(); ++slot) {
    std::uint64_t& count = matches[routing_->rule_names[slot]];
    for (std::size_t r = 0; r < cell_->routers(); ++r) {
      count += routing_->stats->at(r, slot).read();
    }
  }
  return matches;
}

}  // namespace weir
