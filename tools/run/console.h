// Console: standard error, shared by messages and the live status line. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace weir {

class Console {
 public:
  Console();
  // True if people watch: only then is there a status line.
  bool terminal() const { return terminal_; }

  // One line, as it is.
  void say(std::string_view line);
  // "weir: TEXT"
  void note(std::string_view text);
  void warn(std::string_view text);
  // Replaces the status line; the last one is wiped by an empty text.
  void status(std::string_view line);

 private:
  std::mutex mutex_;
  bool terminal_;
  std::string status_;
};

// Lets a burst of `burst` messages through, then one every `every`, and counts what it held back.
class MessageLimit {
 public:
  // True: say it; `held_back` is how many were not said since the last one.
  bool allow(std::int64_t now_ns, std::uint64_t& held_back);

 private:
  static constexpr double kBurst = 5;
  static constexpr std::int64_t kEveryNs = 1'000'000'000;
  double tokens_ = kBurst;
  std::int64_t last_ns_ = 0;
  std::uint64_t held_back_ = 0;
};

}  // namespace weir
