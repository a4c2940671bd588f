#include "core/match/event_walk.h"

#include <bitset>
#include <cstring>

#include "core/rule/json_scanner.h"
#include "core/rule/json_text.h"

namespace weir::engine {

void EventWalk::open(const char* text, const StructuralIndex& index) {
  text_ = text;
  token_ = index.tokens();
  escape_ = index.escapes();
  bad_escape_ = index.bad_escapes();
  last_ = index.last_position();
}

inline bool EventWalk::literal_sound(Token token, char c) const {
  const char* p = text_ + *token;
  if (c == 't') return std::memcmp(p, "true", 4) == 0 && ends_scalar(p[4]);
  if (c == 'n') return std::memcmp(p, "null", 4) == 0 && ends_scalar(p[4]);
  return c == 'f' && std::memcmp(p + 1, "alse", 4) == 0 && ends_scalar(p[5]);
}

inline bool EventWalk::scalar_sound(Token token, char c) const {
  if (c == '"') return true;
  if (c == '-' || is_digit(c)) return number_end(text_ + *token) != nullptr;
  return literal_sound(token, c);
}

std::string_view EventWalk::unescaped(std::string_view raw) {
  if (buffer_.size() < raw.size()) buffer_.resize(raw.size());
  const char* end = unescape_json(raw, buffer_.data());
  return {buffer_.data(), static_cast<std::size_t>(end - buffer_.data())};
}

// The string at `token`, between its quotes: only white space stands between the closing one and
// the next token.
inline std::string_view EventWalk::raw_text(Token token) const {
  const std::uint32_t begin = *token + 1;
  std::uint32_t end = token[1] - 1;
  while (text_[end] != '"') --end;
  return {text_ + begin, end - begin};
}

inline std::string_view EventWalk::string_text(Token token) {
  const std::string_view raw = raw_text(token);
  return escaped(token) ? unescaped(raw) : raw;
}

inline bool EventWalk::name_too_long(Token token) const {
  if (token[1] - *token <= kJsonNameLengthMax) [[likely]]
    return false;
  return raw_text(token).size() > kJsonNameLengthMax;
}

// The node that the name at `token` leads to.
inline std::uint32_t EventWalk::resolve(std::uint32_t node, Token token) {
  if (escaped(token)) [[unlikely]]
    return tree_->resolve_text(node, string_text(token));
  return tree_->resolve(node, text_ + *token + 1);
}

bool EventWalk::open_container(std::uint32_t node, bool is_array) {
  if (depth_ == kEventDepthMax) return false;
  Frame frame;
  frame.node = node;
  frame.is_array = is_array;
  if (depth_ > 0) {
    const Frame& outer = frames_[depth_ - 1];
    frame.element = outer.element;
    if (outer.array != kNone) {
      frame.element = frame.own_element = state_->open_element(outer.array, outer.element);
    }
  }
  // Below a leaf of the tree no two values can be asked to live together.
  if (is_array && tree_->node(node).child_count > 0) frame.array = state_->open_array();
  frames_[depth_++] = frame;
  return true;
}

void EventWalk::close_container() {
  const Frame& frame = frames_[--depth_];
  if (frame.array != kNone) state_->close_array(frame.array);
  if (frame.own_element != kFree) state_->close_element(frame.own_element);
}

// Checks the container at token_ to its end, whatever it holds.
bool EventWalk::skip_container() {
  std::bitset<kEventDepthMax + 1> is_object;
  const std::uint32_t outside = depth_;
  std::uint32_t depth = outside;
  Token token = token_;
  char c = at(token);
  for (;;) {
    if (c == '{' || c == '[') {
      if (depth == kEventDepthMax) return false;
      const bool object = c == '{';
      is_object[++depth] = object;
      c = at(++token);
      if (c == (object ? '}' : ']')) {
        --depth;
      } else {
        if (!object) continue;
        if (c != '"' || name_too_long(token) || at(token + 1) != ':') return false;
        token += 2;
        c = at(token);
        continue;
      }
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
      if (c != (is_object[depth] ? '}' : ']')) return false;
      --depth;
    }
    c = at(++token);
    if (is_object[depth]) {
      if (c != '"' || name_too_long(token) || at(token + 1) != ':') return false;
      token += 2;
      c = at(token);
    }
  }
}

inline bool EventWalk::scalar(Token token, char c, std::uint32_t node, std::uint32_t element) {
  if (node == kNone) return scalar_sound(token, c);
  const std::uint32_t path = tree_->node(node).path;
  if (path == kNone) return scalar_sound(token, c);
  if (c == '"') {
    state_->add_string(path, element, string_text(token));
    return true;
  }
  if (c == '-' || is_digit(c)) {
    const char* begin = text_ + *token;
    const char* end = number_end(begin);
    if (end == nullptr) return false;
    state_->add_number(path, element, {begin, static_cast<std::size_t>(end - begin)});
    return true;
  }
  if (!literal_sound(token, c)) return false;
  state_->add_literal(path, element, c);
  return true;
}

// The container at token_.
inline EventWalk::Turn EventWalk::container(std::uint32_t node, char c) {
  if (node == kNone) return skip_container() ? Turn::scalar : Turn::bad;
  return open_container(node, c == '[') ? Turn::opened : Turn::bad;
}

// Reads members of the object on top until one opens a container or the object ends.
EventWalk::Turn EventWalk::members(bool first) {
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
    c = at(++token);
  }
  for (;;) {
    if (c != '"' || at(token + 1) != ':' || name_too_long(token)) return Turn::bad;
    const std::uint32_t child = resolve(node, token);
    token += 2;
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
    c = at(++token);
  }
}

EventWalk::Turn EventWalk::elements(bool first) {
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

bool EventWalk::walk(const PathTree& tree, std::uint32_t root, EventState& state) {
  tree_ = &tree;
  state_ = &state;
  depth_ = 0;
  if (at(token_) != '{') return false;
  if (root == kNone) return skip_container();
  if (!open_container(root, false)) return false;
  bool first = true;
  for (;;) {
    const Turn turn = frames_[depth_ - 1].is_array ? elements(first) : members(first);
    if (turn == Turn::bad) return false;
    first = turn == Turn::opened;
    if (first) continue;
    close_container();
    if (depth_ == 0) return true;
  }
}

}  // namespace weir::engine
