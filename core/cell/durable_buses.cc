#include "core/cell/durable_buses.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/log/segment.h"

namespace weir {

const RecoveredBuses::Bus* RecoveredBuses::find(BusId bus) const {
  const auto found = std::ranges::find(buses, bus, &Bus::bus);
  return found == buses.end() ? nullptr : &*found;
}

std::vector<FileMark> RecoveredBuses::file_marks(std::string_view source) const {
  std::vector<FileMark> marks;
  for (const Bus& bus : buses) {
    for (const LoggedMark& logged : bus.log.marks) {
      if (logged.source == source) marks.push_back(logged.mark);
    }
  }
  return marks;
}

Result<RecoveredBuses> recover_buses(Disk& disk, const Catalog& catalog, const LogFaults& faults) {
  RecoveredBuses result;
  if (auto made = disk.make_directories(catalog.data_dir + "/buses"); !made) {
    return Error{made.error().message};
  }
  auto cursors = read_cursors(disk, catalog.data_dir);
  if (!cursors) return cursors.error();
  result.cursors = std::move(cursors).value();
  if (auto made = make_cursor_slots(disk, catalog.data_dir); !made) {
    return Error{made.error().message};
  }
  if (result.cursors.damaged.size() > 1) {
    result.messages.push_back("both " + cursor_slot_path(catalog.data_dir, 0) +
                              " and cursors.1 are damaged: every target gets again all that its "
                              "logs still hold");
  }
  for (std::size_t i = 0; i < catalog.buses.size(); ++i) {
    const BusSpec& spec = catalog.buses[i];
    if (spec.durability != Durability::fsync) continue;
    RecoveryOptions options;
    options.directory = bus_directory(catalog.data_dir, spec.name);
    options.bus = spec.name;
    options.decode.ignore_checksum = faults.ignore_checksum;
    options.durable_known = result.cursors.state.durable(spec.name);
    auto log = recover_bus_log(disk, options);
    if (!log) return Error{"bus " + spec.name + ": " + log.error().message};
    for (const LogDamage& damage : log->damage) {
      result.messages.push_back("bus " + spec.name + ": " + damage.file + ": " + damage.what);
    }
    RecoveredBuses::Bus bus{.bus = BusId(static_cast<std::uint16_t>(i)), .log = {}};
    bus.next_sequence = log->next_sequence;
    bus.first_sequence =
        log->segments.empty() ? log->next_sequence : log->segments.front().first_sequence;
    bus.log = std::move(log).value();
    result.buses.push_back(std::move(bus));
  }
  return result;
}

DurableBuses::DurableBuses(const Shared& shared, const Catalog& catalog, RecoveredBuses recovered,
                           std::uint64_t run_seed, const LogFaults& faults)
    : shared_(shared),
      data_dir_(catalog.data_dir),
      disk_(catalog.disk),
      specs_(catalog.buses),
      run_seed_(run_seed),
      faults_(faults),
      tables_(shared.layouts),
      stored_(std::move(recovered.cursors)) {
  for (const SourceSpec& source : catalog.sources) source_names_.push_back(source.name);
  for (RecoveredBuses::Bus& bus : recovered.buses) {
    buses_.push_back({.id = bus.bus,
                      .name = specs_[bus.bus.value].name,
                      .first_sequence = bus.first_sequence,
                      .next_sequence = bus.next_sequence,
                      .recovered = std::move(bus.log),
                      .log = nullptr});
  }
}

DurableBuses::~DurableBuses() = default;

BusLog& DurableBuses::make_log(std::size_t index, Port& port, const Now& now) {
  Bus& bus = buses_[index];
  WEIR_CHECK(bus.log == nullptr);
  BusLog::Options options;
  options.directory = bus_directory(data_dir_, bus.name);
  options.bus = bus.id;
  options.spec = specs_[bus.id.value];
  options.disk = disk_;
  options.seed = run_seed_ + 1000 + index;
  options.faults = faults_;
  const LogNames& names = *this;
  BusLogOutput& output = *this;
  bus.log = std::make_unique<BusLog>(std::move(options), *std::exchange(bus.recovered, {}), port,
                                     names, output, shared_.host, now);
  shared_.sequencer.add_outlet(bus.id, *bus.log);
  return *bus.log;
}

CursorKeeper& DurableBuses::make_keeper(Port& port) {
  CursorKeeperHost& host = *this;
  keeper_ = std::make_unique<CursorKeeper>(
      CursorKeeper::Options{.data_dir = data_dir_, .past_unsettled = faults_.cursor_past_unsettled},
      stored_, port, board_, host);
  for (Bus& bus : buses_) {
    BusLog* log = bus.log.get();
    keeper_->add_log({.bus = bus.id,
                      .name = bus.name,
                      .durable = [log] { return log->durable_sequence(); },
                      .may_go_below = [log](std::uint64_t s) { log->set_floor(s); }});
  }
  return *keeper_;
}

CatchUp& DurableBuses::add_writer(std::size_t index, Writer& writer, std::vector<Port*> ports,
                                  const Now& now) {
  WEIR_CHECK(ports.size() == buses_.size());
  const ReplayNames& names = *this;
  Reading reading;
  CatchUp::Options options;
  if (faults_.unbounded_catch_up) options.records_per_poll = std::size_t{1} << 20U;
  reading.catch_up = std::make_unique<CatchUp>(options, writer, SteadyClock(now));
  for (std::size_t i = 0; i < buses_.size(); ++i) {
    Bus& bus = buses_[i];
    writer.add_bus(bus.id, board_.passed(bus.id, index, {bus.next_sequence, 0}));
    reading.readers.push_back(std::make_unique<LogReader>(
        LogReader::Options{.decode = {.ignore_checksum = faults_.ignore_checksum}}, *ports[i],
        bus.log->view(), names, tables_, now));
    reading.catch_up->add_source(bus.id, *reading.readers.back());
  }
  readings_.push_back(std::move(reading));
  return *readings_.back().catch_up;
}

LogPosition DurableBuses::start_of(const Bus& bus, const std::string& target) const {
  const LogPosition first{bus.first_sequence, 0};
  const LogPosition end{bus.next_sequence, 0};
  if (const StoredCursor* stored = stored_.state.find(bus.name, target)) {
    return std::clamp(stored->next, first, end);
  }
  return stored_.damaged.size() > 1 ? first : end;
}

void DurableBuses::open_feeds(std::size_t writer_index, Writer& writer, TargetId id,
                              const TargetSpec& spec) {
  for (const Bus& bus : buses_) {
    // A target that no rule names any more still gets what was accepted for it.
    const bool known = stored_.state.find(bus.name, spec.name) != nullptr;
    if (!known && std::ranges::find(spec.buses, bus.id) == spec.buses.end()) continue;
    // What the Writer has passed is the end for a target that comes while it runs.
    const auto passed = board_.passed(bus.id, writer_index, {bus.next_sequence, 0});
    LogPosition start = start_of(bus, spec.name);
    if (!known) start = std::max(start, passed->read());
    if (writer.has_feed(id, bus.id)) continue;
    writer.add_feed(id, board_.open(bus.id, id, writer_index, start));
  }
}

std::vector<const BusGate*> DurableBuses::gates() const {
  std::vector<const BusGate*> gates(specs_.size(), nullptr);
  for (const Bus& bus : buses_) gates[bus.id.value] = &bus.log->gate();
  return gates;
}

const BusGate* DurableBuses::gate(BusId id) const {
  const auto found = std::ranges::find(buses_, id, &Bus::id);
  return found == buses_.end() ? nullptr : &found->log->gate();
}

void DurableBuses::set_free_space(std::uint64_t bytes) {
  for (Bus& bus : buses_) bus.log->set_free_space(bytes);
}

bool DurableBuses::logs_idle() const {
  return std::ranges::all_of(buses_, [](const Bus& bus) { return bus.log->idle(); });
}

bool DurableBuses::forget(const std::string& target, TargetId id) {
  const bool on_board = id.valid() && board_.forget(id);
  const bool stored = keeper_->forget(target);
  std::erase_if(stored_.state.cursors, [&](const StoredCursor& c) { return c.target == target; });
  return on_board || stored;
}

bool DurableBuses::forgotten(std::string_view target) const {
  return std::ranges::find(keeper_->saved().cursors, target, &StoredCursor::target) ==
         keeper_->saved().cursors.end();
}

bool DurableBuses::written_down(const TargetSpec& spec) const {
  return std::ranges::all_of(buses_, [&](const Bus& bus) {
    return std::ranges::find(spec.buses, bus.id) == spec.buses.end() ||
           keeper_->saved().find(bus.name, spec.name) != nullptr;
  });
}

void DurableBuses::close() {
  keeper_->close();
  for (Bus& bus : buses_) bus.log->close();
  for (Reading& reading : readings_) {
    for (auto& reader : reading.readers) reader->stop();
  }
}

bool DurableBuses::quiescent() const {
  return keeper_->quiescent() &&
         std::ranges::all_of(buses_, [](const Bus& bus) { return bus.log->quiescent(); }) &&
         std::ranges::all_of(readings_, [](const Reading& reading) {
           return std::ranges::all_of(reading.readers,
                                      [](const auto& reader) { return reader->quiescent(); });
         });
}

void DurableBuses::cursor_message(std::string_view text) {
  shared_.host.log_message(BusId{}, text);
}

std::string DurableBuses::source(SourceId id) const {
  return id.value < source_names_.size() ? source_names_[id.value] : std::string();
}

SourceId DurableBuses::source(std::string_view name) const {
  const auto found = std::ranges::find(source_names_, name);
  if (found == source_names_.end()) return {};
  return SourceId(static_cast<std::uint16_t>(found - source_names_.begin()));
}

}  // namespace weir
