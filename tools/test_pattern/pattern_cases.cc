#include "tools/test_pattern/pattern_cases.h"

#include <fmt/format.h>

#include "tools/match/event_words.h"

namespace weir {
namespace {

void write_error(std::string_view id, std::string_view where, std::string_view message,
                 std::string& out) {
  out += "{\"id\":";
  out += id;
  out += ",\"error\":{\"where\":\"";
  out += where;
  out += "\",\"message\":\"";
  out += quotable(message);
  out += "\"}}\n";
}

}  // namespace

PatternCases::Case PatternCases::read(std::string_view line) {
  Case out;
  out.id = "null";
  if (!tree_.read(line)) {
    const JsonTreeFault& fault = tree_.fault();
    out.fault = fmt::format("not sound JSON: {} (byte {})", fault.message, fault.offset + 1);
    return out;
  }
  const JsonNode& root = tree_.root();
  if (root.kind != JsonNode::Kind::object) {
    out.fault = "a case is a JSON object";
    return out;
  }
  const JsonNode* id = nullptr;
  const JsonNode* pattern = nullptr;
  const JsonNode* event = nullptr;
  bool repeated = false;
  for (const JsonNode* m = tree_.first_child(root); m != nullptr; m = tree_.next(*m)) {
    const std::string name = m->name();
    const JsonNode** place = name == "id"        ? &id
                             : name == "pattern" ? &pattern
                             : name == "event"   ? &event
                                                 : nullptr;
    if (place == nullptr) continue;
    repeated = repeated || *place != nullptr;
    *place = m;
  }
  if (id != nullptr) out.id = line.substr(id->offset, id->end - id->offset);
  const auto is_text = [](const JsonNode* node) {
    return node != nullptr && node->kind == JsonNode::Kind::string;
  };
  if (repeated) {
    out.fault = "\"id\", \"pattern\" and \"event\" may stand there once";
  } else if (id == nullptr) {
    out.fault = "a case needs an \"id\"";
  } else if (!is_text(pattern) || !is_text(event)) {
    out.fault = "a case needs a \"pattern\" and an \"event\", both JSON texts inside strings";
  } else {
    out.pattern = pattern->text();
    out.event = event->text();
  }
  return out;
}

bool PatternCases::answer(std::string_view line, std::uint64_t number, std::string& out) {
  const Case given = read(line);
  if (!given.fault.empty()) {
    write_error(given.id, "case", fmt::format("line {}: {}", number, given.fault), out);
    return false;
  }
  const auto result = trial_.run(given.pattern, given.event);
  if (!result) {
    write_error(given.id, to_string(result.error().where), result.error().message, out);
    return true;
  }
  out += "{\"id\":";
  out += given.id;
  out += *result ? ",\"result\":true}\n" : ",\"result\":false}\n";
  return true;
}

}  // namespace weir
