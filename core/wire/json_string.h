// Reading JSON strings out of wrappers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

// The text of a JSON string, given without its quotes. False where an escape is not one (a lone
// surrogate included); `text` is then undefined.
bool unescape_json(std::string_view raw, std::string& text);

// The string value, without its quotes and still escaped, of the first member called `name` of the
// object in `json`; nothing if there is none, or if it is no string. Looks at the top level only.
std::optional<std::string_view> find_string_member(std::string_view json, std::string_view name);

// The end of the string whose opening quote is at `quote`: the position of its closing quote, or
// npos.
std::size_t string_end(std::string_view json, std::size_t quote);

}  // namespace weir
