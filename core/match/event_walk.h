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
#include "core/rule/json_text.h"

namespace weir::engine {

class EventWalk {
 public:
  // A token, by its number in the index.
  using Token = std::size_t;

  // The text of the index; 64 bytes behind it are readable.
  void open(const char* text, const StructuralIndex& index);

  // Walks the object that begins at `token`; `root` is the node it stands for, or kNone. The token
  // behind it, or kBad. Events must ascend.
  static constexpr Token kBad = ~Token{0};
  Token walk(const PathTree& tree, std::uint32_t root, EventState& state, Token token);
  // True when no escape in [begin, end) is wrong; spans must ascend.
  bool escapes_sound(std::uint32_t begin, std::uint32_t end) {
    while (*bad_escape_ < begin) ++bad_escape_;
    return *bad_escape_ >= end;
  }

 private:
  static constexpr std::uint32_t kNameColon = '"' | ':' << 8;
  // A member that is a string, and a comma behind it.
  static constexpr std::uint32_t kStringMember = kNameColon | '"' << 16 | ',' << 24;
  enum class Turn : std::uint8_t { scalar, opened, closed, bad };
  struct Frame {
    std::uint32_t node = kNone;
    std::uint32_t element = kFree;      // that values directly in it lie in
    std::uint32_t own_element = kFree;  // that it is
    std::uint32_t array = kNone;
    bool is_array = false;
  };

  // The reading functions take the token as an argument and keep it in a local: kept in a member
  // it would be stored and loaded again at every step, and that chain would be the longest of the
  // loop.
  char at(Token token) const { return bytes_[token]; }
  const char* text_at(Token token) const { return text_ + positions_[token]; }
  // The end of the number at `token` with the first byte `c`, or null.
  const char* number_at(Token token, char c) const {
    return number_end(text_at(token), c, positions_[token + 1] - positions_[token]);
  }
  // A name, its colon, and two tokens more.
  std::uint32_t member(Token token) const { return load_u32(bytes_ + token); }
  static bool names(std::uint32_t member) { return (member & 0xFFFFU) == kNameColon; }
  Turn members(bool first);
  Turn elements(bool first);
  // A value that is no container; wanted() hands it on.
  bool scalar(Token token, char c, std::uint32_t node, std::uint32_t element);
  void string(Token token, std::uint32_t node, std::uint32_t element);
  bool wanted(Token token, char c, std::uint32_t path, std::uint32_t element);
  Turn container(std::uint32_t node, char c);
  bool open_container(std::uint32_t node, bool is_array);
  void close_container();
  Token skip_members(Token token) const;
  Token skip_elements(Token token) const;
  bool skip_container();
  bool scalar_sound(Token token, char c) const;
  bool literal_sound(Token token, char c) const;
  std::uint32_t resolve(std::uint32_t node, Token token);
  std::uint32_t resolve_slowly(std::uint32_t node, Token token);
  // Whether the string at `token` holds an escape; tokens must ascend.
  bool escaped(Token token) {
    if (*escape_ >= positions_[token + 1]) [[likely]]
      return false;
    while (*escape_ < positions_[token]) ++escape_;
    return *escape_ < positions_[token + 1];
  }
  bool strings_fit(Token begin, Token end) const;
  std::string_view raw_text(Token token) const;
  std::string_view string_text(Token token);
  std::string_view unescaped(std::string_view raw);

  const char* text_ = nullptr;
  const char* bytes_ = nullptr;
  const std::uint32_t* positions_ = nullptr;
  Token token_ = 0;  // between the functions
  const std::uint32_t* escape_ = nullptr;
  const std::uint32_t* bad_escape_ = nullptr;
  const PathTree* tree_ = nullptr;
  EventState* state_ = nullptr;
  std::uint32_t depth_ = 0;  // frames in use
  std::array<Frame, kEventDepthMax> frames_;
  std::string buffer_;  // for unescaped text
};

}  // namespace weir::engine
