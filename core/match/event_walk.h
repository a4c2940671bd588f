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
  bool walk(const Tables& tables, std::uint32_t root, EventState& state);

 private:
  enum class Turn : std::uint8_t { scalar, opened, closed, bad };
  struct Frame {
    std::uint32_t node = kNone;
    std::uint32_t element = kFree;      // that values directly in it lie in
    std::uint32_t own_element = kFree;  // that it is
    std::uint32_t array = kNone;
    bool is_array = false;
  };

  char next() { return text_[*++token_]; }
  Turn members(bool first);
  Turn elements(bool first);
  Turn value(std::uint32_t node);
  bool open_container(std::uint32_t node, bool is_array);
  void close_container();
  bool skip_container();
  bool skip_scalar(char c) const;
  bool literal_sound(char c) const;
  std::uint32_t resolve(std::uint32_t node);
  bool escaped(std::uint32_t begin, std::uint32_t end) {
    while (*escape_ < begin) ++escape_;
    return *escape_ < end;
  }
  bool name_too_long() const;
  std::string_view raw_text() const;
  std::string_view string_text();
  std::string_view unescaped(std::string_view raw);

  const char* text_ = nullptr;
  const std::uint32_t* token_ = nullptr;
  const std::uint32_t* escape_ = nullptr;
  const std::uint32_t* bad_escape_ = nullptr;
  std::uint32_t last_ = 0;
  const Tables* tables_ = nullptr;
  EventState* state_ = nullptr;
  std::uint32_t depth_ = 0;  // frames in use
  std::array<Frame, kEventDepthMax> frames_;
  std::string buffer_;  // for unescaped text
};

}  // namespace weir::engine
