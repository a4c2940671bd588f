// PathTree: the fields that a rule set reads, as a tree of names, and the look-up of an event's
// member name in it.
//
// A field is its names joined with dots, and a dot inside a name is no different from the dot
// between two. So the tree is made of the pieces between dots, and an event name that holds dots
// goes down several levels.
//
// Immutable after build; any thread. Look-ups do not recurse and allocate nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/rule/byte_trie.h"
#include "core/rule/json_text.h"

namespace weir::engine {

class PathTree {
 public:
  static constexpr std::uint32_t kRoot = 0;

  struct Node {
    std::uint32_t path = kNone;  // number of the field that ends here, if any rule reads it
    std::uint32_t first_child = 0;
    std::uint32_t child_count = 0;
    std::uint32_t by_length = 0;  // into by_length_; nodes with few children
    std::uint32_t table = kNone;  // into table_; nodes with many
    std::uint32_t table_mask = 0;
    std::uint32_t depth = 0;  // names on the way here
    // False when no two conditions of a branch can lie in elements of an array that stands here.
    bool arrays_matter = true;
    // Bit n: some child has a name of n bytes (63: of 63 or more).
    std::uint64_t lengths = 0;
    // The same of names with a dot inside, which lead further down.
    std::uint64_t dotted_lengths = 0;
    // Names of either kind, and those of them that resolve_text() is for.
    std::uint64_t asked_for = 0;
    std::uint64_t looked_up = 0;
  };

  // Path i gets number i.
  void build(std::span<const std::string> dotted_paths, std::uint64_t hash_key);
  // `depths`, by path: arrays that stand deeper hold nothing that restricts the field.
  void mark_arrays(std::span<const std::uint16_t> depths);
  // By node: the one it is below. And by path: its node.
  std::vector<std::uint32_t> parents() const;
  std::vector<std::uint32_t> path_nodes() const;
  std::size_t memory_bytes() const;

  const Node& node(std::uint32_t index) const { return nodes_[index]; }

  // The node below `from` that a member name leads to, or kNone. `name` points behind the opening
  // quote of a sound JSON name without escapes; eight bytes behind its closing quote are readable.
  // That no rule asks for it is seen from its length, most often.
  std::uint32_t resolve(std::uint32_t from, const char* name, std::uint32_t length) const {
    const Node& node = nodes_[from];
    if (length >= kLengths - 1) [[unlikely]]
      return resolve_text(from, {name, length});
    if ((node.asked_for >> length & 1U) == 0) return kNone;
    if ((node.looked_up >> length & 1U) != 0) return resolve_text(from, {name, length});
    const std::uint64_t start = load_u64(name) & first_bytes(length);
    const Child* child = &children_[node.first_child + by_length_[node.by_length + length]];
    for (;; ++child) {
      if (child->start == start && child->length == length && has_rest(*child, name)) {
        return child->node;
      }
      if (child->last_of_length) return kNone;
    }
  }
  // The number of the field with this dotted name, or kNone.
  std::uint32_t find_path(std::string_view dotted) const {
    const std::uint32_t node = resolve_text(kRoot, dotted);
    return node == kNone ? kNone : nodes_[node].path;
  }
  // The dotted names of all fields, by number.
  std::vector<std::string> path_names() const;

  // The same for a name as plain text.
  std::uint32_t resolve_text(std::uint32_t from, std::string_view name) const;

 private:
  // The children of a node are ordered by length.
  struct Child {
    std::uint64_t start = 0;  // the first eight bytes
    std::uint32_t name = 0;   // into names_
    std::uint32_t length = 0;
    std::uint32_t node = 0;
    bool last_of_length = false;  // the next has another length, or another parent
  };
  static constexpr std::uint32_t kComparedMax = 24;
  static constexpr std::uint32_t kLengths = 64;  // the last for all longer names

  void index_children(Node& node);
  void note_lengths();

  static std::uint32_t length_class(std::size_t length) {
    return length < kLengths ? static_cast<std::uint32_t>(length) : kLengths - 1;
  }
  static std::uint64_t length_bit(std::size_t length) {
    return std::uint64_t{1} << length_class(length);
  }
  // Of eight bytes, as many as a name of this length has.
  static std::uint64_t first_bytes(std::size_t length) {
    return length < 8 ? (std::uint64_t{1} << (8 * length)) - 1 : ~std::uint64_t{0};
  }
  // Of a name of the same length and start: whether the others agree.
  bool has_rest(const Child& child, const char* name) const {
    const std::uint32_t length = child.length;
    if (length <= 8) return true;
    const char* wanted = names_.data() + child.name;
    for (std::uint32_t i = 8; i + 8 < length; i += 8) {
      if (load_u64(name + i) != load_u64(wanted + i)) return false;
    }
    return load_u64(name + length - 8) == load_u64(wanted + length - 8);
  }
  std::uint32_t child_by_text(const Node& node, std::string_view name) const;

  std::vector<Node> nodes_;
  std::vector<Child> children_;
  std::vector<std::uint8_t> by_length_;  // by length: the first child, counted within the node
  std::vector<std::uint32_t> table_;
  std::string names_;
  std::uint64_t hash_key_ = 0;
};

}  // namespace weir::engine
