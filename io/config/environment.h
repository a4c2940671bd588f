// Environment variables in scalars: `${NAME}` becomes the variable's value, `$${` a plain `${`.
//
// It happens after parsing, so a value can never change the structure of the file. Values may be
// secrets: messages show the text as it is written, never what it became.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace weir {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The variables of this process.
Environment process_environment();

// What the text is: where values go into JSON text they are escaped inside its strings, and may
// only be a number or literal outside of them.
enum class Substitution { plain_text, json_text };

struct Substituted {
  // A variable that was replaced: its bytes in the result, and in the text as written.
  struct Piece {
    std::size_t begin, end;
    std::size_t written_begin, written_end;
    std::string name;
  };
  std::string text;
  std::vector<Piece> pieces;

  // The offset in the text as written of an offset in the result.
  std::size_t written_offset(std::size_t offset) const;
  // `message` with every replaced value hidden behind its variable's name again.
  std::string without_values(std::string message) const;
};

Result<Substituted> substitute(std::string_view written, Substitution into,
                               const Environment& environment);

// Whether the text is exactly a number, `true`, `false` or `null` in JSON's grammar (RFC 8259).
bool is_json_number(std::string_view text);
bool is_json_number_or_literal(std::string_view text);

}  // namespace weir
