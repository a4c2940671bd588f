#include "core/rule/letter_trie.h"

#include <span>
#include <unordered_map>

#include "core/rule/json_text.h"
#include "core/rule/letter_case.h"

namespace weir::engine {

// The letters of all patterns, each kind once, and the patterns as rows of their numbers.
struct LetterTrie::Letters {
  struct Place {
    std::uint32_t lower = 0, lower_length = 0;  // into the texts
    std::uint32_t upper = 0, upper_length = 0;
  };
  struct Row {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    End end;
  };
  std::vector<Place> places;
  std::vector<std::uint32_t> all;  // of all rows, end to end
  std::vector<Row> rows;
  std::unordered_map<std::string, std::uint32_t> known;  // by both forms

  std::span<const std::uint32_t> of(const Row& row) const {
    return std::span(all).subspan(row.begin, row.size);
  }
  void add(const Entry& entry, bool backward, std::string& texts);
  std::uint32_t number(const CaseForms& forms, std::string& texts);
};

std::uint32_t LetterTrie::Letters::number(const CaseForms& forms, std::string& texts) {
  const auto next = static_cast<std::uint32_t>(places.size());
  const auto [at, fresh] = known.try_emplace(forms.lower + '\xff' + forms.upper, next);
  if (!fresh) return at->second;
  const auto begin = static_cast<std::uint32_t>(texts.size());
  const auto lower = static_cast<std::uint32_t>(forms.lower.size());
  places.push_back({begin, lower, begin + lower, static_cast<std::uint32_t>(forms.upper.size())});
  texts += forms.lower;
  texts += forms.upper;
  return next;
}

void LetterTrie::Letters::add(const Entry& entry, bool backward, std::string& texts) {
  Row row;
  row.begin = static_cast<std::uint32_t>(all.size());
  row.end = {entry.id, entry.whole};
  for (std::size_t at = 0; at < entry.text.size();) {
    all.push_back(number(case_forms(next_code_point(entry.text, at)), texts));
  }
  if (backward) std::reverse(all.begin() + row.begin, all.end());
  row.size = static_cast<std::uint32_t>(all.size()) - row.begin;
  rows.push_back(row);
}

// Those to `children`, letters whose nodes have the numbers from `first` on.
void LetterTrie::add_edges(Node& node, const Letters& letters,
                           const std::vector<std::uint32_t>& children, std::uint32_t first) {
  node.edges = static_cast<std::uint32_t>(edges_.size());
  for (std::uint32_t i = 0; i < children.size(); ++i) {
    const Letters::Place& place = letters.places[children[i]];
    const Edge lower{place.lower, place.lower_length, first + i};
    const Edge upper{place.upper, place.upper_length, first + i};
    edges_.push_back(lower);
    if (form(lower) != form(upper)) edges_.push_back(upper);
  }
  const auto begin = edges_.begin() + node.edges;
  std::sort(begin, edges_.end(), [this](const Edge& a, const Edge& b) {
    return form(a) != form(b) ? form(a) < form(b) : a.node < b.node;
  });
  node.edge_count = static_cast<std::uint32_t>(edges_.end() - begin);
  for (auto edge = begin; edge < edges_.end(); ++edge) {
    std::uint32_t characters = 0;
    for (std::size_t at = 0; at < edge->length; ++characters) next_code_point(form(*edge), at);
    characters_max_ = std::max(characters_max_, characters);
  }
}

// Breadth first over the sorted rows, so that the children of a node have numbers in a row.
void LetterTrie::build(const std::vector<Entry>& entries, bool backward) {
  if (entries.empty()) return;
  Letters letters;
  for (const Entry& entry : entries) letters.add(entry, backward, texts_);
  auto& rows = letters.rows;
  std::ranges::sort(rows, [&letters](const Letters::Row& a, const Letters::Row& b) {
    const auto x = letters.of(a);
    const auto y = letters.of(b);
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
  });
  struct Range {
    std::size_t begin, end;
    std::uint32_t depth;
  };
  std::vector<Range> ranges = {{0, rows.size(), 0}};  // by node
  std::vector<std::uint32_t> children;
  for (std::size_t n = 0; n < ranges.size(); ++n) {
    auto [begin, end, depth] = ranges[n];
    Node node;
    node.ends = static_cast<std::uint32_t>(ends_.size());
    for (; begin < end && rows[begin].size == depth; ++begin) ends_.push_back(rows[begin].end);
    node.end_count = static_cast<std::uint32_t>(ends_.size()) - node.ends;
    const auto first = static_cast<std::uint32_t>(ranges.size());
    children.clear();
    while (begin < end) {
      const std::uint32_t letter = letters.of(rows[begin])[depth];
      std::size_t stop = begin + 1;
      while (stop < end && letters.of(rows[stop])[depth] == letter) ++stop;
      children.push_back(letter);
      ranges.push_back({begin, stop, depth + 1});
      begin = stop;
    }
    add_edges(node, letters, children, first);
    nodes_.push_back(node);
  }
}

std::size_t LetterTrie::memory_bytes() const {
  return nodes_.capacity() * sizeof(Node) + edges_.capacity() * sizeof(Edge) +
         ends_.capacity() * sizeof(End) + texts_.capacity();
}

}  // namespace weir::engine
