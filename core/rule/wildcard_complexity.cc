#include "core/rule/wildcard_complexity.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace weir {
namespace {

using Token = std::uint16_t;  // a byte, or
constexpr Token kStar = 256;
using Tokens = std::vector<Token>;

Tokens tokens_of(std::string_view wildcard) {
  Tokens tokens = {'"'};
  for (std::size_t i = 0; i < wildcard.size(); ++i) {
    if (wildcard[i] == '*') {
      tokens.push_back(kStar);
      continue;
    }
    if (wildcard[i] == '\\' && i + 1 < wildcard.size()) ++i;
    tokens.push_back(static_cast<unsigned char>(wildcard[i]));
  }
  tokens.push_back('"');
  return tokens;
}

// One wildcard. keys[n] names its beginning of n tokens; equal keys are one beginning.
struct Entry {
  Tokens tokens;
  std::size_t fixed = 0;  // tokens before the first star
  std::vector<std::uint32_t> keys;
  bool has_star() const { return fixed < tokens.size(); }
  Tokens fixed_text() const {
    return {tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(fixed)};
  }
};

// The pieces between stars as a trie (Aho-Corasick): which of their beginnings end together.
class PieceTrie {
 public:
  PieceTrie() { nodes_.emplace_back(); }

  void add(std::span<const Token> piece) {
    std::uint32_t at = 0;
    for (const Token token : piece) {
      std::uint32_t next = child(at, token);
      if (next == 0) {
        next = static_cast<std::uint32_t>(nodes_.size());
        nodes_[at].children.emplace_back(token, next);
        nodes_.emplace_back();
      }
      at = next;
      ++nodes_[at].weight;
    }
  }

  // The most beginnings that one text ends with.
  std::size_t heaviest() {
    std::size_t most = 0;
    std::vector<std::uint32_t> queue = {0};
    for (std::size_t i = 0; i < queue.size(); ++i) {
      const std::uint32_t parent = queue[i];
      for (const auto& [token, node] : nodes_[parent].children) {
        std::uint32_t fail = 0;
        if (parent != 0) {
          std::uint32_t from = nodes_[parent].fail;
          while ((fail = child(from, token)) == 0 && from != 0) from = nodes_[from].fail;
        }
        nodes_[node].fail = fail;
        nodes_[node].weight += nodes_[fail].weight;
        most = std::max(most, nodes_[node].weight);
        queue.push_back(node);
      }
    }
    return most;
  }

 private:
  struct Node {
    std::vector<std::pair<Token, std::uint32_t>> children;
    std::uint32_t fail = 0;
    std::size_t weight = 0;  // of the root: none
  };
  std::uint32_t child(std::uint32_t node, Token token) const {
    for (const auto& [of, next] : nodes_[node].children) {
      if (of == token) return next;
    }
    return 0;
  }
  std::vector<Node> nodes_;
};

class Weighing {
 public:
  explicit Weighing(std::span<const WildcardGroup> field) {
    std::set<WildcardTexts> seen;  // a test that is there twice is one
    for (const WildcardGroup& group : field) {
      const WildcardTexts texts(group.wildcards.begin(), group.wildcards.end());
      if (seen.insert(texts).second) add_group(texts);
    }
    stamps_.resize(key_count_);
  }

  std::size_t weigh(std::size_t enough) {
    std::set<Tokens> starts;
    for (const Entry& entry : entries_) starts.insert(entry.fixed_text());
    std::size_t most = 0;
    for (const Tokens& start : starts) {
      most = std::max({most, along(start), after(start)});
      if (most > enough) break;
    }
    return most;
  }

 private:
  using WildcardTexts = std::set<std::string_view>;

  void add_group(const WildcardTexts& texts) {
    std::map<Tokens, std::uint32_t> shared;
    for (const std::string_view text : texts) {
      Entry entry;
      entry.tokens = tokens_of(text);
      const auto star = std::ranges::find(entry.tokens, kStar);
      entry.fixed = static_cast<std::size_t>(star - entry.tokens.begin());
      entry.keys.push_back(0);
      Tokens beginning;
      for (std::size_t n = 1; n <= entry.tokens.size(); ++n) {
        if (texts.size() > 1 && n <= entry.fixed + 1) {
          beginning.push_back(entry.tokens[n - 1]);
          const auto [place, fresh] = shared.try_emplace(beginning, key_count_);
          entry.keys.push_back(place->second);
          if (fresh) ++key_count_;
        } else {
          entry.keys.push_back(key_count_++);
        }
      }
      entries_.push_back(std::move(entry));
    }
  }

  bool first_time(std::uint32_t key) { return std::exchange(stamps_[key], round_) != round_; }

  // While a value begins as `start` does.
  std::size_t along(const Tokens& start) {
    std::vector<std::vector<bool>> met;  // by entry and length: the value so far is that beginning
    for (const Entry& entry : entries_) {
      met.emplace_back(entry.tokens.size() + 1);
      met.back()[0] = true;
    }
    std::size_t most = 0;
    for (const Token token : start) {
      ++round_;
      std::size_t count = 0;
      for (std::size_t e = 0; e < entries_.size(); ++e) {
        const Entry& entry = entries_[e];
        bool before = met[e][0];
        met[e][0] = false;
        for (std::size_t n = 1; n < met[e].size(); ++n) {
          const bool now = entry.tokens[n - 1] == kStar ? met[e][n] || met[e][n - 1]
                                                        : before && entry.tokens[n - 1] == token;
          before = met[e][n];
          met[e][n] = now;
          if (now && first_time(entry.keys[n])) ++count;
        }
      }
      most = std::max(most, count);
    }
    return most;
  }

  // Once a value has begun as `start` does: whatever follows, a star that was reached stays so.
  // The worst value reaches all of them and then ends with the heaviest piece.
  std::size_t after(const Tokens& start) {
    ++round_;
    std::size_t stars = 0;
    PieceTrie pieces;
    for (const Entry& entry : entries_) {
      if (!entry.has_star() || entry.fixed > start.size()) continue;
      if (!std::equal(entry.tokens.begin(),
                      entry.tokens.begin() + static_cast<std::ptrdiff_t>(entry.fixed),
                      start.begin())) {
        continue;
      }
      std::size_t from = entry.fixed;
      while (from < entry.tokens.size()) {  // stands on a star
        if (first_time(entry.keys[from + 1])) ++stars;
        const std::span<const Token> rest = std::span(entry.tokens).subspan(from + 1);
        const auto length = static_cast<std::size_t>(std::ranges::find(rest, kStar) - rest.begin());
        pieces.add(rest.first(length));
        from += 1 + length;
      }
    }
    return stars + pieces.heaviest();
  }

  std::vector<Entry> entries_;
  std::uint32_t key_count_ = 1;
  std::vector<std::uint64_t> stamps_;  // by key: the last round that counted it
  std::uint64_t round_ = 0;
};

}  // namespace

std::size_t wildcard_complexity(std::span<const WildcardGroup> field, std::size_t enough) {
  return Weighing(field).weigh(enough);
}

}  // namespace weir
