#include "core/ingest/ack_lines.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/wire/json_text.h"

namespace weir {
namespace {

constexpr std::size_t kLineBytesMax = 128;

// Reasons that are found at one byte of the line.
bool has_place(RefuseReason reason) {
  return reason == RefuseReason::malformed || reason == RefuseReason::not_object ||
         reason == RefuseReason::not_utf8 || reason == RefuseReason::too_deep ||
         reason == RefuseReason::too_complex;
}

}  // namespace

void AckLines::say(std::string_view error) {
  general_ = R"({"error":")" + json_escaped(error) + "\"}\n";
}

void AckLines::write(std::string& out) {
  const std::size_t most = out.size() + kWriteBytesMax;
  out += general_;
  general_.clear();
  while (backlog() > 0 && out.size() + 2 * kLineBytesMax <= most) {
    const Refused& refused = refused_[refused_told_++];
    out += R"({"error":")";
    append_refusal(refused.reason, refused.offset, out);
    out += R"(","line":)" + std::to_string(refused.line) + "}\n";
  }
  std::uint64_t ack = done_;
  if (backlog() > 0) {
    ack = std::min(ack, refused_[refused_told_].line - 1);
  } else if (!refused_.empty()) {
    refused_told_ = 0;
    if (refused_.capacity() > kWriteBytesMax) refused_ = {};
    refused_.clear();
  }
  if (ack <= told_) return;
  out += R"({"ack":)" + std::to_string(ack) + "}\n";
  told_ = ack;
}

void append_refusal(RefuseReason reason, std::uint32_t error_offset, std::string& out) {
  out += to_string(reason);
  if (has_place(reason)) out += " at byte " + std::to_string(error_offset + 1);
}

}  // namespace weir
