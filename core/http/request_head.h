// RequestHead: the head of a target's requests. What is the same for all of them is made once; the
// rest is written in front of the body, so that head and body lie together and leave in one send.
//
// Threads: one. Lifetime: as long as the target keeps its address and headers.
// The configuration has refused what header_fault() and request_target_fault() find; it is checked
// again here, since a line end in a header would be a second request.
// Sources: RFC 9112 (format); Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/units.h"
#include "core/catalog/catalog.h"
#include "core/http/webhook_signer.h"

namespace weir {

class RequestHead {
 public:
  RequestHead(const HttpSpec& spec, std::string_view content_type);

  // Bytes to leave free in front of a body.
  std::size_t bytes_max() const { return bytes_max_; }
  // Writes the head so that it ends where the body begins; returns where it begins. `id`: of the
  // event, or of the batch where there are several; the same whenever the same records are sent.
  // At least bytes_max() bytes before `body` are free.
  char* write_before(std::string_view body, std::string_view id, bool single, WallTime now);

 private:
  std::string fixed_;
  std::string text_;
  std::string signature_;
  std::size_t bytes_max_ = 0;
  WebhookSigner signer_;
};

// What a body in this format is; `single`: one event to a request.
std::string_view content_type_of(BatchFormat format, bool single);

}  // namespace weir
