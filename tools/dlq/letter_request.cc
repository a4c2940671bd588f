#include "tools/dlq/letter_request.h"

#include <array>
#include <nlohmann/json.hpp>

namespace weir {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 3> kActions = {"ls", "redrive", "drop"};

Json parse(std::string_view line) {
  return Json::parse(line, nullptr, false);
}

// Nothing where it is missing, an error where it is of another type.
template <typename T>
bool read(const Json& json, const char* key, T& into) {
  const auto found = json.find(key);
  if (found == json.end()) return true;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!found->is_boolean()) return false;
  } else {
    if (!found->is_number_unsigned()) return false;
  }
  into = found->get<T>();
  return true;
}

bool read_ids(const Json& json, std::vector<EntryId>& ids) {
  const auto found = json.find("ids");
  if (found == json.end()) return true;
  if (!found->is_array()) return false;
  for (const Json& id : *found) {
    if (!id.is_number_unsigned()) return false;
    ids.push_back(id.get<EntryId>());
  }
  return true;
}

}  // namespace

bool is_letter_request(std::string_view line) {
  const Json json = parse(line);
  return json.is_object() && json.contains("command") && json["command"] == "dlq";
}

std::string to_json(const LetterRequest& request) {
  const Json json = {{"command", "dlq"},
                     {"do", kActions[static_cast<std::size_t>(request.action)]},
                     {"target", request.filter.target},
                     {"ids", request.filter.ids},
                     {"since", request.filter.since.since_epoch.count()},
                     {"limit", request.limit},
                     {"events", request.with_events}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<LetterRequest> read_letter_request(std::string_view line) {
  const Error bad{"no sound request"};
  const Json json = parse(line);
  if (!json.is_object()) return bad;
  LetterRequest request;
  std::string action;
  std::uint64_t since = 0;
  const bool sound = read(json, "do", action) && read(json, "target", request.filter.target) &&
                     read_ids(json, request.filter.ids) && read(json, "since", since) &&
                     read(json, "limit", request.limit) &&
                     read(json, "events", request.with_events) && since <= INT64_MAX;
  const auto known = std::find(kActions.begin(), kActions.end(), action);
  if (!sound || known == kActions.end()) return bad;
  request.action = static_cast<LetterRequest::Action>(known - kActions.begin());
  request.filter.since = {Nanoseconds(static_cast<std::int64_t>(since))};
  return request;
}

}  // namespace weir
