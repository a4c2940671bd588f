#include "tools/run/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace weir {
namespace {

constexpr std::string_view kWipe = "\r\x1b[K";  // to the start of the line, and clear it

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

Console::Console() : terminal_(isatty(STDERR_FILENO) == 1) {}

void Console::say(std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::string out;
  if (!status_.empty()) out += kWipe;
  out.append(line).append("\n").append(status_);
  put(out);
  std::fflush(stderr);
}

void Console::note(std::string_view text) {
  say(fmt::format("weir: {}", text));
}

void Console::warn(std::string_view text) {
  say(fmt::format("weir: warning: {}", text));
}

void Console::status(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (!terminal_) return;
  put(kWipe);
  put(line);
  std::fflush(stderr);
  status_ = line;
}

bool MessageLimit::allow(std::int64_t now_ns, std::uint64_t& held_back) {
  tokens_ = std::min(kBurst, tokens_ + static_cast<double>(now_ns - last_ns_) / kEveryNs);
  last_ns_ = now_ns;
  if (tokens_ < 1) {
    ++held_back_;
    return false;
  }
  tokens_ -= 1;
  held_back = held_back_;
  held_back_ = 0;
  return true;
}

}  // namespace weir
