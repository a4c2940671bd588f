#include "core/rule/byte_trie.h"

#include <deque>

namespace weir::engine {

void ByteTrie::build(std::vector<Entry> entries) {
  if (entries.empty()) return;
  std::ranges::sort(entries, {}, &Entry::text);
  struct Range {
    std::size_t begin, end, depth;  // entries that share `depth` bytes
    std::uint32_t node;
  };
  nodes_.emplace_back();
  first_bytes_.push_back('\0');
  std::deque<Range> todo = {{0, entries.size(), 0, 0}};
  while (!todo.empty()) {
    const Range range = todo.front();
    todo.pop_front();
    const std::string& first = entries[range.begin].text;
    const std::string& last = entries[range.end - 1].text;
    std::size_t shared = range.depth;
    while (shared < first.size() && shared < last.size() && first[shared] == last[shared]) ++shared;
    nodes_[range.node].label = static_cast<std::uint32_t>(labels_.size());
    nodes_[range.node].label_length = static_cast<std::uint32_t>(shared - range.depth);
    labels_.append(first, range.depth, shared - range.depth);
    std::size_t begin = range.begin;
    if (first.size() == shared) nodes_[range.node].id = entries[begin++].id;
    nodes_[range.node].first_child = static_cast<std::uint32_t>(nodes_.size());
    while (begin < range.end) {
      const char c = entries[begin].text[shared];
      std::size_t end = begin + 1;
      while (end < range.end && entries[end].text[shared] == c) ++end;
      todo.push_back({begin, end, shared + 1, static_cast<std::uint32_t>(nodes_.size())});
      nodes_.emplace_back();
      first_bytes_.push_back(c);
      ++nodes_[range.node].child_count;
      begin = end;
    }
    Node& node = nodes_[range.node];
    if (node.child_count < kWideChildren) continue;
    node.wide = static_cast<std::uint32_t>(wide_.size());
    wide_.resize(wide_.size() + 256, kNone);
    for (std::uint32_t i = 0; i < node.child_count; ++i) {
      const auto c = static_cast<unsigned char>(first_bytes_[node.first_child + i]);
      wide_[node.wide + c] = node.first_child + i;
    }
  }
  nodes_.shrink_to_fit();
  first_bytes_.shrink_to_fit();
  labels_.shrink_to_fit();
}

std::size_t ByteTrie::memory_bytes() const {
  return nodes_.capacity() * sizeof(Node) + first_bytes_.capacity() + labels_.capacity() +
         wide_.capacity() * sizeof(std::uint32_t);
}

}  // namespace weir::engine
