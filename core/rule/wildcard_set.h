// WildcardSet: all wildcards of one field that have text between two stars or at both ends.
//
// "head*piece*piece*tail" matches when head and tail fit and the pieces are found one behind the
// other, each as early as possible. All pieces of all wildcards are looked for in one pass over the
// value (Aho-Corasick, https://doi.org/10.1145/360825.360855, in sparse form: memory linear in the
// text), and each wildcard waits for one piece at a time. So a value costs its length, plus for
// each wildcard at most its own pieces, however many wildcards there are.
//
// Immutable after build; the waiting lists are the Matcher's (WildcardScratch).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/rule/byte_trie.h"

namespace weir::engine {

// Per thread; indexed by the numbers that WildcardSet::build handed out.
struct WildcardScratch {
  struct Progress {
    std::uint32_t piece = 0;  // waited for, counted within the wildcard
    std::uint32_t from = 0;   // where it may start
    std::uint32_t next = kNone;
  };
  struct Waiting {
    std::uint64_t round = 0;  // other rounds mean: empty
    std::uint32_t first = kNone;
    bool started = false;  // the wildcards that begin with this piece have joined
  };
  std::vector<Progress> progress;  // by wildcard
  std::vector<Waiting> waiting;    // by piece
  std::uint64_t round = 0;
};

class WildcardSet {
 public:
  struct Entry {
    std::string_view text;  // as ValueTest::wildcard
    std::uint32_t id = kNone;
  };
  void build(const std::vector<Entry>& entries);
  // The numbers of this set's first wildcard and piece in the scratch of all sets; both are moved
  // on.
  void number_scratch(std::uint32_t& wildcard_base, std::uint32_t& piece_base);
  bool empty() const { return wildcards_.empty(); }
  std::size_t memory_bytes() const;

  // Calls found(id) for each wildcard that matches.
  template <typename Found>
  void find(std::string_view value, WildcardScratch& scratch, Found&& found) const {
    ++scratch.round;
    for (const std::uint32_t plain : pieceless_headless_) finish(plain, value, 0, found);
    if (!heads_.empty()) {
      heads_.walk<false, false>(value, [&](std::uint32_t head, std::size_t length) {
        for (std::uint32_t i = head_begin_[head]; i < head_begin_[head + 1]; ++i) {
          const std::uint32_t w = head_wildcards_[i];
          const auto from = static_cast<std::uint32_t>(length);
          if (wildcards_[w].piece_count == 0) {
            finish(w, value, from, found);
          } else {
            wait(w, 0, from, scratch);
          }
        }
      });
    }
    if (states_.size() > 1) scan(value, scratch, found);
  }

 private:
  struct Wildcard {
    std::uint32_t id = kNone;
    std::uint32_t tail = 0;  // into texts_
    std::uint32_t tail_length = 0;
    std::uint32_t pieces = 0;  // into pieces_
    std::uint32_t piece_count = 0;
  };
  // A state of the piece automaton; its children are contiguous.
  struct State {
    std::uint32_t first_child = 0;
    std::uint32_t child_count = 0;
    std::uint32_t fail = 0;
    std::uint32_t piece = kNone;  // that ends here
    std::uint32_t shorter = 0;    // next state on the chain of fails that ends a piece; 0: none
  };

  void build_automaton(const std::vector<std::string>& pieces);

  std::uint32_t child(std::uint32_t state, char c) const {
    if (state == 0) return root_[static_cast<unsigned char>(c)];
    const State& s = states_[state];
    for (std::uint32_t i = s.first_child; i < s.first_child + s.child_count; ++i) {
      if (bytes_[i] == c) return i;
    }
    return 0;
  }

  void wait(std::uint32_t w, std::uint32_t piece, std::uint32_t from,
            WildcardScratch& scratch) const {
    const std::uint32_t wanted = pieces_[wildcards_[w].pieces + piece];
    WildcardScratch::Waiting& waiting = scratch.waiting[piece_base_ + wanted];
    if (waiting.round != scratch.round) waiting = {scratch.round, kNone, false};
    scratch.progress[wildcard_base_ + w] = {piece, from, waiting.first};
    waiting.first = w;
  }

  template <typename Found>
  void finish(std::uint32_t w, std::string_view value, std::uint32_t from, Found& found) const {
    const Wildcard& wildcard = wildcards_[w];
    if (value.size() < std::size_t{from} + wildcard.tail_length) return;
    const std::string_view tail(texts_.data() + wildcard.tail, wildcard.tail_length);
    if (value.ends_with(tail)) found(wildcard.id);
  }

  template <typename Found>
  void scan(std::string_view value, WildcardScratch& scratch, Found& found) const {
    std::uint32_t state = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::uint32_t next = child(state, value[i]);
      while (next == 0 && state != 0) {
        state = states_[state].fail;
        next = child(state, value[i]);
      }
      state = next;
      std::uint32_t ending = states_[state].piece != kNone ? state : states_[state].shorter;
      for (; ending != 0; ending = states_[ending].shorter) {
        piece_seen(states_[ending].piece, value, static_cast<std::uint32_t>(i + 1), scratch, found);
      }
    }
  }

  template <typename Found>
  void piece_seen(std::uint32_t piece, std::string_view value, std::uint32_t end,
                  WildcardScratch& scratch, Found& found) const {
    WildcardScratch::Waiting& waiting = scratch.waiting[piece_base_ + piece];
    if (waiting.round != scratch.round) waiting = {scratch.round, kNone, false};
    const std::uint32_t start = end - piece_length_[piece];
    std::uint32_t w = waiting.first;
    waiting.first = kNone;
    while (w != kNone) {
      const WildcardScratch::Progress progress = scratch.progress[wildcard_base_ + w];
      if (progress.from <= start) {
        advance(w, progress.piece + 1, value, end, scratch, found);
      } else {
        wait(w, progress.piece, progress.from, scratch);
      }
      w = progress.next;
    }
    if (waiting.started) return;
    waiting.started = true;
    for (std::uint32_t i = start_begin_[piece]; i < start_begin_[piece + 1]; ++i) {
      advance(start_wildcards_[i], 1, value, end, scratch, found);
    }
  }

  template <typename Found>
  void advance(std::uint32_t w, std::uint32_t piece, std::string_view value, std::uint32_t from,
               WildcardScratch& scratch, Found& found) const {
    if (piece == wildcards_[w].piece_count) {
      finish(w, value, from, found);
    } else {
      wait(w, piece, from, scratch);
    }
  }

  std::vector<Wildcard> wildcards_;
  std::vector<std::uint32_t> pieces_;  // of each wildcard in turn: numbers of distinct pieces
  std::vector<std::uint32_t> piece_length_;
  std::string texts_;
  ByteTrie heads_;
  std::vector<std::uint32_t> head_begin_, head_wildcards_;
  std::vector<std::uint32_t> start_begin_, start_wildcards_;  // by piece: wildcards without a head
  std::vector<std::uint32_t> pieceless_headless_;
  std::vector<State> states_;
  std::string bytes_;  // of each state, the byte that leads to it
  std::array<std::uint32_t, 256> root_{};
  std::uint32_t wildcard_base_ = 0;
  std::uint32_t piece_base_ = 0;
};

}  // namespace weir::engine
