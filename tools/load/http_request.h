// HttpRequest: the request that carries some records to a router, as lines to POST
// /v1/buses/{bus}/events or as entries of EventBridge's PutEvents, and what its answer says.
// Owned by one connection of HttpLoad, which fills it again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/load/feed.h"
#include "tools/load/load.h"

namespace weir {

class HttpRequest {
 public:
  // `chunk` stays where it is until the next call.
  void make(const LoadOptions& options, const Chunk& chunk);

  std::uint64_t records() const { return records_; }
  std::size_t size() const { return head_.size() + body_.size(); }
  // The two pieces of it that follow behind `sent` bytes.
  std::string_view head_after(std::size_t sent) const;
  std::string_view body_after(std::size_t sent) const;

  // How many of its records the answer says were accepted; nothing where it is no such answer.
  std::optional<std::uint64_t> accepted(int status, std::string_view answer) const;

 private:
  void write_entries(const std::string& bus, std::string_view lines);

  LoadApi api_ = LoadApi::bulk;
  std::uint64_t records_ = 0;
  std::string head_;
  std::string_view body_;
  std::string entries_;  // put_events: what body_ shows
};

}  // namespace weir
