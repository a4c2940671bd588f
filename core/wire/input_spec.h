// InputSpec: what a target gets instead of the event, as EventBridge's Input, InputPath and
// InputTransformer say it. Plain data; input_transform.h checks and applies it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace weir {

struct InputSpec {
  enum class Kind : std::uint8_t { event, constant, path, transformer };
  Kind kind = Kind::event;
  std::string text = {};                          // the constant, the path, the template
  std::map<std::string, std::string> paths = {};  // transformer: placeholder to path
  std::string rule_arn = {};
  std::string rule_name = {};
  friend bool operator==(const InputSpec&, const InputSpec&) = default;
};

}  // namespace weir
