#include "tools/log/log_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "core/log/cursor_file.h"
#include "core/log/segment.h"
#include "io/store/event_file.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parse(std::string_view line) {
  return Json::parse(line, nullptr, false);
}

std::uint64_t number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// The objects of a list; nothing where there is none.
std::vector<Json> objects(const Json& json, const char* key) {
  std::vector<Json> result;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return result;
  for (const Json& item : *found) {
    if (item.is_object()) result.push_back(item);
  }
  return result;
}

// Buses that have a directory and are in no cursor yet.
Status add_folders(Disk& disk, const std::string& data_dir, LogState& state) {
  const auto folders = disk.list(join_path(data_dir, "buses"));
  if (!folders) return Error{folders.error().message};
  for (const Disk::Entry& folder : *folders) {
    if (folder.kind != Disk::Entry::Kind::directory) continue;
    const std::string name = bus_of_directory(folder.name);
    if (std::ranges::find(state.buses, name, &LogState::Bus::name) == state.buses.end()) {
      state.buses.push_back({.name = name, .durable = 0, .input = ""});
    }
  }
  return Done{};
}

}  // namespace

std::string to_json(const LogState& state) {
  Json json = {{"running", state.running}, {"free_bytes", state.free_bytes},
               {"soft", state.soft},       {"hard", state.hard},
               {"buses", Json::array()},   {"targets", Json::array()},
               {"stored", Json::array()}};
  for (const LogState::Bus& bus : state.buses) {
    json["buses"].push_back({{"name", bus.name}, {"durable", bus.durable}, {"input", bus.input}});
  }
  for (const LogState::Target& target : state.targets) {
    Json one = {{"bus", target.bus},
                {"name", target.name},
                {"block", target.next.sequence},
                {"event", target.next.event}};
    if (target.in_use) one["in_use"] = *target.in_use;
    json["targets"].push_back(std::move(one));
  }
  for (const LogState::Stored& stored : state.stored) {
    json["stored"].push_back({{"target", stored.target},
                              {"retries", stored.retries},
                              {"dead_letters", stored.dead_letters}});
  }
  return dump(json);
}

Result<LogState> read_log_state(std::string_view line) {
  const Json json = parse(line);
  if (!json.is_object()) return Error{"the router's answer makes no sense"};
  LogState state;
  state.running = json.value("running", false);
  state.free_bytes = number(json, "free_bytes");
  state.soft = number(json, "soft");
  state.hard = number(json, "hard");
  for (const Json& bus : objects(json, "buses")) {
    state.buses.push_back({.name = text(bus, "name"),
                           .durable = number(bus, "durable"),
                           .input = text(bus, "input")});
  }
  for (const Json& target : objects(json, "targets")) {
    LogState::Target one{
        .bus = text(target, "bus"), .name = text(target, "name"), .next = {}, .in_use = {}};
    one.next.sequence = number(target, "block");
    one.next.event = static_cast<std::uint32_t>(number(target, "event"));
    if (target.contains("in_use")) one.in_use = target["in_use"] == true;
    state.targets.push_back(std::move(one));
  }
  for (const Json& stored : objects(json, "stored")) {
    state.stored.push_back({.target = text(stored, "target"),
                            .retries = number(stored, "retries"),
                            .dead_letters = number(stored, "dead_letters")});
  }
  return state;
}

std::vector<LogState::Stored> stored_of(const std::vector<TargetTotals>& totals) {
  std::vector<LogState::Stored> stored;
  for (const TargetTotals& one : totals) {
    stored.push_back(
        {.target = one.target, .retries = one.retries, .dead_letters = one.dead_letters});
  }
  return stored;
}

Result<LogState> log_state_of(Disk& disk, const std::string& data_dir) {
  const auto cursors = read_cursors(disk, data_dir);
  if (!cursors) return cursors.error();
  LogState state;
  for (const StoredBus& bus : cursors->state.buses) {
    state.buses.push_back({.name = bus.bus, .durable = 0, .input = ""});
  }
  for (const StoredCursor& cursor : cursors->state.cursors) {
    state.targets.push_back(
        {.bus = cursor.bus, .name = cursor.target, .next = cursor.next, .in_use = {}});
  }
  if (Status status = add_folders(disk, data_dir, state); !status) return status.error();
  if (!has_events(data_dir)) return state;
  const auto opened = open_events(data_dir);
  if (!opened) return opened.error();
  const auto totals = opened->table->totals();
  if (!totals) return Error{totals.error().message};
  state.stored = stored_of(*totals);
  return state;
}

bool is_log_request(std::string_view line) {
  const Json json = parse(line);
  return json.is_object() && text(json, "command") == "log";
}

std::string to_json(const LogRequest& request) {
  Json json = {{"command", "log"}};
  json["do"] = request.action == LogRequest::Action::state ? "state" : "forget";
  if (request.action == LogRequest::Action::forget) json["target"] = request.target;
  return dump(json);
}

Result<LogRequest> read_log_request(std::string_view line) {
  const Json json = parse(line);
  if (!json.is_object()) return Error{"no sound request"};
  const std::string what = text(json, "do");
  LogRequest request;
  request.target = text(json, "target");
  if (what == "forget" && !request.target.empty()) {
    request.action = LogRequest::Action::forget;
  } else if (what != "state") {
    return Error{"no sound request"};
  }
  return request;
}

std::string forgotten_line(std::string_view target) {
  return dump(Json{{"forgotten", std::string(target)}});
}

std::string no_such_target(std::string_view target) {
  return "no bus has a place of a target '" + std::string(target) + "'; weir log stat shows all";
}

Result<bool, Error> forget_cursors(Disk& disk, const std::string& data_dir,
                                   const std::string& target) {
  auto cursors = read_cursors(disk, data_dir);
  if (!cursors) return cursors.error();
  CursorState& state = cursors->state;
  if (std::erase_if(state.cursors, [&](const StoredCursor& c) { return c.target == target; }) ==
      0) {
    return false;
  }
  ++state.generation;
  std::string bytes;
  encode_cursors(state, bytes);
  // Into the older slot: whatever a crash leaves of it, the other one is whole.
  const auto file =
      disk.open(cursor_slot_path(data_dir, 1 - cursors->slot), Disk::Access::read_write);
  if (!file) return Error{file.error().message};
  if (DiskStatus status = (*file)->write(bytes, 0); !status) return Error{status.error().message};
  if (DiskStatus status = (*file)->sync(); !status) return Error{status.error().message};
  return true;
}

}  // namespace weir
