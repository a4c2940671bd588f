#include "core/rule/path_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace weir::engine {

namespace {

// The step from a node down to the one it makes, whose number is one more than that of the step.
struct Step {
  std::uint32_t parent = 0;
  std::uint32_t length = 0;
  const char* name = nullptr;
  std::string_view text() const { return {name, length}; }
};

// Finds or makes the node below another by its name. Keyed hash, open addressing.
class StepTable {
 public:
  explicit StepTable(std::uint64_t hash_key) : hash_key_(hash_key), slots_(64, kNone) {}

  std::uint32_t node_below(std::uint32_t parent, std::string_view name) {
    for (std::size_t at = slot_of(parent, name);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == kNone) {
        slots_[at] = static_cast<std::uint32_t>(steps_.size());
        steps_.push_back({parent, static_cast<std::uint32_t>(name.size()), name.data()});
        if (steps_.size() * 2 > slots_.size()) grow();
        return static_cast<std::uint32_t>(steps_.size());
      }
      const Step& step = steps_[slots_[at]];
      if (step.parent == parent && step.text() == name) return slots_[at] + 1;
    }
  }
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::size_t slot_of(std::uint32_t parent, std::string_view name) const {
    return hash_number(hash_text(name, hash_key_) + parent, hash_key_) & (slots_.size() - 1);
  }
  void grow() {
    std::vector<std::uint32_t> larger(slots_.size() * 2, kNone);
    slots_.swap(larger);
    for (std::uint32_t i = 0; i < steps_.size(); ++i) {
      std::size_t at = slot_of(steps_[i].parent, steps_[i].text());
      while (slots_[at] != kNone) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = i;
    }
  }

  std::uint64_t hash_key_;
  std::vector<Step> steps_;
  std::vector<std::uint32_t> slots_;
};

}  // namespace

void PathTree::build(std::span<const std::string> dotted_paths, std::uint64_t hash_key) {
  hash_key_ = hash_key;
  StepTable table(hash_key);
  std::vector<std::uint32_t> ends;  // by path: its node
  ends.reserve(dotted_paths.size());
  for (const std::string& path : dotted_paths) {
    std::uint32_t at = kRoot;
    std::string_view rest = path;
    for (bool more = true; more;) {
      const std::size_t dot = rest.find('.');
      more = dot != std::string_view::npos;
      at = table.node_below(at, rest.substr(0, dot));
      if (more) rest.remove_prefix(dot + 1);
    }
    ends.push_back(at);
  }
  const std::vector<Step>& steps = table.steps();
  nodes_.resize(steps.size() + 1);
  for (std::uint32_t path = 0; path < ends.size(); ++path) nodes_[ends[path]].path = path;
  std::vector<std::uint32_t> order(steps.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, [&steps](std::uint32_t a, std::uint32_t b) {
    if (steps[a].parent != steps[b].parent) return steps[a].parent < steps[b].parent;
    return steps[a].length != steps[b].length ? steps[a].length < steps[b].length : a < b;
  });
  children_.reserve(steps.size());
  for (const std::uint32_t i : order) {
    const Step& step = steps[i];
    Node& parent = nodes_[step.parent];
    if (parent.child_count++ == 0) {
      parent.first_child = static_cast<std::uint32_t>(children_.size());
    }
    Child& child = children_.emplace_back();
    std::memcpy(&child.start, step.name, std::min<std::size_t>(step.length, 8));
    child.name = static_cast<std::uint32_t>(names_.size());
    child.length = step.length;
    child.node = i + 1;
    names_.append(step.name, step.length);
    nodes_[child.node].depth = parent.depth + 1;
  }
  for (Node& node : nodes_) {
    if (node.child_count > 0) index_children(node);
  }
  note_lengths();
}

void PathTree::note_lengths() {
  // A node comes before its children.
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    for (const Child& child : std::span(children_).subspan(node.first_child, node.child_count)) {
      node.lengths |= length_bit(child.length);
      // What leads on from the child, behind its name and a dot; what is shifted out is long.
      const std::uint64_t below = nodes_[child.node].lengths | nodes_[child.node].dotted_lengths;
      const std::size_t by = child.length + std::size_t{1};
      const bool some_long = by >= 63 ? below != 0 : (below >> (63 - by)) != 0;
      node.dotted_lengths |= (by < 63 ? below << by : 0) | (some_long ? length_bit(63) : 0);
    }
    node.asked_for = node.lengths | node.dotted_lengths;
    node.looked_up = node.table != kNone ? node.asked_for : node.dotted_lengths;
  }
}

void PathTree::index_children(Node& node) {
  const auto children = std::span(children_).subspan(node.first_child, node.child_count);
  if (node.child_count == 1) {
    // All of these share one list: only one child could be the first of its length.
    if (by_length_.empty()) by_length_.resize(kLengths);
    children[0].last_of_length = true;
    return;
  }
  if (node.child_count <= kComparedMax) {
    if (by_length_.empty()) by_length_.resize(kLengths);
    node.by_length = static_cast<std::uint32_t>(by_length_.size());
    by_length_.resize(by_length_.size() + kLengths);
    for (std::uint32_t i = node.child_count; i-- > 0;) {
      const std::uint32_t length = length_class(children[i].length);
      children[i].last_of_length =
          i + 1 == node.child_count || length_class(children[i + 1].length) != length;
      by_length_[node.by_length + length] = static_cast<std::uint8_t>(i);
    }
    return;
  }
  const std::uint32_t size = std::bit_ceil(node.child_count * 2);
  node.table = static_cast<std::uint32_t>(table_.size());
  node.table_mask = size - 1;
  table_.resize(table_.size() + size, kNone);
  for (std::uint32_t i = 0; i < node.child_count; ++i) {
    const std::string_view name(names_.data() + children[i].name, children[i].length);
    auto slot = static_cast<std::uint32_t>(hash_text(name, hash_key_)) & node.table_mask;
    while (table_[node.table + slot] != kNone) slot = (slot + 1) & node.table_mask;
    table_[node.table + slot] = node.first_child + i;
  }
}

void PathTree::mark_arrays(std::span<const std::uint16_t> depths) {
  std::vector<std::uint32_t> deepest(nodes_.size(), 0);  // of the paths here and below
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    if (node.path != kNone) deepest[i] = depths[node.path];
    for (const Child& child : std::span(children_).subspan(node.first_child, node.child_count)) {
      deepest[i] = std::max(deepest[i], deepest[child.node]);
    }
    node.arrays_matter = deepest[i] >= node.depth;
  }
}

std::vector<std::uint32_t> PathTree::parents() const {
  std::vector<std::uint32_t> out(nodes_.size(), kRoot);
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    for (const Child& child : std::span(children_).subspan(node.first_child, node.child_count)) {
      out[child.node] = i;
    }
  }
  return out;
}

std::vector<std::uint32_t> PathTree::path_nodes() const {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].path == kNone) continue;
    if (out.size() <= nodes_[i].path) out.resize(nodes_[i].path + 1);
    out[nodes_[i].path] = i;
  }
  return out;
}

std::uint32_t PathTree::child_by_text(const Node& node, std::string_view name) const {
  const auto is = [&](std::uint32_t child) {
    return std::string_view(names_.data() + children_[child].name, children_[child].length) == name;
  };
  if (node.table == kNone) {
    for (std::uint32_t i = 0; i < node.child_count; ++i) {
      if (is(node.first_child + i)) return node.first_child + i;
    }
    return kNone;
  }
  auto slot = static_cast<std::uint32_t>(hash_text(name, hash_key_)) & node.table_mask;
  for (;; slot = (slot + 1) & node.table_mask) {
    const std::uint32_t child = table_[node.table + slot];
    if (child == kNone || is(child)) return child;
  }
}

std::uint32_t PathTree::resolve_text(std::uint32_t from, std::string_view name) const {
  for (;;) {
    const std::size_t dot = name.find('.');
    if (nodes_[from].child_count == 0) return kNone;
    const std::uint32_t child = child_by_text(nodes_[from], name.substr(0, dot));
    if (child == kNone) return kNone;
    from = children_[child].node;
    if (dot == std::string_view::npos) return from;
    name.remove_prefix(dot + 1);
  }
}

std::vector<std::string> PathTree::path_names() const {
  std::vector<std::string> names;
  std::vector<std::pair<std::uint32_t, std::string>> todo = {{kRoot, ""}};
  while (!todo.empty()) {
    const auto [at, name] = std::move(todo.back());
    todo.pop_back();
    const Node& node = nodes_[at];
    if (node.path != kNone) {
      if (names.size() <= node.path) names.resize(node.path + 1);
      names[node.path] = name;
    }
    for (std::uint32_t i = 0; i < node.child_count; ++i) {
      const Child& child = children_[node.first_child + i];
      std::string below = at == kRoot ? "" : name + ".";
      below.append(names_, child.name, child.length);
      todo.emplace_back(child.node, std::move(below));
    }
  }
  return names;
}

std::size_t PathTree::memory_bytes() const {
  return nodes_.capacity() * sizeof(Node) + children_.capacity() * sizeof(Child) +
         by_length_.capacity() + table_.capacity() * 4 + names_.capacity();
}

}  // namespace weir::engine
