// WildcardSet: all wildcards of one field that have text between two stars or at both ends.
//
// "head*piece*piece*tail" matches when head and tail fit and the pieces are found one behind the
// other, each as early as possible. Wildcards that begin alike share their way: a tree of heads and
// pieces, in which a node is reached at most once in a value. All pieces are looked for in one pass
// over the value (Aho-Corasick, https://doi.org/10.1145/360825.360855, in sparse form: memory
// linear in the text).
//
// Many pieces may end at one place, each a suffix of the next. They are numbered along heavy paths
// (https://doi.org/10.1016/0022-0000(83)90006-5) of the tree of suffixes, and a bit for each says
// whether some node waits for it; so those that none waits for are passed over 64 at a time. A node
// waits only from where its piece can fit behind what came before. So a value costs its length,
// the nodes it reaches, and a few steps for each place where pieces end, whatever the wildcards.
//
// Immutable after build; waiting lists and bits are the Matcher's (WildcardScratch).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/rule/byte_trie.h"

namespace weir::engine {

// Per thread; indexed by the numbers that WildcardSet::number_scratch() handed out.
struct WildcardScratch {
  struct Waiting {
    std::uint64_t round = 0;  // other rounds mean: empty
    std::uint32_t first = kNone;
    bool started = false;  // the wildcards that begin with this piece have had it
  };
  struct Bits {
    std::uint64_t round = 0;  // other rounds mean: as at the start of a value
    std::uint64_t bits = 0;
  };
  struct Due {
    std::uint64_t round = 0;
    std::uint32_t at = 0;
    std::uint32_t first = kNone;
  };
  std::vector<std::uint32_t> next;  // by node: the next that waits for the same
  std::vector<Waiting> waiting;     // by piece
  std::vector<Bits> bits;           // 64 pieces each
  std::vector<Due> due;             // a ring over places in the value: nodes that wait from there
  std::uint64_t round = 0;
  // Of a LetterTrie, which shares the steps: nodes to look at, and how much of the value was read.
  struct Visit {
    std::uint32_t node = 0;
    std::uint32_t read = 0;
  };
  std::vector<Visit> visits;
  std::int64_t steps_left = 0;  // of the event; below zero nothing more is found
};

// How much of the scratch the sets of a rule set need together.
struct WildcardScratchSize {
  std::uint32_t nodes = 0;
  std::uint32_t pieces = 0;
  std::uint32_t words = 0;
  std::uint32_t ring = 1;  // the largest
};

class WildcardSet {
 public:
  struct Entry {
    std::string_view text;  // as ValueTest::wildcard
    std::uint32_t id = kNone;
  };
  void build(const std::vector<Entry>& entries);
  // Takes this set's part of the scratch of all sets.
  void number_scratch(WildcardScratchSize& size);
  std::size_t memory_bytes() const;
  // Pieces behind another one, which a value must reach one by one.
  std::size_t later_pieces() const { return later_pieces_; }
  static std::size_t later_pieces_of(std::string_view wildcard);

  // Calls found(id) for each wildcard that matches, as long as scratch.steps_left lasts.
  template <typename Found>
  void find(std::string_view value, WildcardScratch& scratch, Found&& found) const {
    ++scratch.round;
    scratch.steps_left += kStepsPerByte * static_cast<std::int64_t>(value.size());
    Search<Found> search{*this, value, scratch, found};
    if (!heads_.empty()) {
      heads_.walk<false, false>(value, [&](std::uint32_t node, std::size_t length) {
        search.reach(node, static_cast<std::uint32_t>(length));
      });
    }
    if (states_.size() > 1) search.scan();
  }

 private:
  // Where the heads and pieces so far lead to. Node 0: no head, no piece yet.
  struct Node {
    std::uint32_t piece = kNone;  // that leads here; heads: none
    std::uint32_t first_child = 0;
    std::uint32_t child_count = 0;
    std::uint32_t tails = 0;  // into tails_
    std::uint32_t tail_count = 0;
    std::uint32_t tail_trie = kNone;  // into tail_tries_, where there are many
  };
  struct Tail {
    std::uint32_t text = 0;  // into texts_
    std::uint32_t length = 0;
    std::uint32_t id = kNone;
  };
  // A state of the piece automaton; its children are contiguous.
  struct State {
    std::uint32_t first_child = 0;
    std::uint32_t child_count = 0;
    std::uint32_t fail = 0;
    std::uint32_t piece = kNone;  // the longest that ends here
  };
  struct Piece {
    std::uint32_t length = 0;
    std::uint32_t shorter = kNone;  // the longest of its suffixes that is a piece
    std::uint32_t path = 0;         // the first number of its path; along it `shorter` is one less
    std::uint32_t root_child = kNone;
  };
  struct Plan;
  static constexpr std::uint32_t kFewTails = 4;
  static constexpr std::int64_t kStepsPerByte = 4;

  void build_nodes(Plan& plan);
  void add_tails(Node& node, const Plan& plan, std::size_t begin, std::size_t end);
  void build_automaton(const std::vector<std::string>& pieces);
  void number_pieces();

  std::uint32_t child(std::uint32_t state, char c) const {
    if (state == 0) return root_[static_cast<unsigned char>(c)];
    const State& s = states_[state];
    if (s.child_count == 0) return 0;
    const char* first = bytes_.data() + s.first_child;
    if (*first == c) return s.first_child;
    const void* at = std::memchr(first, c, s.child_count);
    return at == nullptr ? 0
                         : static_cast<std::uint32_t>(static_cast<const char*>(at) - bytes_.data());
  }

  // One value.
  template <typename Found>
  struct Search {
    const WildcardSet& set;
    std::string_view value;
    WildcardScratch& scratch;
    Found& found;
    std::uint32_t scheduled = 0;  // nodes in the ring

    // Head and pieces up to `node` were found, the last of them ending before `from`.
    void reach(std::uint32_t number, std::uint32_t from) {
      const Node& node = set.nodes_[number];
      if (node.tail_count > 0) finish(node, from);
      scratch.steps_left -= 1 + node.child_count;
      for (std::uint32_t c = node.first_child; c < node.first_child + node.child_count; ++c) {
        const std::uint32_t at = from + set.pieces_[set.nodes_[c].piece].length;
        if (at > value.size()) continue;
        WildcardScratch::Due& due = scratch.due[at & set.ring_mask_];
        if (due.round != scratch.round || due.at != at) due = {scratch.round, at, kNone};
        scratch.next[set.node_base_ + c] = due.first;
        due.first = c;
        ++scheduled;
      }
    }

    void finish(const Node& node, std::uint32_t from) {
      scratch.steps_left -= node.tail_count <= kFewTails ? node.tail_count : kFewTails;
      const std::size_t room = value.size() - from;
      if (node.tail_trie != kNone) {
        set.tail_tries_[node.tail_trie].template walk<true, false>(
            value.substr(from), [&](std::uint32_t id, std::size_t) { found(id); });
        return;
      }
      for (std::uint32_t t = node.tails; t < node.tails + node.tail_count; ++t) {
        const Tail& tail = set.tails_[t];
        if (tail.length > room) continue;
        if (value.ends_with(std::string_view(set.texts_).substr(tail.text, tail.length))) {
          found(tail.id);
        }
      }
    }

    void scan() {
      std::uint32_t state = 0;
      for (std::uint32_t i = 0; i < value.size() && scratch.steps_left >= 0; ++i) {
        std::uint32_t next = set.child(state, value[i]);
        while (next == 0 && state != 0) {
          state = set.states_[state].fail;
          next = set.child(state, value[i]);
        }
        state = next;
        if (scheduled > 0) wait_from(i + 1);
        if (set.states_[state].piece != kNone) pieces_seen(set.states_[state].piece, i + 1);
      }
    }

    // Those whose piece may end at `at` at the earliest now wait for it.
    void wait_from(std::uint32_t at) {
      WildcardScratch::Due& due = scratch.due[at & set.ring_mask_];
      if (due.round != scratch.round || due.at != at) return;
      for (std::uint32_t c = due.first; c != kNone; --scheduled) {
        const std::uint32_t next = scratch.next[set.node_base_ + c];
        const std::uint32_t piece = set.nodes_[c].piece;
        WildcardScratch::Waiting& waiting = waiting_for(piece);
        scratch.next[set.node_base_ + c] = waiting.first;
        waiting.first = c;
        word(piece / 64) |= std::uint64_t{1} << (piece % 64);
        c = next;
      }
      due.first = kNone;
    }

    // `piece` and all its suffixes that are pieces end before `end`.
    void pieces_seen(std::uint32_t piece, std::uint32_t end) {
      while (piece != kNone) {
        const std::uint32_t path = set.pieces_[piece].path;
        const std::uint32_t awaited = last_awaited(path, piece);
        if (awaited == kNone) {
          piece = set.pieces_[path].shorter;
          continue;
        }
        piece_seen(awaited, end);
        piece = awaited > path ? awaited - 1 : set.pieces_[path].shorter;
      }
    }

    // The greatest number in [first, last] whose bit is set.
    std::uint32_t last_awaited(std::uint32_t first, std::uint32_t last) {
      for (std::uint32_t w = last / 64;; --w) {
        --scratch.steps_left;
        std::uint64_t bits = word(w);
        if (w == last / 64) bits &= ~std::uint64_t{0} >> (63 - last % 64);
        if (w == first / 64) bits &= ~std::uint64_t{0} << (first % 64);
        if (bits != 0) return w * 64 + 63 - static_cast<std::uint32_t>(std::countl_zero(bits));
        if (w == first / 64) return kNone;
      }
    }

    void piece_seen(std::uint32_t piece, std::uint32_t end) {
      word(piece / 64) &= ~(std::uint64_t{1} << (piece % 64));
      WildcardScratch::Waiting& waiting = waiting_for(piece);
      std::uint32_t node = waiting.first;
      const bool starts = !waiting.started;
      waiting.first = kNone;
      waiting.started = true;
      while (node != kNone) {
        const std::uint32_t next = scratch.next[set.node_base_ + node];
        reach(node, end);
        node = next;
      }
      if (starts && set.pieces_[piece].root_child != kNone)
        reach(set.pieces_[piece].root_child, end);
    }

    WildcardScratch::Waiting& waiting_for(std::uint32_t piece) {
      WildcardScratch::Waiting& waiting = scratch.waiting[set.piece_base_ + piece];
      if (waiting.round != scratch.round) waiting = {scratch.round, kNone, false};
      return waiting;
    }
    std::uint64_t& word(std::uint32_t index) {
      WildcardScratch::Bits& bits = scratch.bits[set.word_base_ + index];
      if (bits.round != scratch.round) bits = {scratch.round, set.awaited_at_start_[index]};
      return bits.bits;
    }
  };

  std::vector<Node> nodes_;
  std::vector<Tail> tails_;
  std::vector<ByteTrie> tail_tries_;  // backwards
  std::string texts_;
  ByteTrie heads_;  // to nodes
  std::vector<Piece> pieces_;
  std::vector<std::uint64_t> awaited_at_start_;  // a bit for each piece
  std::vector<State> states_;
  std::string bytes_;  // of each state, the byte that leads to it
  std::array<std::uint32_t, 256> root_{};
  std::size_t later_pieces_ = 0;
  std::uint32_t node_base_ = 0;
  std::uint32_t piece_base_ = 0;
  std::uint32_t word_base_ = 0;
  std::uint32_t ring_mask_ = 0;
};

}  // namespace weir::engine
