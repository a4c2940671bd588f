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

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace weir::engine {

class PathTree {
 public:
  static constexpr std::uint32_t kRoot = 0;

  struct Node {
    std::uint32_t path = kNone;  // number of the field that ends here, if any rule reads it
    std::uint32_t first_child = 0;
    std::uint32_t child_count = 0;
    std::uint32_t groups = 0;     // first of its Groups; nodes with few children
    std::uint32_t table = kNone;  // into table_; nodes with many
    std::uint32_t table_mask = 0;
    // Bit n: some child has a name of n bytes (63: of 63 or more).
    std::uint64_t lengths = 0;
    // The same of names with a dot inside, which lead further down.
    std::uint64_t dotted_lengths = 0;
  };
  static std::uint64_t length_bit(std::size_t length) {
    return std::uint64_t{1} << (length < 63 ? length : 63U);
  }

  // Path i gets number i.
  void build(std::span<const std::string> dotted_paths, std::uint64_t hash_key);
  std::size_t memory_bytes() const;

  const Node& node(std::uint32_t index) const { return nodes_[index]; }

  // The node below `from` that a member name leads to, or kNone. `name` points behind the opening
  // quote of a sound JSON name without escapes; eight bytes behind its closing quote are readable.
  std::uint32_t resolve(std::uint32_t from, const char* name) const {
    for (;;) {
      const Node& node = nodes_[from];
      if (node.child_count == 0) return kNone;
      const std::uint32_t child =
          node.table == kNone ? child_by_compare(node, name) : child_by_hash(node, name);
      if (child == kNone) return kNone;
      const Child& found = children_[child];
      name += found.length;
      from = found.node;
      if (*name == '"') return from;
      ++name;  // a dot inside the name
    }
  }
  // The same where the length of the name is known, which most often says at once that no rule asks
  // for it.
  std::uint32_t resolve(std::uint32_t from, const char* name, std::uint32_t length) const {
    const Node& node = nodes_[from];
    const std::uint64_t bit = length_bit(length);
    if (((node.lengths | node.dotted_lengths) & bit) == 0) return kNone;
    if ((node.dotted_lengths & bit) != 0 || node.table != kNone || node.child_count > 8) {
      return resolve_any(from, name);
    }
    const std::uint64_t start = load_u64(name) & first_bytes(length);
    for (unsigned bits = equal(groups_[node.groups], start); bits != 0; bits &= bits - 1) {
      const Child& child = children_[node.first_child + static_cast<unsigned>(__builtin_ctz(bits))];
      if (child.length == length && has_rest(child, name)) return child.node;
    }
    return kNone;
  }
  // The number of the field with this dotted name, or kNone.
  std::uint32_t find_path(std::string_view dotted) const {
    const std::uint32_t node = resolve_text(kRoot, dotted);
    return node == kNone ? kNone : nodes_[node].path;
  }
  // The dotted names of all fields, by number.
  std::vector<std::string> path_names() const;

  // As resolve(), for a name as plain text.
  std::uint32_t resolve_text(std::uint32_t from, std::string_view name) const;

 private:
  struct Child {
    std::uint32_t name = 0;  // into names_
    std::uint32_t length = 0;
    std::uint32_t node = 0;
  };
  // The first eight bytes of eight names, to be compared at once.
  struct alignas(64) Group {
    std::array<std::uint64_t, 8> start{};
    std::array<std::uint64_t, 8> mask{};
  };
  static constexpr std::uint32_t kComparedMax = 24;

  void index_children(Node& node);
  void note_lengths();

  std::uint32_t resolve_any(std::uint32_t from, const char* name) const;
  // Of eight bytes, as many as a name of this length has.
  static std::uint64_t first_bytes(std::size_t length) {
    return length < 8 ? (std::uint64_t{1} << (8 * length)) - 1 : ~std::uint64_t{0};
  }
  // The children of a group whose first bytes are exactly these.
  static unsigned equal(const Group& group, std::uint64_t start) {
#ifdef __AVX512F__
    const __m512i all = _mm512_set1_epi64(static_cast<long long>(start));
    return _mm512_cmpeq_epi64_mask(all, _mm512_load_si512(group.start.data()));
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < 8; ++i) bits |= static_cast<unsigned>(start == group.start[i]) << i;
    return bits;
#endif
  }

  static bool ends_name(char c) {
    return c == '"' || c == '.';
  }

  static unsigned candidates(const Group& group, std::uint64_t start) {
#ifdef __AVX512F__
    const __m512i all = _mm512_set1_epi64(static_cast<long long>(start));
    const __m512i masked = _mm512_and_si512(all, _mm512_load_si512(group.mask.data()));
    return _mm512_cmpeq_epi64_mask(masked, _mm512_load_si512(group.start.data()));
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < 8; ++i) {
      bits |= static_cast<unsigned>((start & group.mask[i]) == group.start[i]) << i;
    }
    return bits;
#endif
  }

  std::uint32_t child_by_compare(const Node& node, const char* name) const {
    const std::uint64_t start = load_u64(name);
    for (std::uint32_t done = 0; done < node.child_count; done += 8) {
      unsigned bits = candidates(groups_[node.groups + done / 8], start);
      for (; bits != 0; bits &= bits - 1) {
        const std::uint32_t child =
            node.first_child + done + static_cast<std::uint32_t>(__builtin_ctz(bits));
        if (is_name(children_[child], name)) return child;
      }
    }
    return kNone;
  }
  bool is_name(const Child& child, const char* name) const {
    return has_rest(child, name) && ends_name(name[child.length]);
  }
  // Of a name whose first eight bytes agree: whether the others do. A wanted name holds no quote,
  // so the comparison never gets past the end of the name, and never reads more than a word behind
  // it.
  bool has_rest(const Child& child, const char* name) const {
    const std::uint32_t length = child.length;
    if (length <= 8) return true;
    const char* wanted = names_.data() + child.name;
    for (std::uint32_t i = 8; i + 8 < length; i += 8) {
      if (load_u64(name + i) != load_u64(wanted + i)) return false;
    }
    return load_u64(name + length - 8) == load_u64(wanted + length - 8);
  }
  std::uint32_t child_by_hash(const Node& node, const char* name) const {
    std::size_t length = 0;
    while (!ends_name(name[length])) ++length;
    return child_by_text(node, {name, length});
  }
  std::uint32_t child_by_text(const Node& node, std::string_view name) const;

  std::vector<Node> nodes_;
  std::vector<Child> children_;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> table_;
  std::string names_;
  std::uint64_t hash_key_ = 0;
};

}  // namespace weir::engine
