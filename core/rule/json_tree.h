// JsonTree: a small JSON text held as a flat array of nodes in document order, with the offset of
// each. For patterns and rule files; events never become a tree. Repeated names are kept.
//
// Threads: one. Lifetime: refers to the text. Reusable: read() keeps the memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/rule/json_scanner.h"

namespace weir {

struct JsonNode {
  enum class Kind : std::uint8_t { object, array, string, number, true_, false_, null };
  Kind kind = Kind::null;
  bool name_escaped = false;
  bool escaped = false;
  std::uint32_t offset = 0;       // of the value in the text
  std::uint32_t end = 0;          // behind the value
  std::uint32_t name_offset = 0;  // of the member's name, at its opening quote
  std::uint32_t next = 0;         // index of the next sibling, 0 when this is the last
  std::uint32_t children = 0;     // direct members or elements; the first is at index + 1
  std::string_view raw_name;
  std::string_view raw;  // strings without quotes, numbers

  std::string name() const;
  std::string text() const;  // of a string
};

struct JsonTreeFault {
  JsonFault fault = JsonFault::none;
  std::string_view message;
  std::size_t offset = 0;
};

class JsonTree {
 public:
  // True when the whole text is one sound JSON value. Texts of 4 GiB and more are refused.
  bool read(std::string_view text, std::size_t string_length_max = kJsonStringLengthMax);
  const JsonTreeFault& fault() const { return fault_; }

  const JsonNode& root() const { return nodes_[0]; }
  std::size_t size() const { return nodes_.size(); }
  const JsonNode& at(std::size_t index) const { return nodes_[index]; }
  std::size_t index_of(const JsonNode& node) const {
    return static_cast<std::size_t>(&node - nodes_.data());
  }
  const JsonNode* first_child(const JsonNode& node) const {
    return node.children == 0 ? nullptr : &node + 1;
  }
  const JsonNode* next(const JsonNode& node) const {
    return node.next == 0 ? nullptr : &nodes_[node.next];
  }

 private:
  // A value; `named` carries the name of a member.
  void add(JsonToken token, const JsonScanner& scanner, const JsonNode& named);

  std::vector<JsonNode> nodes_;
  std::vector<std::uint32_t> open_;        // containers not closed yet
  std::vector<std::uint32_t> last_child_;  // of each of them, 0 when none
  JsonTreeFault fault_;
};

}  // namespace weir
