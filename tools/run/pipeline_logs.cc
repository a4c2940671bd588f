// The half of Pipeline that is about durable buses and the data directory.
#include <algorithm>
#include <chrono>
#include <thread>

#include "io/ring/clock.h"
#include "tools/run/pipeline.h"

namespace weir {
namespace {

constexpr auto kPoll = std::chrono::microseconds(200);
// How long the end waits for the disk to take what is under way.
constexpr Nanoseconds kCloseLimit = 5s;

std::string input_text(BusGate::State state) {
  if (state == BusGate::State::accepting) return "accepting";
  if (state == BusGate::State::slowed) return "slowed, space runs short";
  return "refusing, " + std::string(refusal_text(state));
}

}  // namespace

void Pipeline::make_logs(std::size_t thread) {
  DurableBuses& durable = cell_->make_durable(catalog_, data_->take_recovered(), *this, *messages_);
  for (std::size_t i = 0; i < durable.buses(); ++i) {
    durable.make_log(i, new_port(thread), read_clock());
  }
  durable.make_keeper(new_port(thread));
}

void Pipeline::place_logs(std::size_t thread, const Plan& plan) {
  DurableBuses& durable = *cell_->durable();
  for (std::size_t i = 0; i < durable.buses(); ++i) {
    watch(thread, durable.log(i), loops_with(plan, &ThreadPlan::writer));
  }
  watch(thread, durable.keeper(), {});
  log_loop_ = loops_[thread].get();
}

bool Pipeline::has_memory_bus() const {
  return std::ranges::any_of(
      catalog_.buses, [](const BusSpec& bus) { return bus.durability == Durability::memory; });
}

const BusLog* Pipeline::log_of(std::size_t bus) const {
  const DurableBuses* durable = cell_->durable();
  for (std::size_t i = 0; durable != nullptr && i < durable->buses(); ++i) {
    if (durable->bus_id(i).value == bus) return &durable->log(i);
  }
  return nullptr;
}

void Pipeline::look_at_disk() {
  if (data_ == nullptr) return;
  free_bytes_ = data_->free_space();
  log_loop_->post([this, bytes = free_bytes_] { cell_->durable()->set_free_space(bytes); });
}

// True once `condition` is, in a time that the disk should never need.
bool Pipeline::reach(const std::function<bool()>& condition) {
  const MonotonicTime deadline = monotonic_now() + kCloseLimit;
  while (!condition()) {
    if (monotonic_now() >= deadline || failure()) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

bool Pipeline::logs_reach(const std::function<bool()>& condition) {
  return reach([&] {
    bool met = false;
    log_loop_->run_and_wait([&] { met = condition(); });
    return met;
  });
}

// Before rules send events to targets that had no place in the logs: the place is on disk, so that
// a restart gives them all that was accepted for them.
Status Pipeline::write_down(const Catalog& catalog) {
  if (data_ == nullptr || log_loop_ == nullptr) return Done{};
  const DurableBuses& durable = *cell_->durable();
  const bool written = logs_reach([&] {
    return std::ranges::all_of(
        catalog.targets, [&](const TargetSpec& target) { return durable.written_down(target); });
  });
  if (written) return Done{};
  return Error{"the places of targets in the logs cannot be written to " + catalog.data_dir};
}

// What was delivered up to now is written down, so that the next start does not repeat it.
void Pipeline::save_and_close_logs() {
  DurableBuses& durable = *cell_->durable();
  all_written_ = logs_reach([&] { return durable.logs_idle(); });
  logs_reach([&] { return durable.save_cursors(read_clock()); });
  left_on_disk_ = look_at_logs();
  static_cast<void>(data_->read_store(left_on_disk_));  // only for people
  data_->stop();
}

// Lagging targets take what is left for them in the log, when it all comes to an end by itself.
bool Pipeline::caught_up() {
  std::size_t lagging = 0;
  for (std::size_t i = 0; i < writer_loops_.size(); ++i) {
    writer_loops_[i]->run_and_wait([&, i] { lagging += cell_->writer(i).lagging(); });
  }
  return lagging == 0;
}

// What is not delivered can only wait: its targets do not answer, and the logs have all of it.
bool Pipeline::only_disk_waits() const {
  if (data_ == nullptr) return false;
  return std::ranges::all_of(targets_, [&](const TargetView& view) {
    const TargetCounters& counters = *view.counters;
    if (counters.pending.read() == 0) return true;
    const auto state = static_cast<TargetState>(counters.state.read());
    const auto spec = target_specs_.find(view.name);
    return state == TargetState::reconnecting && spec != target_specs_.end() &&
           std::ranges::all_of(spec->second.buses, [&](BusId bus) {
             return catalog_.buses[bus.value].durability == Durability::fsync;
           });
  });
}

bool Pipeline::in_use(std::string_view target) const {
  return std::ranges::any_of(
      targets_, [&](const TargetView& view) { return view.name == target && !view.retired; });
}

LogState Pipeline::look_at_logs() {
  DurableBuses& durable = *cell_->durable();
  CursorState positions;
  log_loop_->run_and_wait([&] { positions = durable.positions(); });
  LogState state;
  state.running = true;
  state.free_bytes = free_bytes_;
  state.soft = catalog_.disk.soft;
  state.hard = catalog_.disk.hard;
  for (const StoredBus& stored : positions.buses) {
    LogState::Bus bus{.name = stored.bus, .durable = stored.durable, .input = "not configured"};
    for (std::size_t i = 0; i < durable.buses(); ++i) {
      if (catalog_.buses[durable.bus_id(i).value].name != stored.bus) continue;
      bus.input = input_text(durable.log(i).gate().state());
    }
    state.buses.push_back(std::move(bus));
  }
  for (const StoredCursor& cursor : positions.cursors) {
    state.targets.push_back({.bus = cursor.bus,
                             .name = cursor.target,
                             .next = cursor.next,
                             .in_use = in_use(cursor.target)});
  }
  return state;
}

Status Pipeline::forget(const std::string& name) {
  if (in_use(name)) {
    return Error{"target '" + name +
                 "' is in use: remove it from the configuration and reload, then forget it"};
  }
  const TargetId id = target_id(name);
  const auto retired = [&](bool give_up) {
    bool gone = false;
    writer_loop(id).run_and_wait([&] {
      Writer& writer = cell_->writer(cell_->writer_of(id));
      if (give_up) writer.give_up(id);
      gone = writer.retired(id);
    });
    return gone;
  };
  if (id.valid() && !retired(true) && !reach([&] { return retired(false); })) {
    return Error{"target '" + name + "' cannot be ended just now; try again"};
  }
  DurableBuses& durable = *cell_->durable();
  bool known = false;
  log_loop_->run_and_wait([&] { known = durable.forget(name, id); });
  if (!known) return Error{no_such_target(name)};
  if (!logs_reach([&] { return durable.forgotten(name); })) {
    return Error{"target '" + name + "' is forgotten, but that could not be written down yet"};
  }
  return Done{};
}

Result<LogState> Pipeline::log_state() {
  LogState state;
  if (!errands_.run([&] { state = look_at_logs(); })) return Error{"the router is ending"};
  return state;
}

Status Pipeline::forget_target(const std::string& name) {
  Status status = Done{};
  if (!errands_.run([&] { status = forget(name); })) return Error{"the router is ending"};
  return status;
}

}  // namespace weir
