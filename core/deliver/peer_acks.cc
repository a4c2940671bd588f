#include "core/deliver/peer_acks.h"

#include <utility>

#include "core/wire/ack_line.h"

namespace weir {

void PeerAcks::begin() {
  *this = PeerAcks();
}

bool PeerAcks::hear(std::span<const char> bytes) {
  heard_.append(bytes.data(), bytes.size());
  std::size_t at = 0;
  for (std::size_t end = 0; (end = heard_.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string_view line = std::string_view(heard_).substr(at, end - at);
    if (!take_line(line)) {
      fault_ = "it says what is no acknowledgement: " + std::string(line.substr(0, 80));
      return false;
    }
  }
  heard_.erase(0, at);
  if (heard_.size() <= kAckLineBytesMax && refused_.size() <= kRefusalsMax) return true;
  fault_ = "it says too much without acknowledging anything";
  return false;
}

bool PeerAcks::take_line(std::string_view text) {
  auto line = parse_ack_line(text);
  if (!line) return false;
  if (line->error && line->line) {
    const std::uint64_t last = refused_.empty() ? told_ : refused_.back().line;
    if (*line->line <= last) return false;
    refused_.push_back({*line->line, std::move(*line->error)});
  } else if (line->error) {
    notice_ = std::move(*line->error);
  }
  if (!line->ack) return true;
  if (*line->ack < told_) return false;
  told_ = *line->ack;
  return true;
}

const std::string* PeerAcks::pass() {
  ++passed_;
  if (refused_.empty() || refused_.front().line != passed_) return nullptr;
  last_error_ = std::move(refused_.front().error);
  refused_.pop_front();
  return &last_error_;
}

std::string PeerAcks::take_notice() {
  return std::exchange(notice_, {});
}

}  // namespace weir
