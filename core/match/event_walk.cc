#include "core/match/event_walk.h"

#include <algorithm>

#include "core/rule/json_scanner.h"
#include "core/rule/json_text.h"

namespace weir::engine {

void EventWalk::open(const char* text, const StructuralIndex& index) {
  text_ = text;
  bytes_ = index.bytes();
  positions_ = index.positions();
  escape_ = index.escapes();
  bad_escape_ = index.bad_escapes();
}

inline bool EventWalk::literal_sound(Token token, char c) const {
  const char* p = text_at(token);
  if (c == 't') return load_u32(p) == load_u32("true") && ends_scalar(p[4]);
  if (c == 'n') return load_u32(p) == load_u32("null") && ends_scalar(p[4]);
  return c == 'f' && load_u32(p + 1) == load_u32("alse") && ends_scalar(p[5]);
}

inline bool EventWalk::scalar_sound(Token token, char c) const {
  if (c == '"') return true;
  if (c == '-' || is_digit(c)) return number_at(token, c) != nullptr;
  return literal_sound(token, c);
}

std::string_view EventWalk::unescaped(std::string_view raw) {
  if (buffer_.size() < raw.size()) buffer_.resize(raw.size());
  const char* end = unescape_json(raw, buffer_.data());
  return {buffer_.data(), static_cast<std::size_t>(end - buffer_.data())};
}

// The string at `token`, between its quotes.
inline std::string_view EventWalk::raw_text(Token token) const {
  return TokenText{text_, bytes_, positions_}.string_at(token);
}

inline std::string_view EventWalk::string_text(Token token) {
  const std::string_view raw = raw_text(token);
  return escaped(token) ? unescaped(raw) : raw;
}

// Whether every name and string of a sound event is within its limit. Only a wide gap between two
// tokens can hold one that is not.
bool EventWalk::strings_fit(Token begin, Token end) const {
  if (positions_[end] - positions_[begin] <= kJsonNameLengthMax) [[likely]]
    return true;
  std::uint32_t widest = 0;
  for (Token t = begin; t < end; ++t) {
    widest = std::max(widest, positions_[t + 1] - positions_[t]);
  }
  if (widest <= kJsonNameLengthMax) return true;
  for (Token t = begin; t < end; ++t) {
    if (at(t) != '"') continue;
    const std::size_t most = names(member(t)) ? kJsonNameLengthMax : kJsonStringLengthMax;
    if (raw_text(t).size() > most) return false;
  }
  return true;
}

// The node that the name at `token` leads to.
inline std::uint32_t EventWalk::resolve(std::uint32_t node, Token token) {
  const std::uint32_t begin = positions_[token] + 1;
  const std::uint32_t end = positions_[token + 1] - 1;
  if (text_[end] == '"' && *escape_ >= end) [[likely]] {
    return tree_->resolve(node, text_ + begin, end - begin);
  }
  return resolve_slowly(node, token);
}

// White space before the colon, or perhaps an escape.
[[gnu::noinline]] std::uint32_t EventWalk::resolve_slowly(std::uint32_t node, Token token) {
  return tree_->resolve_text(node, string_text(token));
}

[[gnu::always_inline]] inline bool EventWalk::open_container(std::uint32_t node, bool is_array) {
  if (depth_ == kEventDepthMax) return false;
  const std::uint32_t at = depth_++;
  Frame& frame = frames_[at];
  frame.node = node;
  frame.element = kFree;
  frame.own_element = kFree;
  frame.array = kNone;
  frame.is_array = is_array;
  if (at > 0) {
    const Frame& outer = frames_[at - 1];
    frame.element = outer.element;
    if (outer.array != kNone) {
      frame.element = frame.own_element =
          state_->open_element(outer.array, outer.element, tree_->node(outer.node).depth);
    }
  }
  if (is_array && state_->wants_arrays(tree_->node(node))) frame.array = state_->open_array();
  return true;
}

[[gnu::always_inline]] inline void EventWalk::close_container() {
  const Frame& frame = frames_[--depth_];
  if (frame.array != kNone) state_->close_array(frame.array);
  if (frame.own_element != kFree) state_->close_element(frame.own_element);
}

// The value of the first member from `token` on that is a container or has no comma behind it; kBad
// if there is none, or what comes before is not sound.
inline EventWalk::Token EventWalk::skip_members(Token token) const {
  for (;; token += 4) {
    const std::uint32_t here = member(token);
    if (here == kStringMember) continue;
    if (!names(here)) return kBad;
    if (here >> 24U != ',') return token + 2;
    if (!scalar_sound(token + 2, at(token + 2))) return kBad;
  }
}

// The same of elements.
inline EventWalk::Token EventWalk::skip_elements(Token token) const {
  for (; at(token + 1) == ','; token += 2) {
    if (!scalar_sound(token, at(token))) return kBad;
  }
  return token;
}

// Checks the container at token_ to its end, whatever it holds.
[[gnu::noinline]] bool EventWalk::skip_container() {
  std::array<char, kEventDepthMax + 1> closer;  // by depth
  const std::uint32_t outside = depth_;
  std::uint32_t depth = outside;
  Token token = token_;
  char c = at(token);
  for (;;) {
    if (c == '{' || c == '[') {
      if (depth == kEventDepthMax) return false;
      const auto close = static_cast<char>(c + 2);
      closer[++depth] = close;
      c = at(++token);
      if (c != close) {
        token = close == '}' ? skip_members(token) : skip_elements(token);
        if (token == kBad) return false;
        c = at(token);
        continue;
      }
      --depth;
    } else if (!scalar_sound(token, c)) {
      return false;
    }
    // Behind a value.
    for (;;) {
      if (depth == outside) {
        token_ = token;
        return true;
      }
      c = at(++token);
      if (c == ',') break;
      if (c != closer[depth]) return false;
      --depth;
    }
    ++token;
    token = closer[depth] == '}' ? skip_members(token) : skip_elements(token);
    if (token == kBad) return false;
    c = at(token);
  }
}

inline bool EventWalk::scalar(Token token, char c, std::uint32_t node, std::uint32_t element) {
  if (node == kNone) return scalar_sound(token, c);
  const std::uint32_t path = tree_->node(node).path;
  if (path == kNone) return scalar_sound(token, c);
  if (!state_->puts_off(path, element)) return wanted(token, c, path, element);
  state_->add_later(path, token);
  return scalar_sound(token, c);
}

inline void EventWalk::string(Token token, std::uint32_t node, std::uint32_t element) {
  const std::uint32_t path = tree_->node(node).path;
  if (path == kNone) return;
  if (state_->puts_off(path, element)) {
    state_->add_later(path, token);
  } else {
    wanted(token, '"', path, element);
  }
}

// A value of a field, to be looked at now.
[[gnu::noinline]] bool EventWalk::wanted(Token token, char c, std::uint32_t path,
                                         std::uint32_t element) {
  if (c == '"') {
    const std::string_view raw = raw_text(token);
    if (escaped(token)) [[unlikely]] {
      state_->add_string(path, element, unescaped(raw), false);
    } else {
      state_->add_string(path, element, raw);
    }
    return true;
  }
  if (c == '-' || is_digit(c)) {
    const char* begin = text_at(token);
    const std::uint32_t gap = positions_[token + 1] - positions_[token];
    PlainSpan plain;
    if (plain_number(begin, c, gap, plain)) [[likely]] {
      state_->add_number(path, element, {begin, gap}, plain);
      return true;
    }
    const char* end = number_end_slow(begin);  // an exponent, or white space behind it
    if (end == nullptr) return false;
    state_->add_number(path, element, {begin, static_cast<std::size_t>(end - begin)});
    return true;
  }
  if (!literal_sound(token, c)) return false;
  state_->add_literal(path, element, {text_at(token), 1});
  return true;
}

// The container at token_.
inline EventWalk::Turn EventWalk::container(std::uint32_t node, char c) {
  if (node == kNone) return skip_container() ? Turn::scalar : Turn::bad;
  return open_container(node, c == '[') ? Turn::opened : Turn::bad;
}

// Reads members of the object on top until one opens a container or the object ends.
[[gnu::always_inline]] inline EventWalk::Turn EventWalk::members(bool first) {
  const std::uint32_t node = frames_[depth_ - 1].node;
  const std::uint32_t element = frames_[depth_ - 1].element;
  Token token = token_ + 1;
  char c = at(token);
  if (c == '}') {
    token_ = token;
    return Turn::closed;
  }
  if (!first) {
    if (c != ',') return Turn::bad;
    ++token;
  }
  for (;;) {
    const std::uint32_t here = member(token);
    if (!names(here)) return Turn::bad;
    const std::uint32_t child = resolve(node, token);
    token += 2;
    if (here == kStringMember) {
      if (child != kNone) string(token, child, element);
      token += 2;
      continue;
    }
    c = at(token);
    if (c == '{' || c == '[') {
      token_ = token;
      const Turn turn = container(child, c);
      if (turn != Turn::scalar) return turn;
      token = token_;
    } else if (!scalar(token, c, child, element)) {
      return Turn::bad;
    }
    c = at(++token);
    if (c != ',') {
      token_ = token;
      return c == '}' ? Turn::closed : Turn::bad;
    }
    ++token;
  }
}

[[gnu::always_inline]] inline EventWalk::Turn EventWalk::elements(bool first) {
  const std::uint32_t node = frames_[depth_ - 1].node;
  const std::uint32_t element = frames_[depth_ - 1].element;
  Token token = token_ + 1;
  char c = at(token);
  if (c == ']') {
    token_ = token;
    return Turn::closed;
  }
  if (!first) {
    if (c != ',') return Turn::bad;
    c = at(++token);
  }
  for (;;) {
    if (c == '{' || c == '[') {
      token_ = token;
      return container(node, c);
    }
    if (!scalar(token, c, node, element)) return Turn::bad;
    c = at(++token);
    if (c != ',') {
      token_ = token;
      return c == ']' ? Turn::closed : Turn::bad;
    }
    c = at(++token);
  }
}

EventWalk::Token EventWalk::walk(const PathTree& tree, std::uint32_t root, EventState& state,
                                 Token token) {
  tree_ = &tree;
  state_ = &state;
  state.read_from({text_, bytes_, positions_});
  depth_ = 0;
  token_ = token;
  if (at(token) != '{') return kBad;
  if (root == kNone) {
    if (!skip_container()) return kBad;
  } else {
    if (!open_container(root, false)) return kBad;
    for (bool first = true; depth_ > 0;) {
      const Turn turn = frames_[depth_ - 1].is_array ? elements(first) : members(first);
      if (turn == Turn::bad) return kBad;
      first = turn == Turn::opened;
      if (!first) close_container();
    }
  }
  return strings_fit(token, token_) ? token_ + 1 : kBad;
}

}  // namespace weir::engine
