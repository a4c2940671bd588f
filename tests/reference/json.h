// A plain JSON reader for the reference matcher: recursive, slow, and independent of the product's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::reference {

struct Json {
  enum Kind { object, array, string, number, true_, false_, null };
  Kind kind = null;
  std::string
      text;  // strings: characters as UTF-8 (lone surrogates as three bytes); numbers: as written
  struct Member;
  std::vector<Member> members;
  std::vector<Json> elements;
};
struct Json::Member {
  std::string first;  // name
  Json second;
};

// Empty when `text` is not one strict JSON value.
std::optional<Json> parse(std::string_view text);

}  // namespace weir::reference
