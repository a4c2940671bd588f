// Secret: text that must not be printed: tokens, keys, addresses that carry one. It has no way into
// messages but the explicit reveal(), which only the code that sends it calls.
#pragma once

#include <string>
#include <utility>

namespace weir {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  bool empty() const { return text_.empty(); }
  const std::string& reveal() const { return text_; }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

}  // namespace weir
