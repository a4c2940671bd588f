#include "core/rule/wildcard_set.h"

#include <unordered_map>

namespace weir::engine {
namespace {

// The texts between the stars, escapes removed: head, pieces and tail; at least two.
std::vector<std::string> split_at_stars(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*') {
      parts.emplace_back();
      continue;
    }
    if (text[i] == '\\') ++i;
    parts.back().push_back(text[i]);
  }
  return parts;
}

// Groups `items` (group, value) by group: values of group g at begin[g] .. begin[g + 1].
void group(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& items, std::size_t groups,
           std::vector<std::uint32_t>& begin, std::vector<std::uint32_t>& values) {
  begin.assign(groups + 1, 0);
  for (const auto& [g, value] : items) ++begin[g + 1];
  for (std::size_t g = 0; g < groups; ++g) begin[g + 1] += begin[g];
  std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
  values.resize(items.size());
  for (const auto& [g, value] : items) values[next[g]++] = value;
}

}  // namespace

void WildcardSet::build(const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  std::unordered_map<std::string, std::uint32_t> piece_numbers;
  std::unordered_map<std::string, std::uint32_t> head_numbers;
  std::vector<std::string> pieces;
  std::vector<ByteTrie::Entry> heads;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_head;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_first_piece;
  for (const Entry& entry : entries) {
    const auto number = static_cast<std::uint32_t>(wildcards_.size());
    std::vector<std::string> parts = split_at_stars(entry.text);
    Wildcard wildcard;
    wildcard.id = entry.id;
    wildcard.tail = static_cast<std::uint32_t>(texts_.size());
    wildcard.tail_length = static_cast<std::uint32_t>(parts.back().size());
    wildcard.pieces = static_cast<std::uint32_t>(pieces_.size());
    wildcard.piece_count = static_cast<std::uint32_t>(parts.size() - 2);
    texts_ += parts.back();
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
      const auto [known, fresh] =
          piece_numbers.try_emplace(parts[i], static_cast<std::uint32_t>(pieces.size()));
      if (fresh) pieces.push_back(parts[i]);
      pieces_.push_back(known->second);
    }
    if (!parts.front().empty()) {
      const auto [known, fresh] =
          head_numbers.try_emplace(parts.front(), static_cast<std::uint32_t>(heads.size()));
      if (fresh) heads.push_back({parts.front(), known->second});
      by_head.emplace_back(known->second, number);
    } else if (wildcard.piece_count > 0) {
      by_first_piece.emplace_back(pieces_[wildcard.pieces], number);
    } else {
      pieceless_headless_.push_back(number);
    }
    wildcards_.push_back(wildcard);
  }
  group(by_head, heads.size(), head_begin_, head_wildcards_);
  group(by_first_piece, pieces.size(), start_begin_, start_wildcards_);
  heads_.build(std::move(heads));
  for (const std::string& piece : pieces) {
    piece_length_.push_back(static_cast<std::uint32_t>(piece.size()));
  }
  if (!pieces.empty()) build_automaton(pieces);
}

void WildcardSet::number_scratch(std::uint32_t& wildcard_base, std::uint32_t& piece_base) {
  wildcard_base_ = wildcard_base;
  piece_base_ = piece_base;
  wildcard_base += static_cast<std::uint32_t>(wildcards_.size());
  piece_base += static_cast<std::uint32_t>(piece_length_.size());
}

void WildcardSet::build_automaton(const std::vector<std::string>& pieces) {
  // Breadth first over the sorted pieces, so that the children of a state are contiguous and the
  // fail link of a state points to a state that is finished.
  struct Range {
    std::uint32_t begin, end, depth;
  };
  std::vector<std::uint32_t> order(pieces.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::string_view(pieces[i]); });
  std::vector<Range> ranges = {{0, static_cast<std::uint32_t>(order.size()), 0}};
  std::vector<std::uint32_t> parent = {0};
  states_.emplace_back();
  bytes_.push_back('\0');
  for (std::uint32_t s = 0; s < ranges.size(); ++s) {
    auto [begin, end, depth] = ranges[s];
    if (s > 0) {
      std::uint32_t fail = parent[s] == 0 ? 0 : states_[parent[s]].fail;
      if (parent[s] != 0) {
        std::uint32_t next = child(fail, bytes_[s]);
        while (next == 0 && fail != 0) {
          fail = states_[fail].fail;
          next = child(fail, bytes_[s]);
        }
        fail = next;
      }
      states_[s].fail = fail;
      states_[s].shorter = states_[fail].piece != kNone ? fail : states_[fail].shorter;
    }
    if (pieces[order[begin]].size() == depth) states_[s].piece = order[begin++];
    states_[s].first_child = static_cast<std::uint32_t>(states_.size());
    while (begin < end) {
      const char c = pieces[order[begin]][depth];
      std::uint32_t stop = begin + 1;
      while (stop < end && pieces[order[stop]][depth] == c) ++stop;
      if (s == 0) root_[static_cast<unsigned char>(c)] = static_cast<std::uint32_t>(states_.size());
      ranges.push_back({begin, stop, depth + 1});
      parent.push_back(s);
      states_.emplace_back();
      bytes_.push_back(c);
      ++states_[s].child_count;
      begin = stop;
    }
  }
}

std::size_t WildcardSet::memory_bytes() const {
  const std::size_t numbers = pieces_.capacity() + piece_length_.capacity() +
                              head_begin_.capacity() + head_wildcards_.capacity() +
                              start_begin_.capacity() + start_wildcards_.capacity() +
                              pieceless_headless_.capacity();
  return numbers * 4 + wildcards_.capacity() * sizeof(Wildcard) + texts_.capacity() +
         heads_.memory_bytes() + states_.capacity() * sizeof(State) + bytes_.capacity() +
         sizeof(*this);
}

}  // namespace weir::engine
