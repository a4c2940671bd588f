#include "core/rule/wildcard_set.h"

#include <algorithm>
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

}  // namespace

// The wildcards as their steps: the number of the head (0: none), then those of the pieces.
struct WildcardSet::Plan {
  struct One {
    std::vector<std::uint32_t> steps;
    std::string tail;
    std::uint32_t id = kNone;
  };
  std::vector<One> wildcards;
  std::vector<std::string> heads = {""};
  std::vector<std::string> pieces;
};

std::size_t WildcardSet::later_pieces_of(std::string_view wildcard) {
  std::size_t stars = 0;
  for (std::size_t i = 0; i < wildcard.size(); ++i) {
    if (wildcard[i] == '\\') {
      ++i;
    } else if (wildcard[i] == '*') {
      ++stars;
    }
  }
  return stars < 2 ? 0 : stars - 2;
}

void WildcardSet::build(const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  Plan plan;
  std::unordered_map<std::string, std::uint32_t> heads = {{"", 0}};
  std::unordered_map<std::string, std::uint32_t> pieces;
  const auto number = [](auto& known, std::vector<std::string>& list, const std::string& text) {
    const auto [at, fresh] = known.try_emplace(text, static_cast<std::uint32_t>(list.size()));
    if (fresh) list.push_back(text);
    return at->second;
  };
  for (const Entry& entry : entries) {
    std::vector<std::string> parts = split_at_stars(entry.text);
    later_pieces_ += later_pieces_of(entry.text);
    Plan::One one;
    one.id = entry.id;
    one.tail = std::move(parts.back());
    one.steps.push_back(number(heads, plan.heads, parts[0]));
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
      one.steps.push_back(number(pieces, plan.pieces, parts[i]));
    }
    plan.wildcards.push_back(std::move(one));
  }
  build_nodes(plan);
  for (const std::string& piece : plan.pieces) {
    pieces_.push_back({static_cast<std::uint32_t>(piece.size()), kNone, 0, kNone});
  }
  if (!plan.pieces.empty()) {
    build_automaton(plan.pieces);
    number_pieces();
  }
}

// Breadth first over the sorted steps, so that the children of a node are contiguous.
void WildcardSet::build_nodes(Plan& plan) {
  auto& all = plan.wildcards;
  std::ranges::sort(all, {}, &Plan::One::steps);
  struct Range {
    std::size_t begin, end, depth;
    std::uint32_t node;
  };
  std::vector<Range> ranges;
  std::vector<ByteTrie::Entry> heads;
  nodes_.emplace_back();
  for (std::size_t begin = 0; begin < all.size();) {
    const std::uint32_t head = all[begin].steps[0];
    std::size_t end = begin + 1;
    while (end < all.size() && all[end].steps[0] == head) ++end;
    auto node = static_cast<std::uint32_t>(0);
    if (head != 0) {
      node = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
      heads.push_back({plan.heads[head], node});
    }
    ranges.push_back({begin, end, 1, node});
    begin = end;
  }
  for (std::size_t r = 0; r < ranges.size(); ++r) {
    auto [begin, end, depth, number] = ranges[r];
    const std::size_t first = begin;
    while (begin < end && all[begin].steps.size() == depth) ++begin;
    Node node = nodes_[number];
    if (begin > first) add_tails(node, plan, first, begin);
    node.first_child = static_cast<std::uint32_t>(nodes_.size());
    while (begin < end) {
      const std::uint32_t piece = all[begin].steps[depth];
      std::size_t stop = begin + 1;
      while (stop < end && all[stop].steps[depth] == piece) ++stop;
      ranges.push_back({begin, stop, depth + 1, static_cast<std::uint32_t>(nodes_.size())});
      nodes_.emplace_back();
      nodes_.back().piece = piece;
      ++node.child_count;
      begin = stop;
    }
    nodes_[number] = node;
  }
  heads_.build(std::move(heads));
  nodes_.shrink_to_fit();
  tails_.shrink_to_fit();
  texts_.shrink_to_fit();
}

// The tails of wildcards [begin, end) of the plan, which are equal up to them.
void WildcardSet::add_tails(Node& node, const Plan& plan, std::size_t begin, std::size_t end) {
  node.tails = static_cast<std::uint32_t>(tails_.size());
  node.tail_count = static_cast<std::uint32_t>(end - begin);
  if (node.tail_count > kFewTails) {
    std::vector<ByteTrie::Entry> entries;
    for (std::size_t i = begin; i < end; ++i) {
      const std::string& tail = plan.wildcards[i].tail;
      entries.push_back({std::string(tail.rbegin(), tail.rend()), plan.wildcards[i].id});
    }
    node.tail_trie = static_cast<std::uint32_t>(tail_tries_.size());
    tail_tries_.emplace_back().build(std::move(entries));
    return;
  }
  for (std::size_t i = begin; i < end; ++i) {
    const Plan::One& one = plan.wildcards[i];
    tails_.push_back({static_cast<std::uint32_t>(texts_.size()),
                      static_cast<std::uint32_t>(one.tail.size()), one.id});
    texts_ += one.tail;
  }
}

void WildcardSet::number_scratch(WildcardScratchSize& size) {
  node_base_ = size.nodes;
  piece_base_ = size.pieces;
  word_base_ = size.words;
  size.nodes += static_cast<std::uint32_t>(nodes_.size());
  size.pieces += static_cast<std::uint32_t>(pieces_.size());
  size.words += static_cast<std::uint32_t>(awaited_at_start_.size());
  size.ring = std::max(size.ring, ring_mask_ + 1);
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
      states_[s].piece = states_[fail].piece;
    }
    if (pieces[order[begin]].size() == depth) {
      pieces_[order[begin]].shorter = states_[s].piece;
      states_[s].piece = order[begin++];
    }
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

// Renumbers the pieces along heavy paths of the tree that `shorter` makes.
void WildcardSet::number_pieces() {
  const auto count = static_cast<std::uint32_t>(pieces_.size());
  std::vector<std::uint32_t> by_length(count);
  for (std::uint32_t i = 0; i < count; ++i) by_length[i] = i;
  std::ranges::stable_sort(by_length, {}, [this](std::uint32_t i) { return pieces_[i].length; });
  std::vector<std::uint32_t> below(count, 1);      // pieces that end with this one
  std::vector<std::uint32_t> heavy(count, kNone);  // the piece behind it on its path
  for (std::size_t i = count; i-- > 0;) {
    const std::uint32_t piece = by_length[i];
    const std::uint32_t shorter = pieces_[piece].shorter;
    if (shorter == kNone) continue;
    below[shorter] += below[piece];
    if (heavy[shorter] == kNone || below[piece] > below[heavy[shorter]]) heavy[shorter] = piece;
  }
  std::vector<std::uint32_t> number(count, kNone);
  std::vector<Piece> numbered;
  for (const std::uint32_t top : by_length) {
    if (number[top] != kNone) continue;
    const auto path = static_cast<std::uint32_t>(numbered.size());
    for (std::uint32_t piece = top; piece != kNone; piece = heavy[piece]) {
      number[piece] = static_cast<std::uint32_t>(numbered.size());
      const std::uint32_t shorter = pieces_[piece].shorter;
      numbered.push_back(pieces_[piece]);
      numbered.back().shorter = shorter == kNone ? kNone : number[shorter];
      numbered.back().path = path;
    }
  }
  pieces_ = std::move(numbered);
  for (State& state : states_) {
    if (state.piece != kNone) state.piece = number[state.piece];
  }
  for (Node& node : nodes_) {
    if (node.piece != kNone) node.piece = number[node.piece];
  }
  awaited_at_start_.assign((count + 63) / 64, 0);
  const Node& root = nodes_[0];
  for (std::uint32_t c = root.first_child; c < root.first_child + root.child_count; ++c) {
    const std::uint32_t piece = nodes_[c].piece;
    pieces_[piece].root_child = c;
    awaited_at_start_[piece / 64] |= std::uint64_t{1} << (piece % 64);
  }
  const auto longest = std::ranges::max(pieces_, {}, &Piece::length).length;
  ring_mask_ = std::bit_ceil(longest + 1) - 1;
}

std::size_t WildcardSet::memory_bytes() const {
  std::size_t bytes = sizeof(*this) + nodes_.capacity() * sizeof(Node) +
                      tails_.capacity() * sizeof(Tail) + texts_.capacity() + heads_.memory_bytes() +
                      pieces_.capacity() * sizeof(Piece) + awaited_at_start_.capacity() * 8 +
                      states_.capacity() * sizeof(State) + bytes_.capacity();
  for (const ByteTrie& trie : tail_tries_) bytes += sizeof trie + trie.memory_bytes();
  return bytes;
}

}  // namespace weir::engine
