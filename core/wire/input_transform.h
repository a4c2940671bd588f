// InputTransform: what a target gets instead of the event: a constant, a part of the event, or a
// template with parts of it.
//
// In a template that begins with a quote, texts stand for themselves and of objects and lists all
// quotes are left out; it is delivered with its own quotes. Any other template is JSON: a
// placeholder stands for a value as JSON, within quotes for its bare text. A part that is not there
// is an empty text. Whitespace between the values of a part is left out.
//
// Threads: one for each object. Lifetime: refers to nothing. Memory: the nodes of the largest event
// seen. Errors: compile() in the service's words; apply() has no result where it is not JSON, has
// more than kResultMost bytes, or InputPath finds nothing.
// Source: "Amazon EventBridge input transformation" in the user guide; where recordings of the
// service say otherwise, the recordings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/units.h"
#include "core/rule/json_tree.h"
#include "core/wire/input_spec.h"

namespace weir {

class InputTransform {
 public:
  static constexpr std::size_t kResultMost = 4 * kMiB;

  // `target`: its id, for messages.
  static Result<InputTransform> compile(const InputSpec& spec, std::string_view target);

  // Replaces `out`. False: nothing can be delivered. `event`: a sound JSON object.
  bool apply(std::string_view event, WallTime ingested, std::string& out);

 private:
  struct Step {
    std::string name;
    std::uint32_t index = 0;
    bool by_index = false;
  };
  using Path = std::vector<Step>;
  enum class Value : std::uint8_t { none, part, rule_arn, rule_name, time, event, whole };
  // Text of the template, then a value.
  struct Piece {
    std::string text;
    Value value = Value::none;
    Path path = {};
    bool quoted = false;
  };

  static bool read_path(std::string_view text, Path& path);
  bool read_template(const InputSpec& spec, std::string& placeholder);
  bool read_placeholder(std::string_view name, const InputSpec& spec, Piece& piece);
  const JsonNode* find(const Path& path) const;
  void write_part(const Piece& piece, std::string_view event, std::string& out) const;
  void write_event(const Piece& piece, std::string_view event, std::string_view time,
                   std::string& out) const;
  void write_text(std::string_view text, const Piece& piece, std::string& out) const;
  void write_json(std::string_view json, const Piece& piece, std::string& out) const;
  std::string_view json_of(const JsonNode& node, std::string_view event) const;

  InputSpec spec_;
  Path path_;
  std::vector<Piece> pieces_;
  bool json_ = false;  // the template is JSON
  JsonTree tree_;
  JsonTree check_;
};

}  // namespace weir
