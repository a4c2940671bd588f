#include "core/api/put_events.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/rule/json_text.h"

namespace weir {
namespace {

constexpr std::size_t kDetailTypeMax = 128;
constexpr std::size_t kResourceMax = 2048;
constexpr std::uint64_t kTimeBytes = 14;  // what `Time` counts for
constexpr std::string_view kBusExpression =
    R"((arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/\.\-_A-Za-z0-9]+)";

// Of a string: as it is once its escapes are undone.
std::string_view text_of(const JsonNode& node, std::string& memory) {
  if (!node.escaped) return node.raw;
  memory = unescape_json(node.raw);
  return memory;
}

// Escapes only shorten: enough where it is within a limit.
std::uint64_t raw_bytes(const JsonNode* node) {
  return node == nullptr ? 0 : node->raw.size();
}

std::uint64_t text_bytes(const JsonNode* node) {
  if (node == nullptr) return 0;
  return node->escaped ? unescape_json(node->raw).size() : node->raw.size();
}

std::optional<double> seconds_of(const JsonNode& node) {
  double value = 0;
  const char* end = node.raw.data() + node.raw.size();
  if (node.kind != JsonNode::Kind::number ||
      std::from_chars(node.raw.data(), end, value).ptr != end)
    return std::nullopt;
  return value;
}

bool fail(PutEventsResult& result, std::string_view code, std::string message) {
  result.error_code = code;
  result.error_message = std::move(message);
  return false;
}

bool required(const JsonNode* node, std::string_view name, PutEventsResult& result) {
  if (node != nullptr && !node->raw.empty()) return true;
  return fail(result, "InvalidArgument",
              "Parameter " + std::string(name) + " is not valid. Reason: " + std::string(name) +
                  " is a required argument.");
}

}  // namespace

PutEventsReader::Entry PutEventsReader::read_entry(const JsonNode& node) {
  if (node.kind != JsonNode::Kind::object) {
    input_.wrong_type(node, "a PutEventsRequestEntry");
    return {};
  }
  Entry entry;
  entry.source = input_.string(node, "Source");
  entry.detail_type = input_.string(node, "DetailType");
  entry.detail = input_.string(node, "Detail");
  entry.bus = input_.string(node, "EventBusName");
  entry.resources = input_.array(node, "Resources");
  entry.time = input_.member(node, "Time");
  if (entry.time != nullptr && !seconds_of(*entry.time)) {
    input_.wrong_type(*entry.time, "a Timestamp");
  }
  if (entry.resources == nullptr) return entry;
  const JsonTree& tree = input_.tree();
  for (const JsonNode* at = tree.first_child(*entry.resources); at != nullptr;
       at = tree.next(*at)) {
    if (at->kind != JsonNode::Kind::string) input_.wrong_type(*at, "a String");
  }
  return entry;
}

void PutEventsReader::check_members(const Entry& entry, std::size_t number,
                                    AwsConstraints& constraints) {
  const std::string at = "entries." + std::to_string(number) + ".member.";
  std::string memory;
  if (entry.bus != nullptr) {
    const std::string_view bus = text_of(*entry.bus, memory);
    constraints.length(at + "eventBusName", bus, 1, 1600);
    const std::string_view name = bus.starts_with("arn:") ? bus.substr(bus.rfind(':') + 1) : bus;
    if (!bus.empty()) constraints.name(at + "eventBusName", name, "/", kBusExpression);
  }
}

std::uint64_t PutEventsReader::size_of(const Entry& entry,
                                       std::uint64_t (*bytes)(const JsonNode*)) const {
  std::uint64_t size = entry.time != nullptr ? kTimeBytes : 0;
  size += bytes(entry.source) + bytes(entry.detail_type) + bytes(entry.detail);
  if (entry.resources == nullptr) return size;
  const JsonTree& tree = input_.tree();
  for (const JsonNode* at = tree.first_child(*entry.resources); at != nullptr;
       at = tree.next(*at)) {
    size += bytes(at);
  }
  return size;
}

bool PutEventsReader::too_large() const {
  for (const auto bytes : {raw_bytes, text_bytes}) {
    std::uint64_t size = 0;
    for (const Entry& entry : entries_) size += size_of(entry, bytes);
    if (size <= limits_.request_bytes_max) return false;
  }
  return true;
}

// Into detail_, as one line. False where it is no JSON object.
bool PutEventsReader::take_detail(const JsonNode& detail) {
  detail_.resize(detail.raw.size());
  char* end = detail_.data();
  if (detail.escaped) {
    end = unescape_json(detail.raw, end);
  } else {
    end = std::ranges::copy(detail.raw, end).out;
  }
  detail_.resize(static_cast<std::size_t>(end - detail_.data()));
  JsonScanner scanner(detail_);
  JsonToken token = scanner.next();
  if (token != JsonToken::object_begin) return false;
  while (token != JsonToken::end && token != JsonToken::fault) token = scanner.next();
  if (token == JsonToken::fault) return false;
  // No string of sound JSON holds a line end: those there are stand between values.
  for (char& c : detail_) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return true;
}

bool PutEventsReader::check_entry(const Entry& entry, PutEventsResult& result) {
  if (!required(entry.source, "Source", result) ||
      !required(entry.detail_type, "DetailType", result) ||
      !required(entry.detail, "Detail", result)) {
    return false;
  }
  std::string memory;
  if (text_of(*entry.source, memory).starts_with("aws.")) {
    return fail(result, "NotAuthorizedForSourceException",
                "Not authorized for the source: names that begin with 'aws.' are reserved.");
  }
  const std::string_view type = text_of(*entry.detail_type, memory);
  if (type.size() > kDetailTypeMax) {
    AwsConstraints characters;
    characters.length("detailType", type, 1, kDetailTypeMax);
    if (characters.error()) {
      return fail(result, "InvalidArgument",
                  "Parameter DetailType is not valid. Reason: DetailType is longer than " +
                      std::to_string(kDetailTypeMax) + " characters.");
    }
  }
  if (entry.resources != nullptr) {
    const JsonTree& tree = input_.tree();
    for (const JsonNode* at = tree.first_child(*entry.resources); at != nullptr;
         at = tree.next(*at)) {
      if (raw_bytes(at) <= kResourceMax || text_bytes(at) <= kResourceMax) continue;
      return fail(result, "InvalidArgument",
                  "Parameter Resources is not valid. Reason: a resource is longer than " +
                      std::to_string(kResourceMax) + " bytes.");
    }
  }
  if (!take_detail(*entry.detail)) {
    return fail(result, "MalformedDetail", "Detail is malformed.");
  }
  return true;
}

PutEventsPart& PutEventsReader::part_of(std::string_view name, BusId bus,
                                        PutEventsBatch& out) const {
  const auto found = std::ranges::find(out.parts, bus, &PutEventsPart::bus);
  if (found != out.parts.end()) return *found;
  return out.parts.emplace_back(
      PutEventsPart{.bus = bus, .name = std::string(name), .lines = {}, .count = 0});
}

// The envelope, as one line. Strings stay in the spelling of the request.
void PutEventsReader::write(const Entry& entry, const ApiModel& model, WallTime now,
                            const EventIdText& id, std::string& out) const {
  const double given = entry.time == nullptr ? 0 : *seconds_of(*entry.time);
  const std::int64_t seconds =
      entry.time == nullptr
          ? std::chrono::duration_cast<std::chrono::seconds>(now.since_epoch).count()
          : static_cast<std::int64_t>(std::clamp(std::floor(given), 0.0, 4e11));
  const EventTimeText time = event_time(seconds);
  out.append(R"({"version":"0","id":")").append(id.data(), id.size());
  out.append(R"(","detail-type":")").append(entry.detail_type->raw);
  out.append(R"(","source":")").append(entry.source->raw);
  out.append(R"(","account":")").append(model.account());
  out.append(R"(","time":")").append(time.data(), time.size());
  out.append(R"(","region":")").append(model.region());
  out.append(R"(","resources":[)");
  if (entry.resources != nullptr) {
    const JsonTree& tree = input_.tree();
    for (const JsonNode* at = tree.first_child(*entry.resources); at != nullptr;
         at = tree.next(*at)) {
      if (at != tree.first_child(*entry.resources)) out += ',';
      out.append("\"").append(at->raw).append("\"");
    }
  }
  out.append(R"(],"detail":)").append(detail_).append("}\n");
}

std::optional<AwsError> PutEventsReader::read(std::string_view body, const ApiModel& model,
                                              const PutEventsCall& call, PutEventsBatch& out) {
  if (!input_.read(body)) return input_.error();
  if (input_.member(input_.root(), "EndpointId") != nullptr) {
    return validation_error(
        "Parameter EndpointId is not valid. Reason: there are no global "
        "endpoints here, leave it out.");
  }
  const JsonNode* list = input_.array(input_.root(), "Entries");
  if (input_.error()) return input_.error();
  AwsConstraints constraints;
  if (list == nullptr) {
    constraints.broken("entries", "null", "not be null");
  } else if (list->children == 0) {
    constraints.broken("entries", "[]", "have length greater than or equal to 1");
  } else if (list->children > limits_.entries_max) {
    constraints.broken("entries", "[" + std::to_string(list->children) + " entries]",
                       "have length less than or equal to " + std::to_string(limits_.entries_max));
  }
  if (constraints.error()) return constraints.error();
  entries_.clear();
  const JsonTree& tree = input_.tree();
  for (const JsonNode* at = tree.first_child(*list); at != nullptr; at = tree.next(*at)) {
    entries_.push_back(read_entry(*at));
    check_members(entries_.back(), entries_.size(), constraints);
  }
  if (input_.error()) return input_.error();
  if (constraints.error()) return constraints.error();
  if (too_large()) {
    return validation_error("Total size of the entries in the request is over the limit.");
  }
  std::string memory;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    PutEventsResult& result = out.results.emplace_back();
    if (!check_entry(entry, result)) continue;
    result.id = event_id(call.id_seed, call.id_sequence, static_cast<std::uint32_t>(i));
    const std::string_view given =
        entry.bus == nullptr ? std::string_view("default") : text_of(*entry.bus, memory);
    const std::string_view name = model.bus_name(given);
    const ApiBus* bus = model.bus(name);
    if (bus == nullptr) {
      // As the service has it: no failure, and no event.
      ++out.unknown_bus;
      if (call.strict_bus) {
        fail(result, "ResourceNotFoundException",
             "Event bus " + std::string(given) + " does not exist.");
      }
      continue;
    }
    PutEventsPart& part = part_of(name, bus->id, out);
    write(entry, model, call.now, result.id, part.lines);
    result.part = static_cast<std::uint32_t>(&part - out.parts.data());
    result.line = ++part.count;
  }
  return std::nullopt;
}

std::string put_events_answer(const PutEventsBatch& batch) {
  const auto failed =
      std::ranges::count_if(batch.results, [](const auto& r) { return !r.error_code.empty(); });
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().name("FailedEntryCount").number(static_cast<std::uint64_t>(failed));
  writer.name("Entries").begin_array();
  for (const PutEventsResult& result : batch.results) {
    writer.begin_object();
    if (result.error_code.empty()) {
      writer.member("EventId", std::string_view(result.id.data(), result.id.size()));
    } else {
      writer.member("ErrorCode", result.error_code).member("ErrorMessage", result.error_message);
    }
    writer.end_object();
  }
  writer.end_array().end_object();
  return body;
}

}  // namespace weir
