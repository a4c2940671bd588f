// ByteTrie: a set of texts as a tree of shared prefixes with compressed edges, for prefixes,
// suffixes (read backwards) and their ignore-case forms over ASCII patterns (folded).
//
// Immutable after build. Memory is linear in the text; a walk costs at most the length of the value
// and stops at the first byte that no text has. No recursion.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/rule/json_text.h"

namespace weir::engine {

inline constexpr std::uint32_t kNone = 0xFFFFFFFFU;

class ByteTrie {
 public:
  struct Entry {
    std::string text;  // already reversed or folded as the walk will read
    std::uint32_t id = kNone;
  };
  // The texts must differ.
  void build(std::vector<Entry> entries);
  bool empty() const { return nodes_.empty(); }
  std::size_t memory_bytes() const;

  // Calls found(id, length) for each text that `value` starts with (or ends with), shortest first.
  template <bool kBackward, bool kFold, typename Found>
  void walk(std::string_view value, Found&& found) const {
    const std::size_t size = value.size();
    const auto byte = [&](std::size_t i) {
      const char c = value[kBackward ? size - 1 - i : i];
      return kFold ? ascii_lower(c) : c;
    };
    std::uint32_t at = 0;
    std::size_t depth = 0;
    for (;;) {
      const Node& node = nodes_[at];
      if (node.label_length > size - depth) return;
      const char* label = labels_.data() + node.label;
      if constexpr (!kBackward && !kFold) {
        if (!same_text(label, value.data() + depth, node.label_length)) return;
      } else {
        for (std::uint32_t i = 0; i < node.label_length; ++i) {
          if (label[i] != byte(depth + i)) return;
        }
      }
      depth += node.label_length;
      if (node.id != kNone) found(node.id, depth);
      if (depth == size || node.child_count == 0) return;
      at = child(node, byte(depth));
      if (at == kNone) return;
      ++depth;
    }
  }

 private:
  struct Node {
    std::uint32_t label = 0;  // into labels_; behind the byte that chose this node
    std::uint32_t label_length = 0;
    std::uint32_t first_child = 0;
    std::uint32_t child_count = 0;
    std::uint32_t id = kNone;
    std::uint32_t wide = kNone;  // into wide_, for nodes of many children
  };
  static constexpr std::uint32_t kWideChildren = 17;

  std::uint32_t child(const Node& node, char c) const {
    if (node.wide != kNone) return wide_[node.wide + static_cast<unsigned char>(c)];
    const char* first = first_bytes_.data() + node.first_child;
    for (std::uint32_t i = 0; i < node.child_count; ++i) {
      if (first[i] == c) return node.first_child + i;
    }
    return kNone;
  }

  std::vector<Node> nodes_;
  std::string first_bytes_;  // of each node, the byte that chooses it
  std::string labels_;
  std::vector<std::uint32_t> wide_;
};

}  // namespace weir::engine
