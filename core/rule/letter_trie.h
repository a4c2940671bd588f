// LetterTrie: ignore-case patterns beyond ASCII as a tree of letters, each with its two forms.
//
// A pattern is a row of letters; patterns that begin alike share their way. No form of a letter
// begins (or ends) with its other form, so a value reaches a node at one place at most, and costs
// no more than the nodes whose letters it begins with. Those are counted (scratch.steps_left),
// since letters that share a form, such as k and the kelvin sign, can make them many.
//
// Immutable after build; any thread. No recursion. Memory is linear in the text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/rule/byte_trie.h"
#include "core/rule/wildcard_set.h"

namespace weir::engine {

class LetterTrie {
 public:
  struct Entry {
    std::string_view text;  // of the pattern
    std::uint32_t id = kNone;
    bool whole = false;  // the value may not go on behind it
  };
  // `backward`: read from the end, for suffixes.
  void build(const std::vector<Entry>& entries, bool backward);
  bool empty() const { return nodes_.empty(); }
  std::size_t memory_bytes() const;

  // Calls found(id) for each pattern that `value` is or begins with; `backward` as it was built.
  template <bool kBackward, typename Found>
  void find(std::string_view value, WildcardScratch& scratch, Found&& found) const {
    scratch.steps_left += kStepsPerByte * static_cast<std::int64_t>(value.size());
    auto& visits = scratch.visits;
    visits.clear();
    visits.push_back({0, 0});
    while (!visits.empty() && scratch.steps_left >= 0) {
      const WildcardScratch::Visit at = visits.back();
      visits.pop_back();
      const Node& node = nodes_[at.node];
      for (std::uint32_t i = node.ends; i < node.ends + node.end_count; ++i) {
        if (!ends_[i].whole || at.read == value.size()) found(ends_[i].id);
      }
      const std::string_view rest =
          kBackward ? value.substr(0, value.size() - at.read) : value.substr(at.read);
      const std::size_t pending = visits.size();
      follow<kBackward>(node, rest, at.read, visits);
      scratch.steps_left -= kStepsPerVisit * static_cast<std::int64_t>(visits.size() - pending);
    }
  }

 private:
  struct Node {
    std::uint32_t edges = 0;
    std::uint32_t edge_count = 0;
    std::uint32_t ends = 0;
    std::uint32_t end_count = 0;
  };
  // One form of the letter that leads to a node.
  struct Edge {
    std::uint32_t text = 0;  // into texts_
    std::uint32_t length = 0;
    std::uint32_t node = 0;
  };
  struct End {
    std::uint32_t id = kNone;
    bool whole = false;
  };
  struct Letters;
  static constexpr std::int64_t kStepsPerByte = 4;
  static constexpr std::int64_t kStepsPerVisit = 2;
  static constexpr std::uint32_t kFewEdges = 8;

  void add_edges(Node& node, const Letters& letters, const std::vector<std::uint32_t>& children,
                 std::uint32_t first);
  std::string_view form(const Edge& edge) const {
    return std::string_view(texts_).substr(edge.text, edge.length);
  }
  // Bytes of the character that `rest` begins (or ends) with, behind `from` bytes; 0 at the end.
  template <bool kBackward>
  static std::size_t character(std::string_view rest, std::size_t from) {
    if (from >= rest.size()) return 0;
    const auto inside = [&](std::size_t i) {
      const char c = rest[kBackward ? rest.size() - 1 - i : i];
      return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    };
    std::size_t end = from + 1;
    if constexpr (kBackward) {
      while (end < rest.size() && inside(end - 1)) ++end;
    } else {
      while (end < rest.size() && inside(end)) ++end;
    }
    return end - from;
  }
  // The nodes below `node` whose letter comes next, in either form.
  template <bool kBackward>
  void follow(const Node& node, std::string_view rest, std::uint32_t read,
              std::vector<WildcardScratch::Visit>& out) const {
    const Edge* edges = edges_.data() + node.edges;
    const Edge* end = edges + node.edge_count;
    if (node.edge_count <= kFewEdges) {
      for (const Edge* edge = edges; edge < end; ++edge) {
        if (kBackward ? rest.ends_with(form(*edge)) : rest.starts_with(form(*edge))) {
          out.push_back({edge->node, read + edge->length});
        }
      }
      return;
    }
    std::size_t length = 0;
    for (std::uint32_t i = 0; i < characters_max_; ++i) {
      const std::size_t more = character<kBackward>(rest, length);
      if (more == 0) return;
      length += more;
      const std::string_view next =
          kBackward ? rest.substr(rest.size() - length) : rest.substr(0, length);
      const Edge* edge =
          std::lower_bound(edges, end, next,
                           [this](const Edge& e, std::string_view text) { return form(e) < text; });
      for (; edge < end && form(*edge) == next; ++edge) {
        out.push_back({edge->node, read + edge->length});
      }
    }
  }

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;  // of each node, by form
  std::vector<End> ends_;
  std::string texts_;
  std::uint32_t characters_max_ = 0;  // of one form
};

}  // namespace weir::engine
