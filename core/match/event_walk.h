// EventWalk: one pass over the tokens of an event, in the order of the text, that checks the whole
// grammar and hands every value of a wanted field to the EventState.
//
// The PathTree says what is wanted; below a name that no rule reads only the grammar is checked.
// The walk needs no bounds checks: behind the last token stand sentinels that no grammar accepts.
// Threads: one. No recursion, no allocation but for the growth of scratch.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/event/event_error.h"
#include "core/event/json_number.h"
#include "core/event/structural_index.h"
#include "core/match/event_state.h"

namespace weir::engine {

class EventWalk {
 public:
  // The text of the index; 64 bytes behind it are readable.
  void open(const char* text, const StructuralIndex& index);

  const std::uint32_t* token() const { return token_; }
  // Behind the event that was walked.
  void pass() { ++token_; }
  // Where the walk stands, to come back to when the event turns out to be bad.
  struct Mark {
    const std::uint32_t* token;
    const std::uint32_t* escape;
  };
  Mark mark() const { return {token_, escape_}; }
  void back_to(const Mark& mark) {
    token_ = mark.token;
    escape_ = mark.escape;
  }
  // Moves to the first token at or behind `position`.
  void skip_to(std::uint32_t position) {
    while (*token_ < position && *token_ < last_) ++token_;
  }
  // True when no escape in [begin, end) is wrong; spans must ascend.
  bool escapes_sound(std::uint32_t begin, std::uint32_t end) {
    while (*bad_escape_ < begin) ++bad_escape_;
    return *bad_escape_ >= end;
  }

  // Walks the object at token(); `root` is the node it stands for, or kNone. True when it is sound;
  // then token() is its closing brace.
  bool walk(const PathTree& tree, std::uint32_t root, EventState& state);

 private:
  enum class Turn : std::uint8_t { scalar, opened, closed, bad };
  struct Frame {
    std::uint32_t node = kNone;
    std::uint32_t element = kFree;      // that values directly in it lie in
    std::uint32_t own_element = kFree;  // that it is
    std::uint32_t array = kNone;
    bool is_array = false;
  };

  // The reading functions take the token as an argument and return it: kept in a member it would
  // be stored and loaded again at every step, and that chain would be the longest of the loop.
  using Token = const std::uint32_t*;

  char at(Token token) const { return text_[*token]; }
  Turn members(bool first);
  Turn elements(bool first);
  // A value that is no container.
  bool scalar(Token token, char c, std::uint32_t node, std::uint32_t element);
  Turn container(std::uint32_t node, char c);
  bool open_container(std::uint32_t node, bool is_array);
  void close_container();
  bool skip_container();
  bool scalar_sound(Token token, char c) const;
  bool literal_sound(Token token, char c) const;
  std::uint32_t resolve(std::uint32_t node, Token token);
  bool escaped(Token token) {
    while (*escape_ < *token) ++escape_;
    return *escape_ < token[1];
  }
  bool name_too_long(Token token) const;
  std::string_view raw_text(Token token) const;
  std::string_view string_text(Token token);
  std::string_view unescaped(std::string_view raw);

  const char* text_ = nullptr;
  const std::uint32_t* token_ = nullptr;
  const std::uint32_t* escape_ = nullptr;
  const std::uint32_t* bad_escape_ = nullptr;
  std::uint32_t last_ = 0;
  const PathTree* tree_ = nullptr;
  EventState* state_ = nullptr;
  std::uint32_t depth_ = 0;  // frames in use
  std::array<Frame, kEventDepthMax> frames_;
  std::string buffer_;  // for unescaped text
};

}  // namespace weir::engine
