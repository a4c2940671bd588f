#include "core/deliver/order_key.h"

#include "core/rule/json_scanner.h"
#include "core/rule/json_text.h"

namespace weir {
namespace {

bool same_name(const JsonScanner& scanner, std::string_view name) {
  return scanner.escaped() ? unescape_json(scanner.raw()) == name : scanner.raw() == name;
}

// The value behind the member's name, which was the last token, is passed over.
bool pass_value(JsonScanner& scanner) {
  const std::size_t depth = scanner.depth();
  for (;;) {
    const JsonToken token = scanner.next();
    if (token == JsonToken::fault || token == JsonToken::end) return false;
    if (scanner.depth() <= depth && token != JsonToken::name) return true;
  }
}

}  // namespace

std::string_view order_key(std::string_view event, const FieldPath& path) {
  JsonScanner scanner(event);
  JsonToken token = scanner.next();
  for (const std::string& name : path) {
    if (token != JsonToken::object_begin) return {};
    for (;;) {
      token = scanner.next();
      if (token != JsonToken::name) return {};
      if (same_name(scanner, name)) break;
      if (!pass_value(scanner)) return {};
    }
    token = scanner.next();
  }
  switch (token) {
    case JsonToken::string:
    case JsonToken::number:
      return scanner.raw();
    case JsonToken::true_:
    case JsonToken::null:
      return event.substr(scanner.position(), 4);
    case JsonToken::false_:
      return event.substr(scanner.position(), 5);
    default:
      return {};
  }
}

std::uint64_t hash_order_key(std::string_view key, std::uint64_t hash_key) {
  return key.empty() ? 0 : hash_text(key, hash_key) | 1U;
}

}  // namespace weir
