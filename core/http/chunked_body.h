// ChunkedBody: takes the chunks of a request's body apart, strictly. llhttp takes more than one
// reading of a chunk's line allows (blanks, any number of zeros, extensions without end), and two
// readers that differ are how a hidden request gets through; so what is taken here is less:
//
//     1 to 16 hexadecimal digits, perhaps ";extension", CR LF
//     so many bytes, CR LF; the last chunk has the size 0
//     at most kTrailersMax trailer lines, well-formed and of no name that has a meaning; CR LF
//
// An extension is names with ';' between, the last perhaps with "=value": no blanks, no escapes, at
// most kExtensionBytesMax bytes. (llhttp 8.1 takes the ';' behind a value for the end of the size.)
// Extensions and trailers are read and forgotten. Any split of the bytes gives the same result.
//
// Threads: one. Source: RFC 9112 7.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

class ChunkedBody {
 public:
  static constexpr std::uint32_t kSizeDigitsMax = 16;
  static constexpr std::uint32_t kExtensionBytesMax = 256;
  static constexpr std::uint32_t kTrailersMax = 32;
  static constexpr std::uint32_t kTrailerBytesMax = 1024;  // of one
  enum class State : std::uint8_t { reading, complete, broken, over_limit };

  void begin();
  // Takes bytes from the front, appends what is body to `body`, and returns how many were taken:
  // all of them, unless the end was reached or something was refused. `body_bytes_max`: of `body`.
  std::size_t read(std::string_view bytes, std::string& body, std::uint64_t body_bytes_max);
  State state() const { return state_; }
  const char* fault() const { return fault_; }

 private:
  enum class Step : std::uint8_t {
    size,
    extension,
    size_line_end,
    data,
    data_return,
    data_line_end,
    trailer,
    trailer_line_end
  };
  void step(char c);
  void size_line_ended();
  void trailer_ended();
  void refuse(State state, const char* fault) {
    state_ = state;
    fault_ = fault;
  }

  State state_ = State::reading;
  Step step_ = Step::size;
  std::uint32_t digits_ = 0;
  std::uint32_t trailers_ = 0;
  std::uint64_t left_ = 0;  // of the chunk
  const char* fault_ = "";
  std::string extension_;
  std::string trailer_;
};

}  // namespace weir
