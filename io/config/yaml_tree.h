// YamlTree: a YAML (or JSON) document as written: every scalar with its spelling, whether it was
// quoted, and its place; repeated keys side by side. yaml-cpp's own nodes lose all three, so the
// tree is built from its events.
//
// Facts: YAML 1.2; yaml-cpp 0.7 nests by recursion, guarded by it at 500 levels.
// Errors: the first syntax fault ends the parse (what follows would be guesses).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "io/config/source_text.h"

namespace weir {

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping };
  Kind kind = Kind::null;
  bool plain = true;                    // scalar: neither quoted nor a block
  std::size_t offset = 0;               // in the source text
  std::string text;                     // scalar; null: its spelling, empty where nothing stands
  std::vector<std::uint32_t> children;  // values; of a mapping: key, value, key, value ...
};

struct YamlTree {
  std::vector<YamlNode> nodes;
  std::uint32_t root = 0;

  const YamlNode& node(std::uint32_t index) const { return nodes[index]; }
  const YamlNode& root_node() const { return nodes[root]; }
};

// One document. Aliases are followed (a node may have several parents, never itself below it);
// what they expand to is bounded.
Result<YamlTree, Fault> parse_yaml(const SourceText& source);

// "a mapping", "a list", "a single value", "empty": for messages, behind "is".
const char* kind_name(const YamlNode& node);

}  // namespace weir
